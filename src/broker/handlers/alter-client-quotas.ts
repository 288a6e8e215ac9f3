import { AlterClientQuotas } from '../../protocol/messages/alter-client-quotas.ts'
import { handler } from '../handler.ts'
import { wireErrorOf } from '../wire-error.ts'

/**
 * AlterClientQuotas: sets and removes quotas of users, client ids, pairs of both, and addresses. They hold from the next request on, and
 * survive a restart. What follows from a quota is in `throttle`.
 */
export const alterClientQuotas = handler(AlterClientQuotas, {
  versions: [0, 1],
  notes:
    'Every client is the user ANONYMOUS. Bytes are those of the request for Produce, of the records for Fetch. ' +
    'request_percentage is a share of the event loop: decoding a request and handling it until it first waits. ' +
    'A new client has the quota of one window (quota.window.size.seconds) to begin with, not of all of them. ' +
    'Addresses are not looked up by name, except for localhost.',
  async handle(request, { broker }) {
    const alterations = request.entries.map(({ entity, ops }) => ({
      entity: new Map(entity.map(({ entityType, entityName }) => [entityType, entityName])),
      ops,
    }))
    try {
      const altered = await broker.cluster.alterClientQuotas(alterations, request.validateOnly)
      return {
        entries: altered.map(({ entity, error }) => ({
          errorCode: error?.code ?? 0,
          errorMessage: error?.message ?? null,
          entity: Array.from(entity, ([entityType, entityName]) => ({ entityType, entityName })),
        })),
      }
    } catch (error) {
      const { errorCode, errorMessage } = wireErrorOf(error, broker.logger)
      return { entries: request.entries.map(({ entity }) => ({ errorCode, errorMessage, entity })) }
    }
  },
})
