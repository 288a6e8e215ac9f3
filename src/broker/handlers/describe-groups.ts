import { DescribeGroups } from '../../protocol/messages/describe-groups.ts'
import { groupContextOf } from '../group-context.ts'
import { handler } from '../handler.ts'

/** DescribeGroups: state and members of classic groups. */
export const describeGroups = handler(DescribeGroups, {
  versions: [0, 6],
  handle: (request, context) => context.broker.groups.describe(request, groupContextOf(context)),
})
