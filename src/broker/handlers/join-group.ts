import { JoinGroup } from '../../protocol/messages/join-group.ts'
import { groupContextOf } from '../group-context.ts'
import { handler } from '../handler.ts'

/** JoinGroup: enters a group, and waits until its next generation is formed. */
export const joinGroup = handler(JoinGroup, {
  versions: [0, 9],
  handle: (request, context) => context.broker.groups.join(request, groupContextOf(context)),
})
