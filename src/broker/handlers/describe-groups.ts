import { ErrorCode } from '../../protocol/errors.ts'
import { DescribeGroups } from '../../protocol/messages/describe-groups.ts'
import { GROUP_OPERATIONS } from '../authorized-operations.ts'
import { groupContextOf } from '../group-context.ts'
import { handler } from '../handler.ts'

/** DescribeGroups: state and members of classic groups. */
export const describeGroups = handler(DescribeGroups, {
  versions: [0, 6],
  async handle(request, context) {
    const answer = await context.broker.groups.describe(request, groupContextOf(context))
    if (!request.includeAuthorizedOperations) return answer
    const authorizedOperations = GROUP_OPERATIONS
    const groups = answer.groups.map(group =>
      group.errorCode === ErrorCode.NONE ? { ...group, authorizedOperations } : group,
    )
    return { ...answer, groups }
  },
})
