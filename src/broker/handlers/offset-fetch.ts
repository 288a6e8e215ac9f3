import { OffsetFetch } from '../../protocol/messages/offset-fetch.ts'
import { groupContextOf } from '../group-context.ts'
import { handler } from '../handler.ts'

/** OffsetFetch: where groups have read to; v8 asks for several groups, v10 by topic id. */
export const offsetFetch = handler(OffsetFetch, {
  versions: [1, 10],
  handle: (request, context) => context.broker.groups.fetchOffsets(request, groupContextOf(context)),
})
