/**
 * BeginQuorumEpoch: the leader of a KRaft quorum tells voters that it was elected. v1 directory ids and endpoints.
 */
import { api, arrayOf, int16, int32, string, uint16, uuid, ZERO_UUID } from '../schema.ts'

export const BeginQuorumEpoch = api(53, 'BeginQuorumEpoch', {
  versions: [0, 1],
  flexibleSince: 1,
  request: {
    clusterId: string.nullable().default(null),
    voterId: int32.since(1).default(-1),
    topics: arrayOf({
      topicName: string,
      partitions: arrayOf({
        partitionIndex: int32,
        voterDirectoryId: uuid.since(1).default(ZERO_UUID),
        leaderId: int32,
        leaderEpoch: int32,
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
