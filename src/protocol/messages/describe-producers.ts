/**
 * DescribeProducers: the idempotent producers that partitions remember, with open transactions.
 */
import { api, arrayOf, int16, int32, int64, string } from '../schema.ts'

export const DescribeProducers = api(61, 'DescribeProducers', {
  versions: [0, 0],
  flexibleSince: 0,
  request: {
    topics: arrayOf({ name: string, partitionIndexes: arrayOf(int32) }),
  },
  response: {
    throttleTimeMs: int32.default(0),
    topics: arrayOf({
      name: string,
      partitions: arrayOf({
        partitionIndex: int32,
        errorCode: int16,
        errorMessage: string.nullable().default(null),
        activeProducers: arrayOf({
          producerId: int64,
          producerEpoch: int32,
          lastSequence: int32.default(-1),
          lastTimestamp: int64.default(-1),
          coordinatorEpoch: int32,
          currentTxnStartOffset: int64.default(-1),
        }),
      }),
    }),
  },
})
