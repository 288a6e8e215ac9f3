import { GetTelemetrySubscriptions } from '../../protocol/messages/get-telemetry-subscriptions.ts'
import { ZERO_UUID } from '../../protocol/schema.ts'
import type { RequestContext } from '../context.ts'
import { handler } from '../handler.ts'
import type { TelemetryClient } from '../telemetry/telemetry-subscription.ts'
import { wireErrorOf } from '../wire-error.ts'

/** GetTelemetrySubscriptions: which of its metrics a client is to push, and how often (KIP-714). */
export const getTelemetrySubscriptions = handler(GetTelemetrySubscriptions, {
  versions: [0, 0],
  notes:
    'Asks for totals, where Kafka asks for deltas. Kafka advertises it only with a receiver; ours is built in.',
  handle(request, context) {
    try {
      return context.broker.telemetry.subscriptionsFor(request, telemetryClientOf(context))
    } catch (error) {
      const { errorCode } = wireErrorOf(error, context.broker.logger)
      return {
        errorCode,
        clientInstanceId: ZERO_UUID,
        subscriptionId: 0,
        acceptedCompressionTypes: [],
        pushIntervalMs: 0,
        telemetryMaxBytes: 0,
        deltaTemporality: false,
        requestedMetrics: [],
      }
    }
  },
})

export function telemetryClientOf({
  clientId,
  session,
}: RequestContext): Omit<TelemetryClient, 'client_instance_id'> {
  const { software, clientHost, clientPort } = session
  return {
    client_id: clientId ?? '',
    client_software_name: software.name,
    client_software_version: software.version,
    // Without the slash that Java puts in front.
    client_source_address: clientHost.slice(1),
    client_source_port: String(clientPort),
  }
}
