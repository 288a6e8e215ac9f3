import type { AnyBody } from '../../broker/context.ts'
import { ErrorCode } from '../../protocol/errors.ts'

/**
 * What makes Fetch special for faults. A fetch session (KIP-227) names its partitions once, and later requests only say what has changed;
 * so while a fault must see partitions, sessions are declined, as a broker may do at any time, and every request names them all.
 */
const INITIAL_EPOCH = 0
const FINAL_EPOCH = -1

/** The request without its session; null for one that leans on a session from before, and must begin anew. */
export function withoutSession(request: AnyBody): AnyBody | null {
  const epoch = request.sessionEpoch as number
  if (epoch > INITIAL_EPOCH) return null
  return epoch === FINAL_EPOCH ? request : { ...request, sessionEpoch: FINAL_EPOCH }
}

export const BEGIN_ANEW: AnyBody = { errorCode: ErrorCode.FETCH_SESSION_ID_NOT_FOUND, responses: [] }

/** What is left of a request of which a part is refused: that part's error does not wait for records of the others. */
export function withoutWait(request: AnyBody): AnyBody {
  return { ...request, maxWaitMs: 0 }
}
