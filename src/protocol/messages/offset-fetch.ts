/**
 * OffsetFetch: a group's committed offsets.
 *
 * v2 null asks for all topics; v5 leader epochs; v7 may insist on stable offsets (KIP-447); v8 several groups at once;
 * v9 member id and epoch; v10 has topic ids in place of names.
 */
import {
  api,
  arrayOf,
  bool,
  int16,
  int32,
  int64,
  type RequestOf,
  type ResponseOf,
  string,
  uuid,
  ZERO_UUID,
} from '../schema.ts'

export const OffsetFetch = api(9, 'OffsetFetch', {
  versions: [1, 10],
  flexibleSince: 6,
  request: {
    groupId: string.until(7).default(''),
    topics: arrayOf({ name: string, partitionIndexes: arrayOf(int32) })
      .until(7)
      .nullable(2)
      .default([]),
    groups: arrayOf({
      groupId: string,
      memberId: string.since(9).nullable().default(null),
      memberEpoch: int32.since(9).default(-1),
      topics: arrayOf({
        name: string.until(9).default(''),
        topicId: uuid.since(10).default(ZERO_UUID),
        partitionIndexes: arrayOf(int32),
      }).nullable(),
    })
      .since(8)
      .default([]),
    requireStable: bool.since(7).default(false),
  },
  response: {
    throttleTimeMs: int32.since(3).default(0),
    topics: arrayOf({
      name: string,
      partitions: arrayOf({
        partitionIndex: int32,
        committedOffset: int64,
        committedLeaderEpoch: int32.since(5).default(-1),
        metadata: string.nullable(),
        errorCode: int16,
      }),
    })
      .until(7)
      .default([]),
    errorCode: int16.since(2).until(7).default(0),
    groups: arrayOf({
      groupId: string,
      topics: arrayOf({
        name: string.until(9).default(''),
        topicId: uuid.since(10).default(ZERO_UUID),
        partitions: arrayOf({
          partitionIndex: int32,
          committedOffset: int64,
          committedLeaderEpoch: int32.default(-1),
          metadata: string.nullable(),
          errorCode: int16,
        }),
      }),
      errorCode: int16.default(0),
    })
      .since(8)
      .default([]),
  },
})

export type OffsetFetchGroup = RequestOf<typeof OffsetFetch>['groups'][number]
export type OffsetFetchTopic = NonNullable<OffsetFetchGroup['topics']>[number]
export type OffsetFetchGroupResult = NonNullable<ResponseOf<typeof OffsetFetch>['groups']>[number]
export type OffsetFetchTopicResult = OffsetFetchGroupResult['topics'][number]
export type OffsetFetchPartitionResult = OffsetFetchTopicResult['partitions'][number]
