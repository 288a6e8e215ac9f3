/**
 * RemoveRaftVoter: takes a voter out of the metadata quorum.
 */
import { api, int16, int32, string, uuid } from '../schema.ts'

export const RemoveRaftVoter = api(81, 'RemoveRaftVoter', {
  versions: [0, 0],
  flexibleSince: 0,
  request: {
    clusterId: string.nullable(),
    voterId: int32,
    voterDirectoryId: uuid,
  },
  response: {
    throttleTimeMs: int32.default(0),
    errorCode: int16,
    errorMessage: string.nullable(),
  },
})
