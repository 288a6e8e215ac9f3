import type { GroupRequestContext } from '../coordinator/group-coordinator.ts'
import type { RequestContext } from './context.ts'

/** What the group coordinator is told of a request besides its body. */
export function groupContextOf({ version, clientId, session }: RequestContext): GroupRequestContext {
  return { version, clientId: clientId ?? '', clientHost: session.clientHost }
}
