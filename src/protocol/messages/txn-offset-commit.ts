/**
 * TxnOffsetCommit: stores a group's offsets, to take effect when the transaction commits.
 *
 * v2 leader epochs; v3 group membership (KIP-447); v5 transactions v2.
 */
import { api, arrayOf, int16, int32, int64, type RequestOf, type ResponseOf, string } from '../schema.ts'

export const TxnOffsetCommit = api(28, 'TxnOffsetCommit', {
  versions: [0, 5],
  flexibleSince: 3,
  request: {
    transactionalId: string,
    groupId: string,
    producerId: int64,
    producerEpoch: int16,
    generationId: int32.since(3).default(-1),
    memberId: string.since(3).default(''),
    groupInstanceId: string.since(3).nullable().default(null),
    topics: arrayOf({
      name: string,
      partitions: arrayOf({
        partitionIndex: int32,
        committedOffset: int64,
        committedLeaderEpoch: int32.since(2).default(-1),
        committedMetadata: string.nullable(),
      }),
    }),
  },
  response: {
    throttleTimeMs: int32.default(0),
    topics: arrayOf({
      name: string,
      partitions: arrayOf({ partitionIndex: int32, errorCode: int16 }),
    }),
  },
})

export type TxnOffsetCommitTopic = RequestOf<typeof TxnOffsetCommit>['topics'][number]
export type TxnOffsetCommitTopicResult = ResponseOf<typeof TxnOffsetCommit>['topics'][number]
