import { Heartbeat } from '../../protocol/messages/heartbeat.ts'
import { handler } from '../handler.ts'

/** Heartbeat: a member is alive; the answer says when it must rejoin. */
export const heartbeat = handler(Heartbeat, {
  versions: [0, 4],
  handle: (request, context) => context.broker.groups.heartbeat(request),
})
