/**
 * UpdateRaftVoter: a voter's new endpoints and range of KRaft versions.
 */
import { api, arrayOf, int16, int32, string, struct, uint16, uuid } from '../schema.ts'

export const UpdateRaftVoter = api(82, 'UpdateRaftVoter', {
  versions: [0, 0],
  flexibleSince: 0,
  request: {
    clusterId: string.nullable(),
    currentLeaderEpoch: int32,
    voterId: int32,
    voterDirectoryId: uuid,
    listeners: arrayOf({ name: string, host: string, port: uint16 }),
    kRaftVersionFeature: struct({ minSupportedVersion: int16, maxSupportedVersion: int16 }),
  },
  response: {
    throttleTimeMs: int32.default(0),
    errorCode: int16,
    currentLeader: struct({
      leaderId: int32.default(-1),
      leaderEpoch: int32.default(-1),
      host: string,
      port: int32,
    }).tagged(0),
  },
})
