/**
 * OffsetDelete: removes a group's offsets of topics that it is not subscribed to.
 */
import { api, arrayOf, int16, int32, string } from '../schema.ts'

export const OffsetDelete = api(47, 'OffsetDelete', {
  versions: [0, 0],
  request: {
    groupId: string,
    topics: arrayOf({
      name: string,
      partitions: arrayOf({ partitionIndex: int32 }),
    }),
  },
  response: {
    errorCode: int16,
    throttleTimeMs: int32.default(0),
    topics: arrayOf({
      name: string,
      partitions: arrayOf({ partitionIndex: int32, errorCode: int16 }),
    }),
  },
})
