import { expect, test } from 'vitest'
import { startLiveBroker } from '../../../test/support/live-broker.ts'
import { writeMetrics } from '../../../test/support/otlp-writer.ts'
import { ConfigResource } from '../../cluster/metadata.ts'
import { ErrorCode } from '../../protocol/errors.ts'
import { AlterConfigs } from '../../protocol/messages/alter-configs.ts'
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

test('a subscription brings what clients push to /metrics, and what is wrong with a push is told', async () => {
  const { broker, client } = await startLiveBroker({ config: { 'telemetry.max.bytes': 500 } })
  const configs = Object.entries({
    metrics: 'org.apache.kafka.',
    'interval.ms': '100',
    match: 'client_id=te.t',
  })
  const resource = { resourceType: ConfigResource.CLIENT_METRICS, resourceName: 'mine' }
  const set = await client.request(AlterConfigs, 2, {
    resources: [{ ...resource, configs: configs.map(([name, value]) => ({ name, value })) }],
    validateOnly: false,
  })
  expect(set.responses[0]).toMatchObject({ errorCode: 0 })
  const ask = async () => {
    const { clientInstanceId, subscriptionId, ...asked } = await client.request(
      GetTelemetrySubscriptions,
      0,
      {
        clientInstanceId: ZERO_UUID,
      },
    )
    expect(asked).toMatchObject({
      requestedMetrics: ['org.apache.kafka.'],
      pushIntervalMs: 100,
      telemetryMaxBytes: 500,
    })
    return { clientInstanceId, subscriptionId }
  }
  const metrics = writeMetrics([{ name: 'org.apache.kafka.a', kind: 'gauge', points: [{ value: 1 }] }])
  const push = async (
    change: Partial<{ subscriptionId: number; compressionType: number; metrics: Buffer }>,
  ) => {
    const body = { ...(await ask()), terminating: false, compressionType: 0, metrics, ...change }
    return (await client.request(PushTelemetry, 0, body)).errorCode
  }
  expect(await push({ subscriptionId: 1 })).toBe(ErrorCode.UNKNOWN_SUBSCRIPTION_ID)
  expect(await push({ compressionType: 7 })).toBe(ErrorCode.UNSUPPORTED_COMPRESSION_TYPE)
  expect(await push({ metrics: Buffer.alloc(501) })).toBe(ErrorCode.TELEMETRY_TOO_LARGE)
  expect(await push({ metrics: Buffer.alloc(5, 0xff) })).toBe(ErrorCode.INVALID_RECORD)
  expect(await broker.metrics()).not.toContain('kafka_client_a')
  expect(await push({})).toBe(ErrorCode.NONE)
  expect(await broker.metrics()).toMatch(/^kafka_client_a\{client_id="test",.*\} 1$/m)
})
