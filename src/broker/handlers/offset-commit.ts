import { OffsetCommit } from '../../protocol/messages/offset-commit.ts'
import { groupContextOf } from '../group-context.ts'
import { handler } from '../handler.ts'

/** OffsetCommit: stores where a group has read to; v10 names topics by id. */
export const offsetCommit = handler(OffsetCommit, {
  versions: [2, 10],
  handle: (request, context) => context.broker.groups.commitOffsets(request, groupContextOf(context)),
})
