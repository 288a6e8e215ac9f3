/**
 * OffsetForLeaderEpoch: where a leader epoch ends in the log, to find out where logs diverge (KIP-101, KIP-320).
 *
 * v3 replica id.
 */
import { api, arrayOf, int16, int32, int64, type RequestOf, type ResponseOf, string } from '../schema.ts'

export const OffsetForLeaderEpoch = api(23, 'OffsetForLeaderEpoch', {
  versions: [2, 4],
  flexibleSince: 4,
  request: {
    replicaId: int32.since(3).default(-2),
    topics: arrayOf({
      topic: string,
      partitions: arrayOf({
        partition: int32,
        currentLeaderEpoch: int32.default(-1),
        leaderEpoch: int32,
      }),
    }),
  },
  response: {
    throttleTimeMs: int32.default(0),
    topics: arrayOf({
      topic: string,
      partitions: arrayOf({
        errorCode: int16,
        partition: int32,
        leaderEpoch: int32.default(-1),
        endOffset: int64.default(-1),
      }),
    }),
  },
})

export type OffsetForLeaderTopic = RequestOf<typeof OffsetForLeaderEpoch>['topics'][number]
export type OffsetForLeaderPartition = OffsetForLeaderTopic['partitions'][number]
export type OffsetForLeaderTopicResult = ResponseOf<typeof OffsetForLeaderEpoch>['topics'][number]
export type EpochEndOffset = OffsetForLeaderTopicResult['partitions'][number]
