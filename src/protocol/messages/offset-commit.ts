/**
 * OffsetCommit: stores a group's offsets.
 *
 * v2 to v4 retention time; v6 leader epochs; v7 static members; v9 members of the consumer protocol (KIP-848), whose member
 * epoch goes into the generation's place; v10 has topic ids in place of names.
 */
import {
  api,
  arrayOf,
  int16,
  int32,
  int64,
  type RequestOf,
  type ResponseOf,
  string,
  uuid,
  ZERO_UUID,
} from '../schema.ts'

export const OffsetCommit = api(8, 'OffsetCommit', {
  versions: [2, 10],
  flexibleSince: 8,
  request: {
    groupId: string,
    generationIdOrMemberEpoch: int32.default(-1),
    memberId: string,
    groupInstanceId: string.since(7).nullable().default(null),
    retentionTimeMs: int64.until(4).default(-1),
    topics: arrayOf({
      name: string.until(9).default(''),
      topicId: uuid.since(10).default(ZERO_UUID),
      partitions: arrayOf({
        partitionIndex: int32,
        committedOffset: int64,
        committedLeaderEpoch: int32.since(6).default(-1),
        committedMetadata: string.nullable(),
      }),
    }),
  },
  response: {
    throttleTimeMs: int32.since(3).default(0),
    topics: arrayOf({
      name: string.until(9).default(''),
      topicId: uuid.since(10).default(ZERO_UUID),
      partitions: arrayOf({ partitionIndex: int32, errorCode: int16 }),
    }),
  },
})

export type OffsetCommitTopic = RequestOf<typeof OffsetCommit>['topics'][number]
export type OffsetCommitPartition = OffsetCommitTopic['partitions'][number]
export type OffsetCommitTopicResult = ResponseOf<typeof OffsetCommit>['topics'][number]
export type OffsetCommitPartitionResult = OffsetCommitTopicResult['partitions'][number]
