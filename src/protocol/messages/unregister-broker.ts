/**
 * UnregisterBroker: removes a broker that is gone for good.
 */
import { api, int16, int32, string } from '../schema.ts'

export const UnregisterBroker = api(64, 'UnregisterBroker', {
  versions: [0, 0],
  flexibleSince: 0,
  request: {
    brokerId: int32,
  },
  response: {
    throttleTimeMs: int32.default(0),
    errorCode: int16,
    errorMessage: string.nullable(),
  },
})
