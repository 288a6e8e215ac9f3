/**
 * DescribeTransactions: state and partitions of transactions.
 */
import { api, arrayOf, int16, int32, int64, string } from '../schema.ts'

export const DescribeTransactions = api(65, 'DescribeTransactions', {
  versions: [0, 0],
  flexibleSince: 0,
  request: {
    transactionalIds: arrayOf(string),
  },
  response: {
    throttleTimeMs: int32.default(0),
    transactionStates: arrayOf({
      errorCode: int16,
      transactionalId: string,
      transactionState: string,
      transactionTimeoutMs: int32,
      transactionStartTimeMs: int64,
      producerId: int64,
      producerEpoch: int16,
      topics: arrayOf({ topic: string, partitions: arrayOf(int32) }),
    }),
  },
})
