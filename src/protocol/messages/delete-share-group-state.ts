/**
 * DeleteShareGroupState: forgets the delivery state of share partitions.
 */
import { api, arrayOf, int16, int32, string, uuid } from '../schema.ts'

export const DeleteShareGroupState = api(86, 'DeleteShareGroupState', {
  versions: [0, 0],
  flexibleSince: 0,
  request: {
    groupId: string,
    topics: arrayOf({
      topicId: uuid,
      partitions: arrayOf({ partition: int32 }),
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
