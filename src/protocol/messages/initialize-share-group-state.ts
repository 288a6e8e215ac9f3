/**
 * InitializeShareGroupState: sets the start offset of a share partition at the share coordinator.
 */
import { api, arrayOf, int16, int32, int64, string, uuid } from '../schema.ts'

export const InitializeShareGroupState = api(83, 'InitializeShareGroupState', {
  versions: [0, 0],
  flexibleSince: 0,
  request: {
    groupId: string,
    topics: arrayOf({
      topicId: uuid,
      partitions: arrayOf({ partition: int32, stateEpoch: int32, startOffset: int64 }),
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
