/**
 * DescribeDelegationToken: the tokens of some owners, null for all that the caller may see. v3 who asked for the token.
 */
import { api, arrayOf, bytes, int16, int32, int64, string } from '../schema.ts'

export const DescribeDelegationToken = api(41, 'DescribeDelegationToken', {
  versions: [1, 3],
  flexibleSince: 2,
  request: {
    owners: arrayOf({ principalType: string, principalName: string }).nullable(),
  },
  response: {
    errorCode: int16,
    tokens: arrayOf({
      principalType: string,
      principalName: string,
      tokenRequesterPrincipalType: string.since(3).default(''),
      tokenRequesterPrincipalName: string.since(3).default(''),
      issueTimestamp: int64,
      expiryTimestamp: int64,
      maxTimestamp: int64,
      tokenId: string,
      hmac: bytes,
      renewers: arrayOf({ principalType: string, principalName: string }),
    }),
    throttleTimeMs: int32.default(0),
  },
})
