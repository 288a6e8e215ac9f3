/** @platformatic/kafka, which speaks only the newest encodings of each request. */
import {
  Admin,
  Consumer,
  type Message,
  type MessageToProduce,
  Producer,
  type ProducerOptions,
  stringDeserializers,
  stringSerializers,
} from '@platformatic/kafka'

type Text = MessageToProduce<string, string, string, string>

const baseOptions = (bootstrap: string) => ({
  clientId: 'compat',
  bootstrapBrokers: [bootstrap],
  retries: 5,
  retryDelay: 100,
})

export async function withAdmin<T>(bootstrap: string, use: (admin: Admin) => Promise<T>): Promise<T> {
  const admin = new Admin(baseOptions(bootstrap))
  return use(admin).finally(() => admin.close())
}

export async function produce(
  bootstrap: string,
  messages: Text[],
  options: Partial<ProducerOptions<string, string, string, string>> = {},
) {
  const producer = new Producer({
    ...baseOptions(bootstrap),
    serializers: stringSerializers,
    autocreateTopics: true,
    ...options,
  })
  return producer.send({ messages }).finally(() => producer.close())
}

export function createConsumer(
  bootstrap: string,
  groupId: string,
  options: { sessionTimeout?: number } = {},
) {
  return new Consumer({
    ...baseOptions(bootstrap),
    groupId,
    deserializers: stringDeserializers,
    autocommit: false,
    maxWaitTime: 200,
    sessionTimeout: 10_000,
    heartbeatInterval: 500,
    rebalanceTimeout: 10_000,
    ...options,
  })
}

export type TextMessage = Message<string, string, string, string>

export interface Seen {
  partition: number
  offset: string
  key: string | null
  value: string | null
  headers: [string, string][]
}

const seen = ({ partition, offset, key, value, headerEntries }: TextMessage): Seen => ({
  partition,
  offset: `${offset}`,
  key: key ?? null,
  value: value ?? null,
  headers: headerEntries,
})

/** Reads `count` records as a group, from its offsets or else the beginning, commits each and leaves. */
export async function consume(
  bootstrap: string,
  { topic, count, groupId }: { topic: string; count: number; groupId: string },
): Promise<Seen[]> {
  const consumer = createConsumer(bootstrap, groupId)
  const records: Seen[] = []
  const deadline = setTimeout(() => void consumer.close(true), 20_000)
  try {
    const stream = await consumer.consume({ topics: [topic], mode: 'committed', fallbackMode: 'earliest' })
    for await (const message of stream) {
      records.push(seen(message))
      await message.commit()
      if (records.length === count) break
    }
  } finally {
    clearTimeout(deadline)
    await consumer.close(true)
  }
  if (records.length < count)
    throw new Error(`read ${records.length} of ${count} records of ${topic} in 20 s`)
  return records.sort((a, b) => a.partition - b.partition || Number(a.offset) - Number(b.offset))
}

/** The codes of the errors that an action ends with, deepest first met. */
export async function errorsOf(action: Promise<unknown>): Promise<string[]> {
  try {
    await action
    return []
  } catch (error) {
    return [...new Set(namesIn(error))]
  }
}

function namesIn(error: unknown): string[] {
  const { errors, cause, apiId, code, name } = error as {
    errors?: unknown[]
    cause?: unknown
    apiId?: string
    code?: string
    name: string
  }
  if (apiId) return [apiId]
  if (errors?.length) return errors.flatMap(namesIn)
  return cause ? namesIn(cause) : [code ?? name]
}
