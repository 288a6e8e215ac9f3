/**
 * ExpireDelegationToken: brings a token's end forward; a negative period ends it at once.
 */
import { api, bytes, int16, int32, int64 } from '../schema.ts'

export const ExpireDelegationToken = api(40, 'ExpireDelegationToken', {
  versions: [1, 2],
  flexibleSince: 2,
  request: {
    hmac: bytes,
    expiryTimePeriodMs: int64,
  },
  response: {
    errorCode: int16,
    expiryTimestampMs: int64,
    throttleTimeMs: int32.default(0),
  },
})
