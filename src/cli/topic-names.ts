/** The topics that a command line means: by name, or by regular expressions over the names there are. */
import type { TopicView } from '../client/cluster-view.ts'
import { errorOf } from '../client/error-answer.ts'
import type { KafkaClient } from '../client/kafka-client.ts'
import { suggestion } from './close-names.ts'
import { InputError, UsageError } from './failure.ts'

/** All topics that exist, by name; internal ones only when they are asked for. */
export async function listTopics(client: KafkaClient, { internal = false } = {}): Promise<TopicView[]> {
  const topics = await client.refresh(null)
  return topics.filter(({ isInternal }) => internal || !isInternal).sort((a, b) => (a.name < b.name ? -1 : 1))
}

/** Every name must exist; the error names those that are close. `advice` says what else could be done. */
export async function requireTopics(
  client: KafkaClient,
  names: readonly string[],
  { regex = false, advice = '' }: { regex?: boolean | undefined; advice?: string } = {},
): Promise<TopicView[]> {
  if (regex) {
    const found = await matchingTopics(client, names)
    if (found.length === 0) throw new InputError(`no topic fits ${names.join(' or ')}`)
    return found
  }
  const unique = [...new Set(names)]
  const topics = await client.refresh(unique)
  const missing = topics.find(({ errorCode }) => errorCode !== 0)
  if (!missing) return unique.map(name => topics.find(topic => topic.name === name)!)
  const error = errorOf(missing.errorCode)!
  if (error.error === 'INVALID_TOPIC_EXCEPTION')
    throw new InputError(
      `${missing.name} is no name for a topic: letters, digits, '.', '_' and '-' are allowed`,
    )
  if (error.error !== 'UNKNOWN_TOPIC_OR_PARTITION') throw error
  const existing = await listTopics(client, { internal: true })
  const close = suggestion(
    missing.name,
    existing.map(({ name }) => name),
  )
  throw new InputError(`there is no topic ${missing.name}${close}${advice}`)
}

/** Topics whose names fit one of the expressions; internal ones only where an expression says `__`. */
async function matchingTopics(client: KafkaClient, expressions: readonly string[]): Promise<TopicView[]> {
  const patterns = expressions.map(parseExpression)
  const topics = await listTopics(client, { internal: expressions.some(text => text.includes('__')) })
  return topics.filter(({ name }) => patterns.some(pattern => pattern.test(name)))
}

function parseExpression(text: string): RegExp {
  try {
    return new RegExp(text)
  } catch (error) {
    throw new UsageError(`${text} is no regular expression: ${(error as Error).message}`)
  }
}
