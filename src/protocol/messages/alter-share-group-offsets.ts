/**
 * AlterShareGroupOffsets: sets start offsets of an empty share group.
 */
import { api, arrayOf, int16, int32, int64, string, uuid } from '../schema.ts'

export const AlterShareGroupOffsets = api(91, 'AlterShareGroupOffsets', {
  versions: [0, 0],
  flexibleSince: 0,
  request: {
    groupId: string,
    topics: arrayOf({
      topicName: string,
      partitions: arrayOf({ partitionIndex: int32, startOffset: int64 }),
    }),
  },
  response: {
    throttleTimeMs: int32.default(0),
    errorCode: int16,
    errorMessage: string.nullable().default(null),
    responses: arrayOf({
      topicName: string,
      topicId: uuid,
      partitions: arrayOf({
        partitionIndex: int32,
        errorCode: int16,
        errorMessage: string.nullable().default(null),
      }),
    }),
  },
})
