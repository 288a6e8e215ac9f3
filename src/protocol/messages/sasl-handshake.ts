/**
 * SaslHandshake: picks the mechanism of the login that follows. v0 is followed by raw tokens, v1 by SaslAuthenticate.
 */
import { api, arrayOf, int16, string } from '../schema.ts'

export const SaslHandshake = api(17, 'SaslHandshake', {
  versions: [0, 1],
  request: {
    mechanism: string,
  },
  response: {
    errorCode: int16,
    mechanisms: arrayOf(string),
  },
})
