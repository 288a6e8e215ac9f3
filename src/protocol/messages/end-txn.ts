/**
 * EndTxn: commits or aborts a transaction.
 *
 * v5 (transactions v2, KIP-890) answers with a new epoch for the next transaction, so a late request cannot end that one.
 */
import { api, bool, int16, int32, int64, string } from '../schema.ts'

export const EndTxn = api(26, 'EndTxn', {
  versions: [0, 5],
  flexibleSince: 3,
  request: {
    transactionalId: string,
    producerId: int64,
    producerEpoch: int16,
    committed: bool,
  },
  response: {
    throttleTimeMs: int32.default(0),
    errorCode: int16,
    producerId: int64.since(5).default(-1),
    producerEpoch: int16.since(5).default(-1),
  },
})
