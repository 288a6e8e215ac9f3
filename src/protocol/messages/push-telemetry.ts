/**
 * PushTelemetry: metrics of a client, in OpenTelemetry's format, perhaps compressed (KIP-714).
 */
import { api, bool, bytes, int8, int16, int32, uuid } from '../schema.ts'

export const PushTelemetry = api(72, 'PushTelemetry', {
  versions: [0, 0],
  flexibleSince: 0,
  request: {
    clientInstanceId: uuid,
    subscriptionId: int32,
    terminating: bool,
    compressionType: int8,
    metrics: bytes,
  },
  response: {
    throttleTimeMs: int32.default(0),
    errorCode: int16,
  },
})
