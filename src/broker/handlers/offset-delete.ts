import { OffsetDelete } from '../../protocol/messages/offset-delete.ts'
import { handler } from '../handler.ts'

/** OffsetDelete: a group forgets its offsets of topics that none of its members is subscribed to. */
export const offsetDelete = handler(OffsetDelete, {
  versions: [0, 0],
  handle: (request, context) => context.broker.groups.deleteOffsets(request),
})
