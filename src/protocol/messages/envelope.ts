/**
 * Envelope: a request that a broker forwards to the controller with the principal of its client.
 */
import { api, bytes, int16 } from '../schema.ts'

export const Envelope = api(58, 'Envelope', {
  versions: [0, 0],
  flexibleSince: 0,
  request: {
    requestData: bytes,
    requestPrincipal: bytes.nullable(),
    clientHostAddress: bytes,
  },
  response: {
    responseData: bytes.nullable().default(null),
    errorCode: int16,
  },
})
