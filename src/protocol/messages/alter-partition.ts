/**
 * AlterPartition: a leader asks the controller to change the in-sync replicas. v3 broker epochs (KIP-903).
 */
import { api, arrayOf, int8, int16, int32, int64, uuid } from '../schema.ts'

export const AlterPartition = api(56, 'AlterPartition', {
  versions: [2, 3],
  flexibleSince: 0,
  request: {
    brokerId: int32,
    brokerEpoch: int64.default(-1),
    topics: arrayOf({
      topicId: uuid,
      partitions: arrayOf({
        partitionIndex: int32,
        leaderEpoch: int32,
        newIsr: arrayOf(int32).until(2).default([]),
        newIsrWithEpochs: arrayOf({ brokerId: int32, brokerEpoch: int64.default(-1) })
          .since(3)
          .default([]),
        leaderRecoveryState: int8.default(0),
        partitionEpoch: int32,
      }),
    }),
  },
  response: {
    throttleTimeMs: int32.default(0),
    errorCode: int16,
    topics: arrayOf({
      topicId: uuid,
      partitions: arrayOf({
        partitionIndex: int32,
        errorCode: int16,
        leaderId: int32,
        leaderEpoch: int32,
        isr: arrayOf(int32),
        leaderRecoveryState: int8.default(0),
        partitionEpoch: int32,
      }),
    }),
  },
})
