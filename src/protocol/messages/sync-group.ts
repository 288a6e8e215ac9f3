/**
 * SyncGroup: hands out a classic group's assignment: the leader sends all of it, each member gets its own.
 *
 * v3 static members; v5 protocol type and name.
 */
import { api, arrayOf, bytes, int16, int32, type RequestOf, string } from '../schema.ts'

export const SyncGroup = api(14, 'SyncGroup', {
  versions: [0, 5],
  flexibleSince: 4,
  request: {
    groupId: string,
    generationId: int32,
    memberId: string,
    groupInstanceId: string.since(3).nullable().default(null),
    protocolType: string.since(5).nullable().default(null),
    protocolName: string.since(5).nullable().default(null),
    assignments: arrayOf({ memberId: string, assignment: bytes }),
  },
  response: {
    throttleTimeMs: int32.since(1).default(0),
    errorCode: int16,
    protocolType: string.since(5).nullable().default(null),
    protocolName: string.since(5).nullable().default(null),
    assignment: bytes,
  },
})

export type SyncGroupAssignment = RequestOf<typeof SyncGroup>['assignments'][number]
