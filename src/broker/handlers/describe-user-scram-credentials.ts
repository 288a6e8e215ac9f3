import { ErrorCode } from '../../protocol/errors.ts'
import { DescribeUserScramCredentials } from '../../protocol/messages/describe-user-scram-credentials.ts'
import { handler } from '../handler.ts'

/** DescribeUserScramCredentials: nobody has any, as there are no logins. `kafka-configs` asks for them with the quotas of users. */
export const describeUserScramCredentials = handler(DescribeUserScramCredentials, {
  versions: [0, 0],
  notes: 'There are no logins yet, so no user has credentials.',
  handle({ users }) {
    const counts = new Map<string, number>()
    for (const { name } of users ?? []) counts.set(name, (counts.get(name) ?? 0) + 1)
    const results = Array.from(counts, ([user, count]) => ({
      user,
      ...(count > 1 ? repeated(user) : unknown(user)),
      credentialInfos: [],
    }))
    return { errorCode: ErrorCode.NONE, errorMessage: '', results }
  },
})

function unknown(user: string) {
  return {
    errorCode: ErrorCode.RESOURCE_NOT_FOUND,
    errorMessage: `Attempt to describe a user credential that does not exist: ${user}`,
  }
}

function repeated(user: string) {
  return {
    errorCode: ErrorCode.DUPLICATE_RESOURCE,
    errorMessage: `Cannot describe SCRAM credentials for the same user twice in a single request: ${user}`,
  }
}
