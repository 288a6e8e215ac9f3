/**
 * ReadShareGroupState: the delivery state of share partitions, for the partition leader to take over.
 */
import { api, arrayOf, int8, int16, int32, int64, string, uuid } from '../schema.ts'

export const ReadShareGroupState = api(84, 'ReadShareGroupState', {
  versions: [0, 0],
  flexibleSince: 0,
  request: {
    groupId: string,
    topics: arrayOf({
      topicId: uuid,
      partitions: arrayOf({ partition: int32, leaderEpoch: int32 }),
    }),
  },
  response: {
    results: arrayOf({
      topicId: uuid,
      partitions: arrayOf({
        partition: int32,
        errorCode: int16,
        errorMessage: string.nullable().default(null),
        stateEpoch: int32,
        startOffset: int64,
        stateBatches: arrayOf({
          firstOffset: int64,
          lastOffset: int64,
          deliveryState: int8,
          deliveryCount: int16,
        }),
      }),
    }),
  },
})
