import { expect, test } from 'vitest'
import { startLiveBroker } from '../../../test/support/live-broker.ts'
import { writeMetrics } from '../../../test/support/otlp-writer.ts'
import { ErrorCode } from '../../protocol/errors.ts'
import { ApiVersions } from '../../protocol/messages/api-versions.ts'
import { GetTelemetrySubscriptions } from '../../protocol/messages/get-telemetry-subscriptions.ts'
import { PushTelemetry } from '../../protocol/messages/push-telemetry.ts'
import { ZERO_UUID } from '../../protocol/schema.ts'

test('a client asks what to push, and is told when it comes too early or with an id that is none', async () => {
  const { broker, client } = await startLiveBroker()
  await client.request(ApiVersions, 3, { clientSoftwareName: 'tester', clientSoftwareVersion: '1.0' })
  const asked = await client.request(GetTelemetrySubscriptions, 0, { clientInstanceId: ZERO_UUID })
  expect(asked).toMatchObject({ errorCode: 0, requestedMetrics: [], pushIntervalMs: 300_000 })
  const { clientInstanceId, subscriptionId } = asked
  const again = await client.request(GetTelemetrySubscriptions, 0, { clientInstanceId })
  expect(again.errorCode).toBe(ErrorCode.THROTTLING_QUOTA_EXCEEDED)
  const metrics = writeMetrics([{ name: 'a', kind: 'gauge', points: [{ value: 1 }] }])
  const push = { clientInstanceId, subscriptionId, terminating: false, compressionType: 0, metrics }
  expect((await client.request(PushTelemetry, 0, push)).errorCode).toBe(ErrorCode.NONE)
  const nobody = await client.request(PushTelemetry, 0, { ...push, clientInstanceId: ZERO_UUID })
  expect(nobody.errorCode).toBe(ErrorCode.INVALID_REQUEST)
  const text = await broker.metrics()
  expect(text).toContain('loggerhead_telemetry_clients 1\n')
  // Nobody has subscribed to it.
  expect(text).not.toContain('kafka_client_a')
})
