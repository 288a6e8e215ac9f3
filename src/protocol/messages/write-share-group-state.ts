/**
 * WriteShareGroupState: stores changes of the delivery state of share partitions. v1 number of completed deliveries.
 */
import { api, arrayOf, int8, int16, int32, int64, string, uuid } from '../schema.ts'

export const WriteShareGroupState = api(85, 'WriteShareGroupState', {
  versions: [0, 1],
  flexibleSince: 0,
  request: {
    groupId: string,
    topics: arrayOf({
      topicId: uuid,
      partitions: arrayOf({
        partition: int32,
        stateEpoch: int32,
        leaderEpoch: int32,
        startOffset: int64,
        deliveryCompleteCount: int32.since(1).default(-1),
        stateBatches: arrayOf({
          firstOffset: int64,
          lastOffset: int64,
          deliveryState: int8,
          deliveryCount: int16,
        }),
      }),
    }),
  },
  response: {
    results: arrayOf({
      topicId: uuid,
      partitions: arrayOf({
        partition: int32,
        errorCode: int16,
        errorMessage: string.nullable().default(null),
      }),
    }),
  },
})
