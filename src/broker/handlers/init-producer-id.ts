import { ErrorCode } from '../../protocol/errors.ts'
import { InitProducerId } from '../../protocol/messages/init-producer-id.ts'
import { handler } from '../handler.ts'
import { wireErrorOf } from '../wire-error.ts'

/**
 * InitProducerId: an id for an idempotent producer (KIP-98). A producer that lost its place bumps its epoch itself (KIP-360); one that names
 * the id it had gets a new one.
 */
export const initProducerId = handler(InitProducerId, {
  versions: [0, 5],
  notes: 'Idempotent producers; a transactional id gets INVALID_REQUEST, which clients do not retry.',
  async handle({ transactionalId, producerId, producerEpoch }, { broker }) {
    const isHalfKnown = (producerId === -1) !== (producerEpoch === -1)
    if (transactionalId !== null || isHalfKnown)
      return { errorCode: ErrorCode.INVALID_REQUEST, producerEpoch: -1 }
    try {
      return {
        errorCode: ErrorCode.NONE,
        producerId: await broker.cluster.takeProducerId(),
        producerEpoch: 0,
      }
    } catch (error) {
      return { errorCode: wireErrorOf(error, broker.logger).errorCode, producerEpoch: -1 }
    }
  },
})
