/**
 * DescribeShareGroupOffsets: start offsets of share groups; null topics stand for all. v1 lag.
 */
import { api, arrayOf, int16, int32, int64, string, uuid } from '../schema.ts'

export const DescribeShareGroupOffsets = api(90, 'DescribeShareGroupOffsets', {
  versions: [0, 1],
  flexibleSince: 0,
  request: {
    groups: arrayOf({
      groupId: string,
      topics: arrayOf({ topicName: string, partitions: arrayOf(int32) }).nullable(),
    }),
  },
  response: {
    throttleTimeMs: int32.default(0),
    groups: arrayOf({
      groupId: string,
      topics: arrayOf({
        topicName: string,
        topicId: uuid,
        partitions: arrayOf({
          partitionIndex: int32,
          startOffset: int64,
          leaderEpoch: int32,
          lag: int64.since(1).default(-1),
          errorCode: int16,
          errorMessage: string.nullable().default(null),
        }),
      }),
      errorCode: int16,
      errorMessage: string.nullable().default(null),
    }),
  },
})
