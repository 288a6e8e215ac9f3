/**
 * Heartbeat: keeps a member of a classic group alive, and tells it of rebalances. v3 static members.
 */
import { api, int16, int32, string } from '../schema.ts'

export const Heartbeat = api(12, 'Heartbeat', {
  versions: [0, 4],
  flexibleSince: 4,
  request: {
    groupId: string,
    generationId: int32,
    memberId: string,
    groupInstanceId: string.since(3).nullable().default(null),
  },
  response: {
    throttleTimeMs: int32.since(1).default(0),
    errorCode: int16,
  },
})
