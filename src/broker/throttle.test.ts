import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createTopic, fetchOnce, valuesOf } from '../../test/support/live-broker.ts'
import { ManualClock } from '../../test/support/manual-clock.ts'
import { RawClient } from '../../test/support/raw-client.ts'
import { silentLogger } from '../base/logger.ts'
import { MemoryDisk } from '../base/memory-disk.ts'
import { nodeWorld } from '../base/node/node-world.ts'
import { AlterClientQuotas } from '../protocol/messages/alter-client-quotas.ts'
import { ApiVersions } from '../protocol/messages/api-versions.ts'
import { CreatePartitions } from '../protocol/messages/create-partitions.ts'
import { CreateTopics } from '../protocol/messages/create-topics.ts'
import { DeleteTopics } from '../protocol/messages/delete-topics.ts'
import { Fetch } from '../protocol/messages/fetch.ts'
import { Produce } from '../protocol/messages/produce.ts'
import { buildBatch } from '../protocol/record.ts'
import { ZERO_UUID } from '../protocol/schema.ts'
import { type Broker, startBroker } from './broker.ts'
import { loadConfig } from './config.ts'

const TOO_MUCH = 89

/** A broker over real sockets, whose time the test moves. */
let clock: ManualClock
let broker: Broker
let client: RawClient
const open: { close(): Promise<void> }[] = []

beforeEach(async () => {
  clock = new ManualClock()
  broker = await startBroker({
    ...nodeWorld(),
    disk: new MemoryDisk({ folders: ['/data'], crashable: false }),
    clock,
    logger: silentLogger,
    config: loadConfig({
      overrides: { listeners: 'PLAINTEXT://127.0.0.1:0', 'log.dirs': '/data', 'loggerhead.dev': true },
    }),
  })
  open.push(broker)
  client = await connect()
})

afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close()
})

async function connect(): Promise<RawClient> {
  const made = await RawClient.connect(broker.listeners[0]!.port)
  open.push(made)
  return made
}

/** Sets quotas of one entity; 0 removes. */
async function limit(entity: { [type: string]: string | null }, quotas: { [key: string]: number }) {
  const { entries } = await (await connect()).request(AlterClientQuotas, 1, {
    entries: [
      {
        entity: Object.entries(entity).map(([entityType, entityName]) => ({ entityType, entityName })),
        ops: Object.entries(quotas).map(([key, value]) => ({ key, value, remove: value === 0 })),
      },
    ],
    validateOnly: false,
  })
  expect(entries).toMatchObject([{ errorCode: 0 }])
}

const ME = { 'client-id': 'test' }

async function metricOf(name: string): Promise<number> {
  const line = (await broker.metrics()).split('\n').find(one => one.startsWith(`${name} `))
  return Number(line?.split(' ')[1])
}

const ping = (by = client) => by.request(ApiVersions, 0, {})

/** The connection answers nothing until so much time has passed. */
async function expectMuted(ms: number): Promise<void> {
  let isAnswered = false
  const answer = ping().then(() => {
    isAnswered = true
  })
  await clock.advance(ms - 1)
  await ping(await connect())
  expect(isAnswered).toBe(false)
  await clock.advance(1)
  await answer
}

const batch = (bytes: number) =>
  buildBatch([{ key: null, value: Buffer.alloc(bytes), timestamp: clock.wall() }])

/** What is sent besides the value, in version 9. */
const OVERHEAD_BYTES = 108

const requestOf = (bytes: number, acks: number) => ({
  acks,
  timeoutMs: 5_000,
  topicData: [{ name: 't', partitionData: [{ index: 0, records: batch(bytes - OVERHEAD_BYTES) }] }],
})

const send = (bytes: number, version = 9, clientId = 'test') =>
  client.request(Produce, version, requestOf(bytes, -1), clientId)

describe('a producer over its quota', () => {
  beforeEach(() => createTopic(client, 't'))

  test('has to wait until its rate is below it', async () => {
    await limit(ME, { producer_byte_rate: 100_000 })
    expect((await send(100_000)).throttleTimeMs).toBe(0)
    expect((await send(50_000)).throttleTimeMs).toBe(1_500)
    await expectMuted(1_500)
    expect((await send(20_000)).throttleTimeMs).toBe(200)
  })

  test.each([3, 5, 6, 13])('is answered at once, and then not read (version %i)', async version => {
    const topicId = version < 13 ? ZERO_UUID : await createdId('u')
    await limit(ME, { producer_byte_rate: 100_000 })
    const request = requestOf(200_000, 1)
    const topicData = request.topicData.map(topic => ({ ...topic, topicId }))
    const { throttleTimeMs, responses } = await client.request(Produce, version, { ...request, topicData })
    expect(responses[0]!.partitionResponses).toMatchObject([{ errorCode: 0 }])
    expect(Math.abs(throttleTimeMs - 2_000)).toBeLessThan(2)
    await expectMuted(throttleTimeMs)
    expect(await metricOf('loggerhead_throttled_total{kind="produce"}')).toBe(1)
    expect(await metricOf('loggerhead_throttled_seconds_total{kind="produce"}')).toBe(throttleTimeMs / 1_000)
  })

  test('that asks for no answers is not read either', async () => {
    await limit(ME, { producer_byte_rate: 100_000 })
    client.tell(Produce, 9, requestOf(140_000, 0))
    await expectMuted(1_400)
  })

  test('holds up neither other clients nor the stop of the broker', async () => {
    await limit(ME, { producer_byte_rate: 1_000 })
    expect((await send(50_000)).throttleTimeMs).toBe(50_000)
    await ping(await connect())
    expect(await metricOf('loggerhead_connections_muted')).toBe(1)
    await broker.close()
  })

  test('is limited no more when its quota is gone, and what it used is forgotten', async () => {
    const everyone = { 'client-id': null }
    await limit(everyone, { producer_byte_rate: 50_000 })
    expect((await send(50_000)).throttleTimeMs).toBe(0)
    expect(await metricOf('loggerhead_quota_accounts')).toBe(1)
    await limit(everyone, { producer_byte_rate: 0 })
    expect((await send(50_000)).throttleTimeMs).toBe(0)
    expect(await metricOf('loggerhead_quota_accounts')).toBe(0)
    await limit(everyone, { producer_byte_rate: 50_000 })
    expect((await send(50_000)).throttleTimeMs).toBe(0)
  })

  test('is counted by its client id, unless the quota is for its user', async () => {
    await limit({ 'client-id': null }, { producer_byte_rate: 100_000 })
    expect((await send(90_000, 9, 'a')).throttleTimeMs).toBe(0)
    expect((await send(90_000, 9, 'b')).throttleTimeMs).toBe(0)
    await limit({ user: 'ANONYMOUS' }, { producer_byte_rate: 100_000 })
    expect((await send(90_000, 9, 'a')).throttleTimeMs).toBe(0)
    expect((await send(60_000, 9, 'b')).throttleTimeMs).toBe(1_500)
  })
})

async function createdId(name: string): Promise<string> {
  const { topics } = await client.request(CreateTopics, 7, {
    topics: [{ name, numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] }],
    timeoutMs: 1_000,
  })
  return topics[0]!.topicId
}

describe('a consumer over its quota', () => {
  const fetchFrom = (fetchOffset: number, session = { sessionId: 0, sessionEpoch: 0 }, version = 11) =>
    client.request(Fetch, version, {
      maxWaitMs: 500,
      minBytes: 1,
      maxBytes: 1 << 20,
      ...session,
      topics: [{ topic: 't', partitions: [{ partition: 0, fetchOffset, partitionMaxBytes: 1 << 20 }] }],
    })
  const RECORD_BYTES = 60_000 - OVERHEAD_BYTES + 71

  beforeEach(async () => {
    await createTopic(client, 't')
    for (let i = 0; i < 4; i++) await send(60_000)
    await limit(ME, { consumer_byte_rate: RECORD_BYTES })
  })

  test.each([4, 7, 8, 11])(
    'gets an answer without records at once, and is not read (version %i)',
    async version => {
      const first = await fetchFrom(0, undefined, version)
      expect(first.throttleTimeMs).toBe(0)
      expect(valuesOf(first.responses[0]!.partitions[0]!.records)).toHaveLength(1)
      const second = await fetchFrom(1, undefined, version)
      expect(second).toMatchObject({ errorCode: 0, sessionId: 0, responses: [] })
      expect(Math.abs(second.throttleTimeMs - 2_000)).toBeLessThan(3)
      await expectMuted(second.throttleTimeMs)
      expect((await fetchFrom(1, undefined, version)).throttleTimeMs).toBe(0)
    },
  )

  test('keeps its session, and leaves none behind that it was not told of', async () => {
    const first = await fetchFrom(0)
    const session = { sessionId: first.sessionId, sessionEpoch: 1 }
    const throttled = await fetchFrom(1, session)
    expect(throttled).toMatchObject({ sessionId: first.sessionId, responses: [] })
    await expectMuted(throttled.throttleTimeMs)
    expect(await fetchFrom(1, { ...session, sessionEpoch: 2 })).toMatchObject({ throttleTimeMs: 0 })
    expect((await fetchFrom(2)).throttleTimeMs).toBeGreaterThan(0)
    expect(await metricOf('loggerhead_fetch_sessions')).toBe(1)
  })

  test('gets a batch that is larger than its quota, and waits for no more than that', async () => {
    await limit(ME, { consumer_byte_rate: 1_000 })
    const { records } = await fetchOnce(client, 't', 0, { minBytes: 1 << 20, maxWaitMs: 30_000 })
    expect(valuesOf(records)).toHaveLength(1)
  })

  test('waits for new records as everybody does', async () => {
    expect((await fetchFrom(0)).throttleTimeMs).toBe(0)
    let isAnswered = false
    const waiting = fetchFrom(4).then(answer => {
      isAnswered = true
      return answer
    })
    await clock.advance(400)
    await ping(await connect())
    expect(isAnswered).toBe(false)
    await clock.advance(200)
    expect((await waiting).throttleTimeMs).toBe(0)
  })
})

test('a client whose requests take too much time is slowed down, for a window at most', async () => {
  // The clock stands still while a request is served, so the handler of a slow one moves it.
  await limit(ME, { request_percentage: 1 })
  const mono = clock.mono.bind(clock)
  let busyMs = 0
  clock.mono = () => {
    clock.freeze(busyMs)
    return mono()
  }
  busyMs = 4
  expect((await client.request(ApiVersions, 1, {})).throttleTimeMs).toBe(0)
  busyMs = 500
  expect((await client.request(ApiVersions, 1, {})).throttleTimeMs).toBe(1_000)
  busyMs = 0
  expect(await metricOf('loggerhead_throttled_total{kind="request"}')).toBe(1)
  expect((await (await connect()).request(ApiVersions, 1, {}, 'other')).throttleTimeMs).toBe(0)
})

describe('partitions beyond the quota of changes', () => {
  const create = (name: string, numPartitions: number, version: number, validateOnly = false) =>
    client.request(CreateTopics, version, {
      topics: [{ name, numPartitions, replicationFactor: 1, assignments: [], configs: [] }],
      timeoutMs: 1_000,
      validateOnly,
    })
  const extend = (name: string, count: number) =>
    client.request(CreatePartitions, 3, {
      topics: [{ name, count, assignments: null }],
      timeoutMs: 1_000,
      validateOnly: false,
    })

  beforeEach(() => limit(ME, { controller_mutation_rate: 2 }))

  test('are refused to clients that understand it, and told how long to wait', async () => {
    // The bucket holds eleven windows, and may be overdrawn once.
    expect(await create('a', 23, 7)).toMatchObject({ throttleTimeMs: 0, topics: [{ errorCode: 0 }] })
    expect(await create('b', 1, 7)).toMatchObject({
      throttleTimeMs: 500,
      topics: [{ errorCode: TOO_MUCH, errorMessage: 'The throttling quota has been exceeded.' }],
    })
    await expectMuted(500)
    const deleted = await client.request(DeleteTopics, 5, { topicNames: ['a'], timeoutMs: 1_000 })
    expect(deleted.responses).toMatchObject([{ errorCode: 0 }])
    // What is wrong anyhow is said first.
    expect(await extend('b', 2)).toMatchObject({ throttleTimeMs: 0, results: [{ errorCode: 3 }] })
  })

  test('are made for older clients, who wait for what they took', async () => {
    expect(await create('a', 25, 5)).toMatchObject({ throttleTimeMs: 1_500, topics: [{ errorCode: 0 }] })
    await expectMuted(1_500)
  })

  test('count when they are only tried, added or deleted, too', async () => {
    expect(await create('a', 20, 7)).toMatchObject({ topics: [{ errorCode: 0 }] })
    expect(await create('b', 3, 7, true)).toMatchObject({ topics: [{ errorCode: 0 }] })
    expect(await extend('a', 21)).toMatchObject({ throttleTimeMs: 500, results: [{ errorCode: TOO_MUCH }] })
    await expectMuted(500)
    expect(await extend('a', 21)).toMatchObject({ throttleTimeMs: 0, results: [{ errorCode: 0 }] })
    const topics = [{ name: 'a', topicId: ZERO_UUID }]
    const deleted = await client.request(DeleteTopics, 6, { topics, timeoutMs: 1_000 })
    expect(deleted).toMatchObject({ throttleTimeMs: 500, responses: [{ errorCode: TOO_MUCH }] })
  })
})

test('connections beyond the quota of an address are closed after a while', async () => {
  await limit({ ip: '127.0.0.1' }, { connection_creation_rate: 5 })
  for (let i = 0; i < 5; i++) await ping(await connect())
  const refused = await connect()
  let isClosed = false
  void refused.closed.then(() => {
    isClosed = true
  })
  await clock.advance(999)
  await ping()
  expect(isClosed).toBe(false)
  await clock.advance(1)
  await refused.closed
  expect(await metricOf('loggerhead_throttled_total{kind="connection"}')).toBe(1)
})
