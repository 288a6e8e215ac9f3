/**
 * Delivery state of share partitions in `__share_group_state`: now and then a whole snapshot, updates in between.
 */
import { arrayOf, int8, int16, int32, int64, message, string, uuid } from '../schema.ts'

export const ShareSnapshotKey = message('ShareSnapshotKey', {
  versions: [0, 0],
  fields: { groupId: string, topicId: uuid, partition: int32 },
})

export const ShareSnapshotValue = message('ShareSnapshotValue', {
  versions: [0, 0],
  flexibleSince: 0,
  fields: {
    snapshotEpoch: int32,
    stateEpoch: int32,
    leaderEpoch: int32,
    startOffset: int64,
    deliveryCompleteCount: int32.tagged(0).default(-1),
    createTimestamp: int64,
    writeTimestamp: int64,
    stateBatches: arrayOf({
      firstOffset: int64,
      lastOffset: int64,
      deliveryState: int8,
      deliveryCount: int16,
    }),
  },
})

export const ShareUpdateKey = message('ShareUpdateKey', {
  versions: [0, 0],
  fields: { groupId: string, topicId: uuid, partition: int32 },
})

export const ShareUpdateValue = message('ShareUpdateValue', {
  versions: [0, 0],
  flexibleSince: 0,
  fields: {
    snapshotEpoch: int32,
    leaderEpoch: int32,
    startOffset: int64,
    deliveryCompleteCount: int32.tagged(0).default(-1),
    stateBatches: arrayOf({
      firstOffset: int64,
      lastOffset: int64,
      deliveryState: int8,
      deliveryCount: int16,
    }),
  },
})
