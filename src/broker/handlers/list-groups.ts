import { ListGroups } from '../../protocol/messages/list-groups.ts'
import { handler } from '../handler.ts'

/** ListGroups: the groups that this node coordinates, by state (v4) and type (v5). */
export const listGroups = handler(ListGroups, {
  versions: [0, 5],
  handle: (request, context) => context.broker.groups.list(request),
})
