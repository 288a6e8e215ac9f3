import { SyncGroup } from '../../protocol/messages/sync-group.ts'
import { groupContextOf } from '../group-context.ts'
import { handler } from '../handler.ts'

/** SyncGroup: hands in, or waits for, the assignment of a generation. */
export const syncGroup = handler(SyncGroup, {
  versions: [0, 5],
  handle: (request, context) => context.broker.groups.sync(request, groupContextOf(context)),
})
