/**
 * SaslAuthenticate: one round of a login. v1 says how long the session lives (KIP-368).
 */
import { api, bytes, int16, int64, string } from '../schema.ts'

export const SaslAuthenticate = api(36, 'SaslAuthenticate', {
  versions: [0, 2],
  flexibleSince: 2,
  request: {
    authBytes: bytes,
  },
  response: {
    errorCode: int16,
    errorMessage: string.nullable(),
    authBytes: bytes,
    sessionLifetimeMs: int64.since(1).default(0),
  },
})
