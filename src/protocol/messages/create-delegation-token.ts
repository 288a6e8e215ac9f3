/**
 * CreateDelegationToken: a token with which others may log in as this user. v3 on behalf of another owner.
 */
import { api, arrayOf, bytes, int16, int32, int64, string } from '../schema.ts'

export const CreateDelegationToken = api(38, 'CreateDelegationToken', {
  versions: [1, 3],
  flexibleSince: 2,
  request: {
    ownerPrincipalType: string.since(3).nullable().default(''),
    ownerPrincipalName: string.since(3).nullable().default(''),
    renewers: arrayOf({ principalType: string, principalName: string }),
    maxLifetimeMs: int64,
  },
  response: {
    errorCode: int16,
    principalType: string,
    principalName: string,
    tokenRequesterPrincipalType: string.since(3).default(''),
    tokenRequesterPrincipalName: string.since(3).default(''),
    issueTimestampMs: int64,
    expiryTimestampMs: int64,
    maxTimestampMs: int64,
    tokenId: string,
    hmac: bytes,
    throttleTimeMs: int32.default(0),
  },
})
