/**
 * Requests about partitions: each part goes to the leader of its partition. Parts whose answer is temporary (the leader has moved) go
 * again, with fresh metadata, until the client's time is over.
 */
import { KafkaError } from '../protocol/errors.ts'
import type { BrokerConnection } from './broker-connection.ts'
import { ConnectionError } from './connection-error.ts'
import { errorOf } from './error-answer.ts'
import type { KafkaClient } from './kafka-client.ts'
import { isTemporary } from './retry.ts'
import { keyOf, type TopicPartition } from './topic-partition.ts'

/** An answer, or why there is none. */
export type Outcome<Answer> = Answer | KafkaError

/** Gives an outcome for each item, in their order. `ask` gives outcomes by `keyOf`. */
export async function askLeaders<Item extends TopicPartition, Answer>(
  client: KafkaClient,
  items: readonly Item[],
  ask: (
    connection: BrokerConnection,
    items: readonly Item[],
  ) => Promise<ReadonlyMap<string, Outcome<Answer>>>,
): Promise<Outcome<Answer>[]> {
  const outcomes = new Map<Item, Outcome<Answer> | ConnectionError>()
  const pauses = client.pauses()
  for (let open = items; ; ) {
    await client.refresh([...new Set(open.map(({ topic }) => topic))])
    await Promise.all(
      [...byLeader(client, open, outcomes)].map(([leader, part]) =>
        askOne(client, leader, part, ask, outcomes),
      ),
    )
    open = open.filter(item => isTemporary(outcomes.get(item)))
    if (open.length === 0 || !(await pauses.next())) break
  }
  return items.map(item => {
    const outcome = outcomes.get(item)
    if (outcome instanceof ConnectionError) throw outcome
    return outcome as Outcome<Answer>
  })
}

/** Items without a leader get the reason as their outcome. */
function byLeader<Item extends TopicPartition>(
  client: KafkaClient,
  items: readonly Item[],
  outcomes: Map<Item, unknown>,
): Map<number, Item[]> {
  const leaders = new Map<number, Item[]>()
  for (const item of items) {
    const topic = client.view.topics.get(item.topic)
    const partition = client.view.findPartition(item.topic, item.partition)
    const error =
      errorOf(topic?.errorCode ?? 0) ??
      (partition === undefined ? unknownPartition(item) : undefined) ??
      (partition!.leader < 0 ? new KafkaError('LEADER_NOT_AVAILABLE') : undefined)
    if (error) {
      outcomes.set(item, error)
      continue
    }
    const part = leaders.get(partition!.leader)
    if (part) part.push(item)
    else leaders.set(partition!.leader, [item])
  }
  return leaders
}

function unknownPartition({ topic, partition }: TopicPartition): KafkaError {
  return new KafkaError('UNKNOWN_TOPIC_OR_PARTITION', `topic ${topic} has no partition ${partition}`)
}

async function askOne<Item extends TopicPartition, Answer>(
  client: KafkaClient,
  leader: number,
  items: readonly Item[],
  ask: (
    connection: BrokerConnection,
    items: readonly Item[],
  ) => Promise<ReadonlyMap<string, Outcome<Answer>>>,
  outcomes: Map<Item, Outcome<Answer> | ConnectionError>,
): Promise<void> {
  try {
    const answers = await ask(await client.toBroker(leader), items)
    for (const item of items) {
      outcomes.set(item, answers.get(keyOf(item)) ?? new KafkaError('UNKNOWN_SERVER_ERROR', 'no answer'))
    }
  } catch (error) {
    if (!(error instanceof ConnectionError) && !(error instanceof KafkaError)) throw error
    for (const item of items) outcomes.set(item, error)
  }
}
