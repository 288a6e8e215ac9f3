/**
 * ReadShareGroupStateSummary: start offsets and epochs of share partitions. v1 number of completed deliveries.
 */
import { api, arrayOf, int16, int32, int64, string, uuid } from '../schema.ts'

export const ReadShareGroupStateSummary = api(87, 'ReadShareGroupStateSummary', {
  versions: [0, 1],
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
        leaderEpoch: int32,
        startOffset: int64,
        deliveryCompleteCount: int32.since(1).default(-1),
      }),
    }),
  },
})
