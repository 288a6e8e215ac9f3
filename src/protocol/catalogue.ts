/** Every message that we know, by Kafka's name for it: requests, responses, headers, internal records. For tools and tests. */
import { RequestHeader, ResponseHeader } from './header.ts'
import { internalMessages } from './internal/index.ts'
import { apis } from './messages/index.ts'
import type { AnyMessage } from './schema.ts'

export const allMessages: readonly AnyMessage[] = [
  ...apis.flatMap(api => [api.request, api.response]),
  RequestHeader,
  ResponseHeader,
  ...internalMessages,
]

const byName = new Map(allMessages.map(message => [message.name, message]))

export function findAnyMessage(name: string): AnyMessage | undefined {
  return byName.get(name)
}
