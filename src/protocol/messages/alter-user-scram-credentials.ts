/**
 * AlterUserScramCredentials: sets or removes SCRAM credentials; the password was salted by the client.
 */
import { api, arrayOf, bytes, int8, int16, int32, string } from '../schema.ts'

export const AlterUserScramCredentials = api(51, 'AlterUserScramCredentials', {
  versions: [0, 0],
  flexibleSince: 0,
  request: {
    deletions: arrayOf({ name: string, mechanism: int8 }),
    upsertions: arrayOf({
      name: string,
      mechanism: int8,
      iterations: int32,
      salt: bytes,
      saltedPassword: bytes,
    }),
  },
  response: {
    throttleTimeMs: int32.default(0),
    results: arrayOf({ user: string, errorCode: int16, errorMessage: string.nullable() }),
  },
})
