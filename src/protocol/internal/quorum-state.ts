/**
 * Kafka's `quorum-state` file (JSON there): term and vote of a KRaft voter.
 */
import { arrayOf, int32, int64, message, string, uuid, ZERO_UUID } from '../schema.ts'

export const QuorumStateData = message('QuorumStateData', {
  versions: [0, 1],
  flexibleSince: 0,
  fields: {
    clusterId: string.until(0).default(''),
    leaderId: int32.default(-1),
    leaderEpoch: int32.default(-1),
    votedId: int32.default(-1),
    votedDirectoryId: uuid.since(1).default(ZERO_UUID),
    appliedOffset: int64.until(0).default(0),
    currentVoters: arrayOf({ voterId: int32 }).until(0).nullable().default([]),
  },
})
