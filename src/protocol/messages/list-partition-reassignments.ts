/**
 * ListPartitionReassignments: moves of replicas that are under way.
 */
import { api, arrayOf, int16, int32, string } from '../schema.ts'

export const ListPartitionReassignments = api(46, 'ListPartitionReassignments', {
  versions: [0, 0],
  flexibleSince: 0,
  request: {
    timeoutMs: int32.default(60000),
    topics: arrayOf({ name: string, partitionIndexes: arrayOf(int32) })
      .nullable()
      .default(null),
  },
  response: {
    throttleTimeMs: int32.default(0),
    errorCode: int16,
    errorMessage: string.nullable(),
    topics: arrayOf({
      name: string,
      partitions: arrayOf({
        partitionIndex: int32,
        replicas: arrayOf(int32),
        addingReplicas: arrayOf(int32),
        removingReplicas: arrayOf(int32),
      }),
    }),
  },
})
