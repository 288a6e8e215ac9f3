/**
 * WriteTxnMarkers: the transaction coordinator has the end of a transaction written to its partitions.
 *
 * v2 says under which transaction version.
 */
import { api, arrayOf, bool, int8, int16, int32, int64, string } from '../schema.ts'

export const WriteTxnMarkers = api(27, 'WriteTxnMarkers', {
  versions: [1, 2],
  flexibleSince: 1,
  request: {
    markers: arrayOf({
      producerId: int64,
      producerEpoch: int16,
      transactionResult: bool,
      topics: arrayOf({ name: string, partitionIndexes: arrayOf(int32) }),
      coordinatorEpoch: int32,
      transactionVersion: int8.since(2).default(0),
    }),
  },
  response: {
    markers: arrayOf({
      producerId: int64,
      topics: arrayOf({
        name: string,
        partitions: arrayOf({ partitionIndex: int32, errorCode: int16 }),
      }),
    }),
  },
})
