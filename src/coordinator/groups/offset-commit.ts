import { ErrorCode } from '../../protocol/errors.ts'
import type { OffsetCommit, OffsetCommitPartition } from '../../protocol/messages/offset-commit.ts'
import { type RequestOf, ZERO_UUID } from '../../protocol/schema.ts'
import type { KeyedRecord } from '../coordinator-log.ts'
import { type CommittedOffset, offsetRecord } from './record-codec.ts'

/** Topics as clients name them: by name up to OffsetCommit 9 and OffsetFetch 9, by id from 10 on. */
export interface TopicDirectory {
  findTopic(name: string): { topicId: string; partitions: number } | undefined
  findTopicName(topicId: string): string | undefined
}

export function hasPartition(topics: TopicDirectory, topic: string, partitionIndex: number): boolean {
  return partitionIndex >= 0 && partitionIndex < (topics.findTopic(topic)?.partitions ?? 0)
}

/** Whether the offset was committed for this topic, and not for an earlier one of its name. Older formats do not say. */
export function isOfTopic(committed: CommittedOffset, topicId: string): boolean {
  return committed.topicId === topicId || committed.topicId === ZERO_UUID
}

export type CommitRequest = RequestOf<typeof OffsetCommit>

export interface CommitPlan {
  records: KeyedRecord[]
  /** By topic and partition of the request, what is known before anything is written. */
  errorCodes: number[][]
}

/** Turns a commit into records. Offsets that can't be taken are refused one by one; the others go ahead. */
export function planCommit(
  request: CommitRequest,
  version: number,
  topics: TopicDirectory,
  metadataLengthMax: number,
  wallMs: number,
): CommitPlan {
  const records: KeyedRecord[] = []
  const errorCodes = request.topics.map(topic => {
    const name = version >= 10 ? topics.findTopicName(topic.topicId) : topic.name
    if (name === undefined) return topic.partitions.map(() => ErrorCode.UNKNOWN_TOPIC_ID)
    const found = topics.findTopic(name)
    return topic.partitions.map(partition => {
      const { partitionIndex } = partition
      if (found === undefined || !hasPartition(topics, name, partitionIndex)) {
        return ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
      }
      if ((partition.committedMetadata?.length ?? 0) > metadataLengthMax)
        return ErrorCode.OFFSET_METADATA_TOO_LARGE
      const committed = toCommitted(partition, request.retentionTimeMs, found.topicId, wallMs)
      records.push(offsetRecord(request.groupId, name, partitionIndex, committed))
      return ErrorCode.NONE
    })
  })
  return { records, errorCodes }
}

function toCommitted(
  partition: OffsetCommitPartition,
  retentionTimeMs: number,
  topicId: string,
  wallMs: number,
): CommittedOffset {
  return {
    offset: partition.committedOffset,
    leaderEpoch: partition.committedLeaderEpoch,
    metadata: partition.committedMetadata ?? '',
    commitTimestamp: wallMs,
    expireTimestamp: retentionTimeMs < 0 ? -1 : Math.min(wallMs + retentionTimeMs, Number.MAX_SAFE_INTEGER),
    topicId,
  }
}

/** The answer: what was refused beforehand, and `errorCode` for all the rest. */
export function commitAnswer(request: CommitRequest, errorCode: number, refused?: number[][]) {
  return {
    topics: request.topics.map(({ name, topicId, partitions }, i) => ({
      name,
      topicId,
      partitions: partitions.map(({ partitionIndex }, j) => ({
        partitionIndex,
        errorCode: refused?.[i]?.[j] || errorCode,
      })),
    })),
  }
}
