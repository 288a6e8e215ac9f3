/**
 * DeleteShareGroupOffsets: removes topics from an empty share group.
 */
import { api, arrayOf, int16, int32, string, uuid } from '../schema.ts'

export const DeleteShareGroupOffsets = api(92, 'DeleteShareGroupOffsets', {
  versions: [0, 0],
  flexibleSince: 0,
  request: {
    groupId: string,
    topics: arrayOf({ topicName: string }),
  },
  response: {
    throttleTimeMs: int32.default(0),
    errorCode: int16,
    errorMessage: string.nullable().default(null),
    responses: arrayOf({
      topicName: string,
      topicId: uuid,
      errorCode: int16,
      errorMessage: string.nullable().default(null),
    }),
  },
})
