import { describe, expect, test } from 'vitest'
import { ManualClock } from '../../../test/support/manual-clock.ts'
import { type WrittenMetric, writeMetrics } from '../../../test/support/otlp-writer.ts'
import { readPrometheusText } from '../../../test/support/prometheus-text.ts'
import { MetricRegistry } from '../../base/metrics.ts'
import { SeededRandom } from '../../base/random.ts'
import { ConfigResource, Metadata } from '../../cluster/metadata.ts'
import { Compression, compress } from '../../protocol/compression.ts'
import { ZERO_UUID } from '../../protocol/schema.ts'
import { ClientTelemetry } from './client-telemetry.ts'

const CLIENT = {
  client_id: 'app-1',
  client_software_name: 'apache-kafka-java',
  client_software_version: '4.3.0',
  client_source_address: '127.0.0.1',
  client_source_port: '5000',
}

function setUp({ seriesMax = 100, telemetryBytesMax = 10_000 } = {}) {
  const clock = new ManualClock()
  const metadata = new Metadata()
  const random = new SeededRandom(1)
  const telemetry = new ClientTelemetry({
    clock,
    random,
    metadata,
    telemetryBytesMax: () => telemetryBytesMax,
    seriesMax,
  })
  const registry = new MetricRegistry()
  telemetry.registerMetrics(registry)
  const subscribe = (resourceName: string, configs: Record<string, string> | null) =>
    metadata.replay({
      type: 'config',
      resourceType: ConfigResource.CLIENT_METRICS,
      resourceName,
      value: configs && new Map(Object.entries(configs)),
    })
  const ask = (clientInstanceId = ZERO_UUID, client: Partial<typeof CLIENT> = {}) =>
    telemetry.subscriptionsFor({ clientInstanceId }, { ...CLIENT, ...client })
  const push = (
    asked: { clientInstanceId: string; subscriptionId: number },
    metrics: Buffer,
    { compressionType = 0, terminating = false } = {},
  ) => telemetry.push({ ...asked, metrics, compressionType, terminating }, CLIENT)
  const read = async () => readPrometheusText(await registry.text())
  return { clock, telemetry, subscribe, ask, push, read }
}

const gauge = (name: string, value = 1): WrittenMetric => ({
  name: `org.apache.kafka.${name}`,
  kind: 'gauge',
  points: [{ value }],
})
const EVERYTHING = { metrics: '*', 'interval.ms': '1000' }

const refusal = (run: () => unknown) => {
  try {
    run()
    return 'NONE'
  } catch (error) {
    return (error as { error: string }).error
  }
}

describe('a client that asks', () => {
  test('is given an id, and nothing to push when nobody subscribes', () => {
    const { ask } = setUp()
    const answer = ask()
    expect(answer.clientInstanceId).toMatch(/^[\w-]{22}$/)
    expect(answer.clientInstanceId).not.toBe(ZERO_UUID)
    expect(answer).toMatchObject({
      errorCode: 0,
      requestedMetrics: [],
      pushIntervalMs: 300_000,
      telemetryMaxBytes: 10_000,
      acceptedCompressionTypes: [4, 3, 1, 2],
      deltaTemporality: false,
    })
  })

  test('gets what all subscriptions that match it want, at the shortest interval', () => {
    const { ask, subscribe } = setUp()
    subscribe('a', {
      metrics: 'org.apache.kafka.producer.,org.apache.kafka.consumer.',
      'interval.ms': '5000',
    })
    subscribe('b', {
      metrics: 'org.apache.kafka.producer.',
      'interval.ms': '2000',
      match: 'client_id=app-\\d+',
    })
    subscribe('c', {
      metrics: '*',
      'interval.ms': '100',
      match: 'client_id=app-.*,client_software_name=librdkafka',
    })
    expect(ask()).toMatchObject({
      pushIntervalMs: 2_000,
      requestedMetrics: ['org.apache.kafka.consumer.', 'org.apache.kafka.producer.'],
    })
    expect(ask(ZERO_UUID, { client_id: 'other' })).toMatchObject({ pushIntervalMs: 5_000 })
    expect(ask(ZERO_UUID, { client_software_name: 'librdkafka' })).toMatchObject({
      pushIntervalMs: 100,
      requestedMetrics: ['*'],
    })
  })

  test.each([
    ['client_software_version=4\\..*', true],
    ['client_source_address=127\\.0\\.0\\.1,client_source_port=5000', true],
    ['client_id=app', false],
    ['client_colour=.*', false],
    ['client_id=(?=app).*', false],
    ['__proto__=.*', false],
  ])('is matched by %s: %s', (match, isMatched) => {
    const { ask, subscribe } = setUp()
    subscribe('a', { ...EVERYTHING, match })
    expect(ask().requestedMetrics).toEqual(isMatched ? ['*'] : [])
  })

  test('is matched by the id it was given', () => {
    const { ask, subscribe } = setUp()
    const { clientInstanceId } = ask()
    subscribe('mine', { ...EVERYTHING, match: `client_instance_id=${clientInstanceId}` })
    expect(ask(clientInstanceId).requestedMetrics).toEqual(['*'])
    expect(ask().requestedMetrics).toEqual([])
  })

  test('too early is told so, unless there is news for it', async () => {
    const { ask, clock, subscribe } = setUp()
    subscribe('a', EVERYTHING)
    const { clientInstanceId, subscriptionId } = ask()
    expect(refusal(() => ask(clientInstanceId))).toBe('THROTTLING_QUOTA_EXCEEDED')
    subscribe('a', { ...EVERYTHING, 'interval.ms': '500' })
    expect(ask(clientInstanceId).subscriptionId).not.toBe(subscriptionId)
    expect(refusal(() => ask(clientInstanceId))).toBe('THROTTLING_QUOTA_EXCEEDED')
    await clock.advance(500)
    expect(ask(clientInstanceId).pushIntervalMs).toBe(500)
  })
})

describe('a push', () => {
  test.each(Object.entries(Compression))(
    'compressed with %s stands on /metrics',
    async (_, compressionType) => {
      const { ask, push, read, subscribe } = setUp()
      subscribe('a', EVERYTHING)
      const asked = ask()
      const total: WrittenMetric = {
        name: 'org.apache.kafka.producer.record.send.total',
        kind: 'sum',
        isMonotonic: true,
        points: [
          { value: 12, isWhole: true, attributes: { topic: 't', 'odd name': 'x"\n', client_id: 'liar' } },
        ],
      }
      const bytes = writeMetrics([total, gauge('producer.io.ratio', 0.25)], { client_rack: 'r1' })
      push(asked, compress(compressionType, bytes), { compressionType })
      const metrics = await read()
      const own = {
        client_id: 'app-1',
        client_instance_id: asked.clientInstanceId,
        client_software_name: 'apache-kafka-java',
        client_software_version: '4.3.0',
        client_rack: 'r1',
      }
      expect(metrics.get('kafka_client_producer_record_send_total')).toMatchObject({
        kind: 'counter',
        samples: [{ labels: { ...own, topic: 't', odd_name: 'x"\n' }, value: 12 }],
      })
      expect(metrics.get('kafka_client_producer_io_ratio')).toMatchObject({
        kind: 'gauge',
        samples: [{ labels: own, value: 0.25 }],
      })
    },
  )

  test('takes the place of the one before; deltas add up', async () => {
    const { ask, clock, push, read, subscribe } = setUp()
    subscribe('a', EVERYTHING)
    const asked = ask()
    const delta = (value: number): WrittenMetric => ({
      name: 'org.apache.kafka.d.total',
      kind: 'sum',
      isDelta: true,
      isMonotonic: true,
      points: [{ value }],
    })
    push(asked, writeMetrics([gauge('a'), gauge('b'), delta(2)]))
    await clock.advance(1_000)
    push(asked, writeMetrics([gauge('b', 5), gauge('n', Number.NaN), delta(3)]))
    const metrics = await read()
    const values = ['a', 'b', 'n', 'd_total'].map(
      name => metrics.get(`kafka_client_${name}`)?.samples[0]?.value,
    )
    expect(values).toEqual([undefined, 5, undefined, 5])
  })

  test('holds only what was asked for', async () => {
    const { ask, push, read, subscribe } = setUp()
    subscribe('a', { metrics: 'org.apache.kafka.producer.', 'interval.ms': '1000' })
    push(ask(), writeMetrics([gauge('producer.x'), gauge('consumer.x')]))
    const names = [...(await read()).keys()].filter(name => name.startsWith('kafka_client_'))
    expect(names).toEqual(['kafka_client_producer_x'])
  })

  test('is refused for what is wrong with it', async () => {
    const { ask, clock, push, read, subscribe } = setUp({ telemetryBytesMax: 100 })
    subscribe('a', EVERYTHING)
    const asked = ask()
    const small = writeMetrics([gauge('a')])
    const next = () => clock.advance(1_000)
    expect(refusal(() => push({ ...asked, clientInstanceId: ZERO_UUID }, small))).toBe('INVALID_REQUEST')
    expect(refusal(() => push({ ...asked, clientInstanceId: 'AAAAAAAAAAAAAAAAAAAAAQ' }, small))).toBe(
      'INVALID_REQUEST',
    )
    expect(refusal(() => push({ ...asked, subscriptionId: asked.subscriptionId + 1 }, small))).toBe(
      'UNKNOWN_SUBSCRIPTION_ID',
    )
    // It may ask at once what is wanted of it now.
    ask(asked.clientInstanceId)
    expect(refusal(() => push(asked, small))).toBe('NONE')
    expect(refusal(() => push(asked, small))).toBe('THROTTLING_QUOTA_EXCEEDED')
    await next()
    expect(refusal(() => push(asked, small, { compressionType: 9 }))).toBe('UNSUPPORTED_COMPRESSION_TYPE')
    await next()
    expect(refusal(() => push(asked, Buffer.alloc(101)))).toBe('TELEMETRY_TOO_LARGE')
    await next()
    expect(refusal(() => push(asked, Buffer.from('0aff', 'hex')))).toBe('INVALID_RECORD')
    await next()
    expect(refusal(() => push(asked, Buffer.from('no gzip'), { compressionType: 1 }))).toBe('INVALID_RECORD')
    const pushes = (await read()).get('loggerhead_telemetry_pushes_total')!.samples
    expect(Object.fromEntries(pushes.map(({ labels, value }) => [labels.result, value]))).toEqual({
      accepted: 1,
      throttled: 1,
      refused: 7,
    })
  })

  test('that inflates beyond measure is refused', () => {
    const { ask, push, subscribe } = setUp({ telemetryBytesMax: 1 << 20 })
    subscribe('a', EVERYTHING)
    const bomb = compress(Compression.gzip, Buffer.alloc(8 << 20))
    expect(refusal(() => push(ask(), bomb, { compressionType: Compression.gzip }))).toBe('INVALID_RECORD')
  })

  test('may be early when it is the last, and nothing comes after it', () => {
    const { ask, push, subscribe } = setUp()
    subscribe('a', EVERYTHING)
    const asked = ask()
    push(asked, writeMetrics([gauge('a')]))
    push(asked, writeMetrics([gauge('a')]), { terminating: true })
    expect(refusal(() => push(asked, writeMetrics([gauge('a')]), { terminating: true }))).toBe(
      'INVALID_REQUEST',
    )
  })
})

describe('what is kept', () => {
  test('goes when the client has been silent for three intervals, and a minute', async () => {
    const { ask, clock, push, read, subscribe } = setUp()
    subscribe('a', { metrics: '*', 'interval.ms': '30000' })
    push(ask(), writeMetrics([gauge('a')]))
    const count = async () => {
      const metrics = await read()
      const value = (name: string) => metrics.get(name)!.samples[0]!.value
      return [
        value('loggerhead_telemetry_clients'),
        value('loggerhead_telemetry_series'),
        metrics.has('kafka_client_a'),
      ]
    }
    await clock.advance(80_000)
    expect(await count()).toEqual([1, 1, true])
    await clock.advance(20_000)
    expect(await count()).toEqual([0, 0, false])
  })

  test('is bounded in series, and says what was left out', async () => {
    const { ask, push, read, subscribe } = setUp({ seriesMax: 3 })
    subscribe('a', EVERYTHING)
    push(ask(), writeMetrics([gauge('a'), gauge('b')]))
    push(ask(), writeMetrics([gauge('a'), gauge('b')]))
    const metrics = await read()
    expect(metrics.get('loggerhead_telemetry_series')!.samples[0]!.value).toBe(3)
    expect(metrics.get('loggerhead_telemetry_series_left_out_total')!.samples[0]!.value).toBe(1)
    expect(metrics.get('kafka_client_a')!.samples).toHaveLength(2)
  })

  test('is bounded in clients: the longest silent one is forgotten', async () => {
    const { ask, push, read, subscribe } = setUp()
    subscribe('a', EVERYTHING)
    push(ask(), writeMetrics([gauge('a')]))
    for (let i = 0; i < 16_384; i++) ask()
    const metrics = await read()
    expect(metrics.get('loggerhead_telemetry_clients')!.samples[0]!.value).toBe(16_384)
    expect(metrics.has('kafka_client_a')).toBe(false)
  })
})
