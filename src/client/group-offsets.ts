/** Committed offsets of a group: read, and written from outside or by one of its members. */
import type { KafkaError } from '../protocol/errors.ts'
import { OffsetCommit } from '../protocol/messages/offset-commit.ts'
import { OffsetFetch } from '../protocol/messages/offset-fetch.ts'
import type { DecodedResponseOf } from '../protocol/schema.ts'
import { errorOf } from './error-answer.ts'
import type { KafkaClient } from './kafka-client.ts'
import { byTopic, type TopicPartition } from './topic-partition.ts'

export interface PartitionOffset extends TopicPartition {
  readonly offset: number
}

/** Who commits; nobody for a group without members. */
export interface Committer {
  readonly memberId: string
  readonly generationId: number
}

const NOBODY: Committer = { memberId: '', generationId: -1 }

/** All committed offsets of a group. */
export async function fetchCommitted(client: KafkaClient, group: string): Promise<PartitionOffset[]> {
  const answer = await client.askCoordinator(
    group,
    OffsetFetch,
    { groupId: group, topics: null, groups: [{ groupId: group, topics: null }] },
    committedError,
  )
  const topics = topicsOf(answer)
  if (topics.some(({ name }) => !name)) await client.refresh(null)
  return topics.flatMap(({ name, topicId, partitions }) =>
    partitions
      .filter(({ committedOffset }) => committedOffset >= 0)
      .map(({ partitionIndex, committedOffset }) => ({
        topic: client.view.nameOf(name, topicId),
        partition: partitionIndex,
        offset: committedOffset,
      })),
  )
}

interface CommittedTopic {
  readonly name: string
  readonly topicId: string
  readonly partitions: readonly {
    readonly partitionIndex: number
    readonly committedOffset: number
    readonly errorCode: number
  }[]
}

function topicsOf(answer: DecodedResponseOf<typeof OffsetFetch>): readonly CommittedTopic[] {
  const [group] = answer.groups
  return group ? group.topics : answer.topics.map(topic => ({ ...topic, topicId: '' }))
}

function committedError(answer: DecodedResponseOf<typeof OffsetFetch>): KafkaError | undefined {
  const code = answer.groups[0]?.errorCode ?? answer.errorCode
  const ofPartition = topicsOf(answer)
    .flatMap(({ partitions }) => partitions)
    .find(({ errorCode }) => errorCode !== 0)
  return errorOf(code || (ofPartition?.errorCode ?? 0))
}

/** Throws the first error of a partition. */
export async function commitOffsets(
  client: KafkaClient,
  group: string,
  offsets: readonly PartitionOffset[],
  { memberId, generationId }: Committer = NOBODY,
): Promise<void> {
  if (offsets.length === 0) return
  const topics = byTopic(offsets)
  const unknown = [...topics.keys()].filter(topic => !client.view.topics.has(topic))
  if (unknown.length > 0) await client.refresh(unknown)
  await client.askCoordinator(
    group,
    OffsetCommit,
    {
      groupId: group,
      memberId,
      generationIdOrMemberEpoch: generationId,
      topics: [...topics].map(([name, partitions]) => ({
        name,
        topicId: client.view.topicIdOf(name),
        partitions: partitions.map(({ partition, offset }) => ({
          partitionIndex: partition,
          committedOffset: offset,
          committedMetadata: '',
        })),
      })),
    },
    answer =>
      answer.topics
        .flatMap(({ partitions }) => partitions)
        .map(({ errorCode }) => errorOf(errorCode))
        .find(error => error !== undefined),
  )
}
