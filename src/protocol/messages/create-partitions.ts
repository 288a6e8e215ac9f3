/**
 * CreatePartitions: raises the partition count of topics.
 */
import { api, arrayOf, bool, int16, int32, type RequestOf, type ResponseOf, string } from '../schema.ts'

export const CreatePartitions = api(37, 'CreatePartitions', {
  versions: [0, 3],
  flexibleSince: 2,
  request: {
    topics: arrayOf({
      name: string,
      count: int32,
      assignments: arrayOf({ brokerIds: arrayOf(int32) }).nullable(),
    }),
    timeoutMs: int32,
    validateOnly: bool,
  },
  response: {
    throttleTimeMs: int32.default(0),
    results: arrayOf({
      name: string,
      errorCode: int16,
      errorMessage: string.nullable().default(null),
    }),
  },
})

export type CreatePartitionsTopic = RequestOf<typeof CreatePartitions>['topics'][number]
export type CreatePartitionsTopicResult = ResponseOf<typeof CreatePartitions>['results'][number]
