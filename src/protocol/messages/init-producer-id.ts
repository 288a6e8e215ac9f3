/**
 * InitProducerId: a producer id and epoch, for idempotence or for a transactional id.
 *
 * v3 a producer may bring its own id to have the epoch raised; v4 says PRODUCER_FENCED; v5 transactions v2;
 * v6 two-phase commit (unstable in Kafka 4.3, which does not advertise it).
 */
import { api, bool, int16, int32, int64, string } from '../schema.ts'

export const InitProducerId = api(22, 'InitProducerId', {
  versions: [0, 6],
  flexibleSince: 2,
  request: {
    transactionalId: string.nullable(),
    transactionTimeoutMs: int32,
    producerId: int64.since(3).default(-1),
    producerEpoch: int16.since(3).default(-1),
    enable2Pc: bool.since(6).default(false),
    keepPreparedTxn: bool.since(6).default(false),
  },
  response: {
    throttleTimeMs: int32.default(0),
    errorCode: int16,
    producerId: int64.default(-1),
    producerEpoch: int16,
    ongoingTxnProducerId: int64.since(6).default(-1),
    ongoingTxnProducerEpoch: int16.since(6).default(-1),
  },
})
