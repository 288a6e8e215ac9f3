/**
 * Committed offsets in `__consumer_offsets`. Value v1 had an expiry time, v3 has the leader epoch, v4 the topic's id.
 */
import { int32, int64, message, string, uuid } from '../schema.ts'

export const LegacyOffsetCommitKey = message('LegacyOffsetCommitKey', {
  versions: [0, 0],
  fields: { group: string, topic: string, partition: int32 },
})

export const LegacyOffsetCommitValue = message('LegacyOffsetCommitValue', {
  versions: [0, 0],
  fields: { offset: int64, metadata: string, commitTimestamp: int64 },
})

export const OffsetCommitKey = message('OffsetCommitKey', {
  versions: [0, 0],
  fields: { group: string, topic: string, partition: int32 },
})

export const OffsetCommitValue = message('OffsetCommitValue', {
  versions: [0, 4],
  flexibleSince: 4,
  fields: {
    offset: int64,
    leaderEpoch: int32.since(3).default(-1),
    metadata: string,
    commitTimestamp: int64,
    expireTimestamp: int64.since(1).until(1).default(-1),
    topicId: uuid.since(4).tagged(0),
  },
})
