/**
 * EndQuorumEpoch: the leader of a KRaft quorum resigns, with successors it would like. v1 directory ids and endpoints.
 */
import { api, arrayOf, int16, int32, string, uint16, uuid } from '../schema.ts'

export const EndQuorumEpoch = api(54, 'EndQuorumEpoch', {
  versions: [0, 1],
  flexibleSince: 1,
  request: {
    clusterId: string.nullable().default(null),
    topics: arrayOf({
      topicName: string,
      partitions: arrayOf({
        partitionIndex: int32,
        leaderId: int32,
        leaderEpoch: int32,
        preferredSuccessors: arrayOf(int32).until(0).default([]),
        preferredCandidates: arrayOf({ candidateId: int32, candidateDirectoryId: uuid }).since(1).default([]),
      }),
    }),
    leaderEndpoints: arrayOf({ name: string, host: string, port: uint16 }).since(1).default([]),
  },
  response: {
    errorCode: int16,
    topics: arrayOf({
      topicName: string,
      partitions: arrayOf({
        partitionIndex: int32,
        errorCode: int16,
        leaderId: int32,
        leaderEpoch: int32,
      }),
    }),
    nodeEndpoints: arrayOf({ nodeId: int32, host: string, port: uint16 }).since(1).tagged(0),
  },
})
