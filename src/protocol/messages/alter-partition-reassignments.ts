/**
 * AlterPartitionReassignments: begins to move replicas, or cancels it with null. v1 may forbid another replication factor.
 */
import { api, arrayOf, bool, int16, int32, string } from '../schema.ts'

export const AlterPartitionReassignments = api(45, 'AlterPartitionReassignments', {
  versions: [0, 1],
  flexibleSince: 0,
  request: {
    timeoutMs: int32.default(60000),
    allowReplicationFactorChange: bool.since(1).default(true),
    topics: arrayOf({
      name: string,
      partitions: arrayOf({
        partitionIndex: int32,
        replicas: arrayOf(int32).nullable().default(null),
      }),
    }),
  },
  response: {
    throttleTimeMs: int32.default(0),
    allowReplicationFactorChange: bool.since(1).default(true),
    errorCode: int16,
    errorMessage: string.nullable(),
    responses: arrayOf({
      name: string,
      partitions: arrayOf({
        partitionIndex: int32,
        errorCode: int16,
        errorMessage: string.nullable(),
      }),
    }),
  },
})
