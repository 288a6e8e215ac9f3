/**
 * AddRaftVoter: a new voter for the metadata quorum. v1 may answer before it is committed.
 */
import { api, arrayOf, bool, int16, int32, string, uint16, uuid } from '../schema.ts'

export const AddRaftVoter = api(80, 'AddRaftVoter', {
  versions: [0, 1],
  flexibleSince: 0,
  request: {
    clusterId: string.nullable(),
    timeoutMs: int32,
    voterId: int32,
    voterDirectoryId: uuid,
    listeners: arrayOf({ name: string, host: string, port: uint16 }),
    ackWhenCommitted: bool.since(1).default(true),
  },
  response: {
    throttleTimeMs: int32.default(0),
    errorCode: int16,
    errorMessage: string.nullable(),
  },
})
