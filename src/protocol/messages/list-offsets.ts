/**
 * ListOffsets: the offset at a time, or at a special time: -1 end, -2 start, -3 largest timestamp.
 *
 * v2 isolation level; v4 leader epochs; v7 largest timestamp; v8 -4 local start; v9 -5 end of the tiered part; v10 timeout;
 * v11 -6 earliest offset that is still to be uploaded.
 */
import {
  api,
  arrayOf,
  int8,
  int16,
  int32,
  int64,
  type RequestOf,
  type ResponseOf,
  string,
} from '../schema.ts'

export const ListOffsets = api(2, 'ListOffsets', {
  versions: [1, 11],
  flexibleSince: 6,
  request: {
    replicaId: int32,
    isolationLevel: int8.since(2).default(0),
    topics: arrayOf({
      name: string,
      partitions: arrayOf({
        partitionIndex: int32,
        currentLeaderEpoch: int32.since(4).default(-1),
        timestamp: int64,
      }),
    }),
    timeoutMs: int32.since(10).default(0),
  },
  response: {
    throttleTimeMs: int32.since(2).default(0),
    topics: arrayOf({
      name: string,
      partitions: arrayOf({
        partitionIndex: int32,
        errorCode: int16,
        timestamp: int64.default(-1),
        offset: int64.default(-1),
        leaderEpoch: int32.since(4).default(-1),
      }),
    }),
  },
})

export type ListOffsetsTopic = RequestOf<typeof ListOffsets>['topics'][number]
export type ListOffsetsPartition = ListOffsetsTopic['partitions'][number]
export type ListOffsetsTopicResult = ResponseOf<typeof ListOffsets>['topics'][number]
export type ListOffsetsPartitionResult = ListOffsetsTopicResult['partitions'][number]
