import { DeleteGroups } from '../../protocol/messages/delete-groups.ts'
import { handler } from '../handler.ts'

/** DeleteGroups: removes empty groups with their offsets. */
export const deleteGroups = handler(DeleteGroups, {
  versions: [0, 2],
  handle: (request, context) => context.broker.groups.delete(request),
})
