import { LeaveGroup } from '../../protocol/messages/leave-group.ts'
import { groupContextOf } from '../group-context.ts'
import { handler } from '../handler.ts'

/** LeaveGroup: members leave; from v3 on several at once, by member id or instance id. */
export const leaveGroup = handler(LeaveGroup, {
  versions: [0, 5],
  handle: (request, context) => context.broker.groups.leave(request, groupContextOf(context)),
})
