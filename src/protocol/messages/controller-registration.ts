/**
 * ControllerRegistration: a controller tells the leader its endpoints and features.
 */
import { api, arrayOf, bool, int16, int32, string, uint16, uuid } from '../schema.ts'

export const ControllerRegistration = api(70, 'ControllerRegistration', {
  versions: [0, 0],
  flexibleSince: 0,
  request: {
    controllerId: int32,
    incarnationId: uuid,
    zkMigrationReady: bool,
    listeners: arrayOf({
      name: string,
      host: string,
      port: uint16,
      securityProtocol: int16,
    }),
    features: arrayOf({ name: string, minSupportedVersion: int16, maxSupportedVersion: int16 }),
  },
  response: {
    throttleTimeMs: int32.default(0),
    errorCode: int16,
    errorMessage: string.nullable(),
  },
})
