import { KafkaError } from '../../protocol/errors.ts'
import { type Coordinator, FindCoordinator } from '../../protocol/messages/find-coordinator.ts'
import type { RequestContext } from '../context.ts'
import { handler } from '../handler.ts'
import { wireErrorOf } from '../wire-error.ts'

/**
 * FindCoordinator: who coordinates a group. v4 asks for several at once. The topic of groups is made when it is first needed.
 *
 * Transactions (type 1) and share groups (type 2) are not served: an error that clients do not try again, so nobody hangs.
 */
const GROUP = 0
const TRANSACTION = 1

export const findCoordinator = handler(FindCoordinator, {
  versions: [0, 6],
  notes: 'Only groups (type 0); transactional ids get INVALID_REQUEST, which clients do not retry.',
  async handle(request, context) {
    const keys = context.version >= 4 ? request.coordinatorKeys : [request.key]
    const coordinators = await Promise.all(keys.map(key => find(key, request.keyType, context)))
    if (context.version >= 4) return { coordinators }
    return { ...coordinators[0]! }
  },
})

async function find(key: string, keyType: number, { broker, session }: RequestContext): Promise<Coordinator> {
  try {
    requireServed(keyType)
    await broker.internalTopics.requireGroupTopic()
    return { key, nodeId: broker.cluster.nodeId, ...session.advertised, errorCode: 0, errorMessage: '' }
  } catch (error) {
    return { key, nodeId: -1, host: '', port: -1, ...wireErrorOf(error, broker.logger) }
  }
}

function requireServed(keyType: number): void {
  if (keyType === GROUP) return
  const what = keyType === TRANSACTION ? 'transactions' : `coordinators of type ${keyType}`
  throw new KafkaError('INVALID_REQUEST', `this broker does not serve ${what} yet`)
}
