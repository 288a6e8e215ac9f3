/**
 * DescribeUserScramCredentials: which SCRAM mechanisms users have, never the secrets. Null asks for all users.
 */
import { api, arrayOf, int8, int16, int32, string } from '../schema.ts'

export const DescribeUserScramCredentials = api(50, 'DescribeUserScramCredentials', {
  versions: [0, 0],
  flexibleSince: 0,
  request: {
    users: arrayOf({ name: string }).nullable(),
  },
  response: {
    throttleTimeMs: int32.default(0),
    errorCode: int16,
    errorMessage: string.nullable(),
    results: arrayOf({
      user: string,
      errorCode: int16,
      errorMessage: string.nullable(),
      credentialInfos: arrayOf({ mechanism: int8, iterations: int32 }),
    }),
  },
})
