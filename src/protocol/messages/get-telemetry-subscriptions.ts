/**
 * GetTelemetrySubscriptions: which metrics a client is to push, and how often (KIP-714).
 */
import { api, arrayOf, bool, int8, int16, int32, string, uuid } from '../schema.ts'

export const GetTelemetrySubscriptions = api(71, 'GetTelemetrySubscriptions', {
  versions: [0, 0],
  flexibleSince: 0,
  request: {
    clientInstanceId: uuid,
  },
  response: {
    throttleTimeMs: int32.default(0),
    errorCode: int16,
    clientInstanceId: uuid,
    subscriptionId: int32,
    acceptedCompressionTypes: arrayOf(int8),
    pushIntervalMs: int32,
    telemetryMaxBytes: int32,
    deltaTemporality: bool,
    requestedMetrics: arrayOf(string),
  },
})
