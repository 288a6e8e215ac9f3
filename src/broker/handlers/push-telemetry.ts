import { PushTelemetry } from '../../protocol/messages/push-telemetry.ts'
import { handler } from '../handler.ts'
import { wireErrorOf } from '../wire-error.ts'
import { telemetryClientOf } from './get-telemetry-subscriptions.ts'

/** PushTelemetry: metrics of a client, which then stand on /metrics as `kafka_client_*` (KIP-714). */
export const pushTelemetry = handler(PushTelemetry, {
  versions: [0, 0],
  notes: 'Gauges and sums; histograms are left out. What a push inflates to is bounded (4 MiB).',
  handle(request, context) {
    try {
      context.broker.telemetry.push(request, telemetryClientOf(context))
      return { errorCode: 0 }
    } catch (error) {
      return { errorCode: wireErrorOf(error, context.broker.logger).errorCode }
    }
  },
})
