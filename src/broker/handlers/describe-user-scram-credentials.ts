import { ErrorCode } from '../../protocol/errors.ts'
import { DescribeUserScramCredentials } from '../../protocol/messages/describe-user-scram-credentials.ts'
import { handler } from '../handler.ts'

/** DescribeUserScramCredentials: nobody has any, as there are no logins. `kafka-configs` asks for them with the quotas of users. */
export const describeUserScramCredentials = handler(DescribeUserScramCredentials, {
  versions: [0, 0],
  notes: 'There are no logins yet, so no user has credentials.',
  handle({ users }) {
    const names = [...new Set((users ?? []).map(({ name }) => name))]
    return {
      errorCode: ErrorCode.NONE,
      errorMessage: null,
      results: names.map(user => ({
        user,
        errorCode: ErrorCode.RESOURCE_NOT_FOUND,
        errorMessage: `Attempt to describe a user credential that does not exist: ${user}`,
        credentialInfos: [],
      })),
    }
  },
})
