/** Where partitions begin and end, and which offset belongs to a time. */
import { KafkaError } from '../protocol/errors.ts'
import { ListOffsets } from '../protocol/messages/list-offsets.ts'
import { errorOf } from './error-answer.ts'
import type { KafkaClient } from './kafka-client.ts'
import { askLeaders, type Outcome } from './leader-requests.ts'
import { byTopic, keyOf, type TopicPartition } from './topic-partition.ts'

/** Times that mean a place. */
export const Place = { START: -2, END: -1 } as const

export interface OffsetQuestion extends TopicPartition {
  /** Milliseconds, or a `Place`. */
  readonly timestamp: number
}

export type Isolation = 'read-uncommitted' | 'read-committed'

export function isolationLevel(isolation: Isolation): number {
  return isolation === 'read-committed' ? 1 : 0
}

/** One offset for each question, −1 where no record is as young as the time. */
export async function findOffsets(
  client: KafkaClient,
  questions: readonly OffsetQuestion[],
  isolation: Isolation = 'read-uncommitted',
): Promise<Outcome<number>[]> {
  return askLeaders<OffsetQuestion, number>(client, questions, async (connection, part) => {
    const answer = await connection.request(ListOffsets, {
      replicaId: -1,
      isolationLevel: isolationLevel(isolation),
      topics: [...byTopic(part)].map(([name, partitions]) => ({
        name,
        partitions: partitions.map(({ partition, timestamp }) => ({ partitionIndex: partition, timestamp })),
      })),
      timeoutMs: client.timeoutMs,
    })
    const outcomes = new Map<string, Outcome<number>>()
    for (const { name, partitions } of answer.topics)
      for (const { partitionIndex, errorCode, offset } of partitions)
        outcomes.set(
          keyOf({ topic: name, partition: partitionIndex }),
          errorOf(errorCode, `offsets of ${name}-${partitionIndex}`) ?? offset,
        )
    return outcomes
  })
}

/** The same, where anything but an offset is thrown. */
export async function requireOffsets(
  client: KafkaClient,
  partitions: readonly TopicPartition[],
  timestamp: number,
  isolation?: Isolation,
): Promise<number[]> {
  const questions = partitions.map(({ topic, partition }) => ({ topic, partition, timestamp }))
  const outcomes = await findOffsets(client, questions, isolation)
  return outcomes.map(outcome => {
    if (outcome instanceof KafkaError) throw outcome
    return outcome
  })
}
