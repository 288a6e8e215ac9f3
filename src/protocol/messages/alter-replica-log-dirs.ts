/**
 * AlterReplicaLogDirs: moves replicas to another log directory of the same broker.
 */
import { api, arrayOf, int16, int32, string } from '../schema.ts'

export const AlterReplicaLogDirs = api(34, 'AlterReplicaLogDirs', {
  versions: [1, 2],
  flexibleSince: 2,
  request: {
    dirs: arrayOf({
      path: string,
      topics: arrayOf({ name: string, partitions: arrayOf(int32) }),
    }),
  },
  response: {
    throttleTimeMs: int32.default(0),
    results: arrayOf({
      topicName: string,
      partitions: arrayOf({ partitionIndex: int32, errorCode: int16 }),
    }),
  },
})
