/** Making, removing, growing and trimming topics. A topic's failure is its outcome; what fails for all is thrown. */
import type { KafkaError } from '../protocol/errors.ts'
import { CreatePartitions } from '../protocol/messages/create-partitions.ts'
import { CreateTopics } from '../protocol/messages/create-topics.ts'
import { DeleteRecords } from '../protocol/messages/delete-records.ts'
import { DeleteTopics } from '../protocol/messages/delete-topics.ts'
import { ZERO_UUID } from '../protocol/schema.ts'
import type { TopicView } from './cluster-view.ts'
import { errorOf } from './error-answer.ts'
import type { KafkaClient } from './kafka-client.ts'
import { askLeaders, type Outcome } from './leader-requests.ts'
import { byTopic, keyOf, type TopicPartition } from './topic-partition.ts'

export interface NewTopic {
  readonly name: string
  /** −1: the broker's default. */
  readonly partitions: number
  readonly replicationFactor: number
  readonly configs: ReadonlyMap<string, string>
}

export interface TopicOutcome {
  readonly topic: string
  readonly error: KafkaError | undefined
}

export interface CreatedTopic extends TopicOutcome {
  /** −1 where the broker does not say. */
  readonly partitions: number
  readonly replicationFactor: number
}

export async function createTopics(
  client: KafkaClient,
  topics: readonly NewTopic[],
  { validateOnly = false }: { validateOnly?: boolean } = {},
): Promise<CreatedTopic[]> {
  const controller = await client.toController()
  const answer = await controller.request(CreateTopics, {
    topics: topics.map(({ name, partitions, replicationFactor, configs }) => ({
      name,
      numPartitions: partitions,
      replicationFactor,
      assignments: [],
      configs: [...configs].map(([name, value]) => ({ name, value })),
    })),
    timeoutMs: client.timeoutMs,
    validateOnly,
  })
  return answer.topics.map(({ name, errorCode, errorMessage, numPartitions, replicationFactor }) => ({
    topic: name,
    error: errorOf(errorCode, errorMessage),
    partitions: numPartitions,
    replicationFactor,
  }))
}

export async function deleteTopics(client: KafkaClient, names: readonly string[]): Promise<TopicOutcome[]> {
  const controller = await client.toController()
  const answer = await controller.request(DeleteTopics, {
    topics: names.map(name => ({ name, topicId: ZERO_UUID })),
    topicNames: names,
    timeoutMs: client.timeoutMs,
  })
  return answer.responses.map(({ name, topicId, errorCode, errorMessage }) => ({
    topic: name ?? topicId,
    error: errorOf(errorCode, errorMessage),
  }))
}

/** Raises topics to a count of partitions. */
export async function growTopics(
  client: KafkaClient,
  counts: ReadonlyMap<string, number>,
): Promise<TopicOutcome[]> {
  const controller = await client.toController()
  const answer = await controller.request(CreatePartitions, {
    topics: [...counts].map(([name, count]) => ({ name, count, assignments: null })),
    timeoutMs: client.timeoutMs,
    validateOnly: false,
  })
  return answer.results.map(({ name, errorCode, errorMessage }) => ({
    topic: name,
    error: errorOf(errorCode, errorMessage),
  }))
}

/**
 * Waits until the broker that we ask knows of a change: a controller answers before all brokers have heard of it. Says whether it does;
 * after the client's time nobody waits any longer.
 */
export async function settle(
  client: KafkaClient,
  names: readonly string[],
  isSettled: (topic: TopicView) => boolean,
): Promise<boolean> {
  const pauses = client.pauses()
  for (;;) {
    const topics = await client.refresh(names)
    if (topics.every(isSettled)) return true
    if (!(await pauses.next())) return false
  }
}

export interface Trim extends TopicPartition {
  /** The first offset that stays; −1 removes everything. */
  readonly offset: number
}

/** Gives the new start of each partition. */
export function trimPartitions(client: KafkaClient, trims: readonly Trim[]): Promise<Outcome<number>[]> {
  return askLeaders<Trim, number>(client, trims, async (connection, part) => {
    const answer = await connection.request(DeleteRecords, {
      topics: [...byTopic(part)].map(([name, partitions]) => ({
        name,
        partitions: partitions.map(({ partition, offset }) => ({ partitionIndex: partition, offset })),
      })),
      timeoutMs: client.timeoutMs,
    })
    const outcomes = new Map<string, Outcome<number>>()
    for (const { name, partitions } of answer.topics)
      for (const { partitionIndex, errorCode, lowWatermark } of partitions)
        outcomes.set(keyOf({ topic: name, partition: partitionIndex }), errorOf(errorCode) ?? lowWatermark)
    return outcomes
  })
}
