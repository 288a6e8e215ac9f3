/**
 * AllocateProducerIds: a block of producer ids for a broker to hand out.
 */
import { api, int16, int32, int64 } from '../schema.ts'

export const AllocateProducerIds = api(67, 'AllocateProducerIds', {
  versions: [0, 0],
  flexibleSince: 0,
  request: {
    brokerId: int32,
    brokerEpoch: int64.default(-1),
  },
  response: {
    throttleTimeMs: int32.default(0),
    errorCode: int16,
    producerIdStart: int64,
    producerIdLen: int32,
  },
})
