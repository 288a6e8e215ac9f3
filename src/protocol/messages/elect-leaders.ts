/**
 * ElectLeaders: has partitions elect the preferred leader or, since v1, an unclean one. Null stands for all partitions.
 */
import { api, arrayOf, int8, int16, int32, string } from '../schema.ts'

export const ElectLeaders = api(43, 'ElectLeaders', {
  versions: [0, 2],
  flexibleSince: 2,
  request: {
    electionType: int8.since(1).default(0),
    topicPartitions: arrayOf({ topic: string, partitions: arrayOf(int32) }).nullable(),
    timeoutMs: int32.default(60000),
  },
  response: {
    throttleTimeMs: int32.default(0),
    errorCode: int16.since(1).default(0),
    replicaElectionResults: arrayOf({
      topic: string,
      partitionResult: arrayOf({
        partitionId: int32,
        errorCode: int16,
        errorMessage: string.nullable(),
      }),
    }),
  },
})
