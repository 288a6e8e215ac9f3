/**
 * Transactions in `__transaction_state`. v1 is flexible and keeps the producer ids before and after (KIP-890).
 */
import { arrayOf, int8, int16, int32, int64, message, string } from '../schema.ts'

export const TransactionLogKey = message('TransactionLogKey', {
  versions: [0, 0],
  fields: { transactionalId: string },
})

export const TransactionLogValue = message('TransactionLogValue', {
  versions: [0, 1],
  flexibleSince: 1,
  fields: {
    producerId: int64,
    previousProducerId: int64.since(1).tagged(0).default(-1),
    nextProducerId: int64.since(1).tagged(1).default(-1),
    producerEpoch: int16,
    nextProducerEpoch: int16.since(1).tagged(3).default(-1),
    transactionTimeoutMs: int32,
    transactionStatus: int8,
    transactionPartitions: arrayOf({ topic: string, partitionIds: arrayOf(int32) }).nullable(),
    transactionLastUpdateTimestampMs: int64,
    transactionStartTimestampMs: int64,
    clientTransactionVersion: int16.since(1).tagged(2),
  },
})
