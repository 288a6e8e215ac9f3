import { describe, expect, test } from 'vitest'
import { subscription } from '../../test/support/group-script.ts'
import {
  createTopic,
  fetchAll,
  fetchOnce,
  produce,
  startLiveBroker,
  temporaryFolder,
} from '../../test/support/live-broker.ts'
import type { RawClient } from '../../test/support/raw-client.ts'
import { createBroker } from '../index.ts'
import { encode } from '../protocol/codec.ts'
import { ErrorCode } from '../protocol/errors.ts'
import { ConsumerProtocolAssignment } from '../protocol/internal/consumer-protocol.ts'
import { AlterClientQuotas } from '../protocol/messages/alter-client-quotas.ts'
import { DescribeClientQuotas } from '../protocol/messages/describe-client-quotas.ts'
import { FindCoordinator } from '../protocol/messages/find-coordinator.ts'
import { Heartbeat } from '../protocol/messages/heartbeat.ts'
import { IncrementalAlterConfigs } from '../protocol/messages/incremental-alter-configs.ts'
import { InitProducerId } from '../protocol/messages/init-producer-id.ts'
import { JoinGroup } from '../protocol/messages/join-group.ts'
import { Metadata } from '../protocol/messages/metadata.ts'
import { OffsetCommit } from '../protocol/messages/offset-commit.ts'
import { SyncGroup } from '../protocol/messages/sync-group.ts'
import { buildBatch } from '../protocol/record.ts'

/** Joins alone, with partition 0 of `orders`, and gives the member's id. */
async function joinGroup(client: RawClient, groupId: string): Promise<string> {
  await client.request(FindCoordinator, 3, { key: groupId })
  const joined = await client.request(JoinGroup, 3, {
    groupId,
    sessionTimeoutMs: 10_000,
    rebalanceTimeoutMs: 10_000,
    memberId: '',
    protocolType: 'consumer',
    protocols: [{ name: 'range', metadata: subscription(['orders']) }],
  })
  const { memberId, generationId } = joined
  const assigned = encode(ConsumerProtocolAssignment, 0, {
    assignedPartitions: [{ topic: 'orders', partitions: [1, 0] }],
  })
  const assignment = Buffer.concat([Buffer.from([0, 0]), assigned])
  const assignments = [{ memberId, assignment }]
  const synced = await client.request(SyncGroup, 3, { groupId, generationId, memberId, assignments })
  expect(synced.errorCode).toBe(0)
  return memberId
}

function commit(client: RawClient, groupId: string, committedOffset: number) {
  const partitions = [{ partitionIndex: 0, committedOffset, committedMetadata: 'note' }]
  const topics = [{ name: 'orders', partitions }]
  return client.request(OffsetCommit, 7, { groupId, generationIdOrMemberEpoch: -1, memberId: '', topics })
}

describe('topics', () => {
  test('of the options are there when the broker is', async () => {
    const { broker, client } = await startLiveBroker({
      topics: ['plain', { name: 'orders', partitions: 3, config: { 'cleanup.policy': 'compact' } }],
    })
    expect(broker.topics().map(({ name, partitions }) => [name, partitions.length])).toEqual([
      ['orders', 3],
      ['plain', 1],
    ])
    expect(broker.topic('orders')!.config).toEqual({ 'cleanup.policy': 'compact' })
    const { topics } = await client.request(Metadata, 8, { topics: [{ name: 'orders' }] })
    expect(topics[0]!.partitions).toHaveLength(3)
  })

  test('of the options may be there already', async () => {
    const dataDir = await temporaryFolder()
    const first = await startLiveBroker({ dataDir, topics: ['t'] })
    await first.broker.produce('t', [{ value: 'kept' }])
    await first.broker.close()
    const second = await startLiveBroker({ dataDir, topics: ['t', 'u'] })
    expect(await second.broker.records('t')).toMatchObject([{ value: 'kept' }])
    expect(second.broker.topics()).toHaveLength(2)
  })

  test('of the options that cannot be stop the start', async () => {
    await expect(createBroker({ topics: ['good', 'a/b'] })).rejects.toThrow(
      'topic a/b: a topic name consists of',
    )
  })

  test('tell where their partitions begin and end, and how large they are', async () => {
    const { broker, client } = await startLiveBroker({ topics: [{ name: 't', partitions: 2 }] })
    await produce(client, 't', ['a', 'b'], { partition: 1 })
    const { partitions, id, isInternal } = broker.topic('t')!
    expect(id).toHaveLength(22)
    expect(isInternal).toBe(false)
    expect(partitions).toMatchObject([
      { partition: 0, startOffset: 0, endOffset: 0, bytes: 0 },
      { partition: 1, startOffset: 0, endOffset: 2 },
    ])
    expect(partitions[1]!.bytes).toBeGreaterThan(61)
    expect(broker.topic('unknown')).toBeUndefined()
  })

  test('are created and deleted without a client', async () => {
    const { broker } = await startLiveBroker()
    expect(await broker.createTopic('t', { partitions: 2 })).toMatchObject({ name: 't' })
    await expect(broker.createTopic('t')).rejects.toMatchObject({ error: 'TOPIC_ALREADY_EXISTS' })
    await broker.deleteTopic('t')
    expect(broker.topics()).toEqual([])
    await expect(broker.deleteTopic('t')).rejects.toThrow('there is no topic t')
  })

  test('of the broker itself are shown to who asks for them', async () => {
    const { broker, client } = await startLiveBroker()
    await client.request(FindCoordinator, 3, { key: 'g' })
    expect(broker.topics()).toEqual([])
    expect(broker.topics({ internal: true })).toMatchObject([
      { name: '__consumer_offsets', isInternal: true },
    ])
    expect(broker.topic('__consumer_offsets')!.partitions).toHaveLength(50)
  })
})

describe('records', () => {
  test('are read as clients wrote them', async () => {
    const { broker, client } = await startLiveBroker({ topics: ['t'] })
    const timestamp = Date.now()
    const batch = buildBatch(
      [
        {
          key: 'k',
          value: '{"total":5}',
          timestamp,
          headers: [
            { key: 'source', value: 'web' },
            { key: 'tag', value: 'a' },
            { key: 'tag', value: null },
            { key: '__proto__', value: 'x' },
          ],
        },
        { key: null, value: null, timestamp: timestamp + 1 },
      ],
      { compression: 'gzip' },
    )
    await produce(client, 't', batch)
    const records = await broker.records('t')
    expect(records).toEqual([
      {
        partition: 0,
        offset: 0,
        key: 'k',
        value: '{"total":5}',
        headers: Object.fromEntries<unknown>([
          ['source', 'web'],
          ['tag', ['a', null]],
          ['__proto__', 'x'],
        ]),
        timestamp,
      },
      { partition: 0, offset: 1, key: null, value: null, headers: {}, timestamp: timestamp + 1 },
    ])
    const [parsed, empty] = await broker.records<{ total: number } | null>('t', { as: 'json' })
    expect(parsed!.value!.total).toBe(5)
    expect(empty!.value).toBeNull()
    const [raw] = await broker.records('t', { as: 'buffer' })
    expect(raw!.key).toEqual(Buffer.from('k'))
    expect(raw!.headers.source).toEqual(Buffer.from('web'))
  })

  test('come by partition, from an offset on', async () => {
    const { broker, client } = await startLiveBroker({ topics: [{ name: 't', partitions: 2 }] })
    for (const partition of [1, 0]) await produce(client, 't', ['a', 'b', 'c'], { partition })
    const places = (await broker.records('t', { from: 1 })).map(({ partition, offset }) => [
      partition,
      offset,
    ])
    expect(places).toEqual([
      [0, 1],
      [0, 2],
      [1, 1],
      [1, 2],
    ])
    expect(await broker.records('t', { partition: 1, from: 2 })).toMatchObject([{ value: 'c' }])
    expect(await broker.records('t', { from: 99 })).toEqual([])
    await expect(broker.records('t', { partition: 2 })).rejects.toThrow('no partition 2 of topic t')
    await expect(broker.records('unknown')).rejects.toThrow('no topic unknown')
  })

  test('are read from their files as well', async () => {
    const { broker } = await startLiveBroker({
      dataDir: await temporaryFolder(),
      config: { 'loggerhead.tail.cache.bytes': 0 },
      topics: ['t'],
    })
    for (let i = 0; i < 20; i++) await broker.produce('t', [{ value: `${i} ${'x'.repeat(100_000)}` }])
    const values = (await broker.records('t')).map(({ value }) => Number.parseInt(value!, 10))
    expect(values).toEqual(Array.from({ length: 20 }, (_, i) => i))
  })

  test('are written without a client, where a client would put them', async () => {
    const { broker, client } = await startLiveBroker({ topics: [{ name: 't', partitions: 3 }] })
    const places = await broker.produce('t', [
      { key: 'foobar', value: 'keyed', headers: { source: 'test', tag: ['a', 'b'] } },
      { key: 'foobar', value: Buffer.from('again') },
      { value: 'first without a key' },
      { value: 'second' },
      { value: 'chosen', partition: 2, timestamp: 1_700_000_000_000 },
    ])
    // murmur2('foobar') & 0x7fffffff = 1_357_151_166
    expect(places.map(({ partition }) => partition)).toEqual([0, 0, 0, 1, 2])
    expect(places[1]).toEqual({ partition: 0, offset: 1 })
    expect(await fetchAll(client, 't', 0, 0)).toEqual(['keyed', 'again', 'first without a key'])
    expect(await broker.records('t', { partition: 0 })).toMatchObject([
      { headers: { source: 'test', tag: ['a', 'b'] } },
      {},
      {},
    ])
    expect(await broker.records('t', { partition: 2 })).toMatchObject([{ timestamp: 1_700_000_000_000 }])
    await expect(broker.produce('t', [{ partition: 9 }])).rejects.toThrow('no partition 9 of topic t')
  })

  test('make their topic, where the broker allows that', async () => {
    const { broker } = await startLiveBroker()
    await broker.produce('new', [{ value: 'a' }])
    expect(await broker.records('new')).toHaveLength(1)
    const strict = await startLiveBroker({ config: { 'auto.create.topics.enable': false } })
    await expect(strict.broker.produce('new', [{ value: 'a' }])).rejects.toThrow('there is no topic new')
  })
})

test('records go to a topic while another is creating it', async () => {
  const { broker, client } = await startLiveBroker({ dataDir: await temporaryFolder() })
  const names = Array.from({ length: 20 }, (_, i) => `t${i}`)
  const created = names.map(name => createTopic(client, name, { partitions: 3 }))
  const [last] = names.slice(-1)
  while (!broker.topic(last!)) await new Promise(resolve => setImmediate(resolve))
  await Promise.all(names.map(name => broker.produce(name, [{ value: name }])))
  for (const name of names) expect(await broker.records(name)).toMatchObject([{ value: name }])
  await Promise.all(created)
})

describe('groups', () => {
  test('show members, assignments, offsets and lag', async () => {
    const { broker, client } = await startLiveBroker({ topics: [{ name: 'orders', partitions: 2 }] })
    await broker.produce(
      'orders',
      [{ value: 'a' }, { value: 'b' }, { value: 'c' }].map(to => ({ ...to, partition: 0 })),
    )
    expect(await broker.groups()).toEqual([])
    expect(await broker.group('billing')).toBeUndefined()
    const memberId = await joinGroup(client, 'billing')
    await client.request(FindCoordinator, 3, { key: 'audit' })
    await commit(client, 'audit', 1)
    expect(await broker.group('billing')).toEqual({
      id: 'billing',
      state: 'Stable',
      protocolType: 'consumer',
      assignor: 'range',
      members: [
        {
          id: memberId,
          clientId: 'test',
          clientHost: '127.0.0.1',
          instanceId: undefined,
          assignment: [
            { topic: 'orders', partition: 0 },
            { topic: 'orders', partition: 1 },
          ],
        },
      ],
      offsets: [],
      lag: 0,
    })
    expect(await broker.groups()).toMatchObject([
      {
        id: 'audit',
        state: 'Empty',
        offsets: [{ topic: 'orders', partition: 0, offset: 1, metadata: 'note', lag: 2 }],
        lag: 2,
      },
      { id: 'billing' },
    ])
    expect(await broker.group('unknown')).toBeUndefined()
  })

  test('form at once in development mode', async () => {
    const { client } = await startLiveBroker({ topics: ['orders'] })
    await client.request(FindCoordinator, 3, { key: 'warm-up' })
    const began = performance.now()
    await joinGroup(client, 'g')
    // Apache Kafka waits 3 s for others to join.
    expect(performance.now() - began).toBeLessThan(500)
  })
})

describe('reset', () => {
  test('leaves the topics of the options, empty, and nothing else', async () => {
    const { broker, client } = await startLiveBroker({ topics: ['orders'] })
    const id = broker.topic('orders')!.id
    await createTopic(client, 'other')
    await produce(client, 'orders', ['a'])
    await joinGroup(client, 'g')
    await commit(client, 'g2', 1)
    broker.faults.error('Produce', 'NOT_LEADER_OR_FOLLOWER')
    await broker.reset()
    expect(broker.topics({ internal: true }).map(({ name }) => name)).toEqual(['orders'])
    expect(broker.topic('orders')!.id).not.toBe(id)
    expect(await broker.records('orders')).toEqual([])
    expect(await broker.groups()).toEqual([])
    expect(await produce(client, 'orders', ['b'])).toMatchObject({ errorCode: 0, baseOffset: 0 })
  })

  test('keeps connections; their clients see what is gone, and begin anew', async () => {
    const { broker, client } = await startLiveBroker({ topics: ['orders'] })
    const { port } = broker
    const memberId = await joinGroup(client, 'g')
    await broker.reset()
    expect(broker.port).toBe(port)
    const beat = () => client.request(Heartbeat, 3, { groupId: 'g', generationId: 1, memberId })
    expect((await beat()).errorCode).toBe(ErrorCode.NOT_COORDINATOR)
    await client.request(FindCoordinator, 3, { key: 'g' })
    expect((await beat()).errorCode).toBe(ErrorCode.UNKNOWN_MEMBER_ID)
    await joinGroup(client, 'g')
  })

  test('undoes changes of settings', async () => {
    const { broker, client } = await startLiveBroker({ topics: ['orders'], config: { 'num.partitions': 2 } })
    const set = (resourceType: number, resourceName: string, name: string, value: string) =>
      client.request(IncrementalAlterConfigs, 1, {
        resources: [{ resourceType, resourceName, configs: [{ name, configOperation: 0, value }] }],
        validateOnly: false,
      })
    await set(4, '', 'message.max.bytes', '100')
    await set(2, 'orders', 'max.message.bytes', '100')
    const large = () => produce(client, 'orders', ['x'.repeat(1_000)])
    expect((await large()).errorCode).toBe(ErrorCode.MESSAGE_TOO_LARGE)
    await broker.reset()
    expect((await large()).errorCode).toBe(ErrorCode.NONE)
    await createTopic(client, 'other')
    expect((await produce(client, 'other', ['x'.repeat(1_000)])).errorCode).toBe(ErrorCode.NONE)
    expect(broker.topic('orders')!.partitions).toHaveLength(2)
  })

  test('removes quotas', async () => {
    const { broker, client } = await startLiveBroker()
    const entity = [{ entityType: 'client-id', entityName: 'test' }]
    const ops = [{ key: 'producer_byte_rate', value: 1_000, remove: false }]
    await client.request(AlterClientQuotas, 1, { entries: [{ entity, ops }], validateOnly: false })
    const quotas = () => client.request(DescribeClientQuotas, 1, { components: [], strict: false })
    expect((await quotas()).entries).toHaveLength(1)
    await broker.reset()
    expect((await quotas()).entries).toEqual([])
  })

  test('forgets the sequences of producers', async () => {
    const { broker, client } = await startLiveBroker({ topics: ['orders'] })
    const init = () => client.request(InitProducerId, 4, { transactionalId: null, transactionTimeoutMs: 0 })
    const { producerId } = await init()
    const batch = () =>
      buildBatch([{ value: 'a', timestamp: Date.now() }], { producerId, producerEpoch: 0, baseSequence: 0 })
    await produce(client, 'orders', batch())
    expect(await produce(client, 'orders', batch())).toMatchObject({ errorCode: 0, baseOffset: 0 })
    await broker.reset()
    await produce(client, 'orders', batch())
    expect(await broker.records('orders')).toHaveLength(1)
    expect((await init()).producerId).toBeGreaterThan(producerId)
  })

  test('answers who waits', async () => {
    const { broker, client, connect } = await startLiveBroker()
    await createTopic(client, 't')
    const waiting = fetchOnce(await connect(), 't', 0, { maxWaitMs: 20_000 })
    await client.request(Metadata, 8, { topics: [] }) // meanwhile the fetch has come
    await broker.reset()
    expect((await waiting).errorCode).toBe(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
  })

  test('may be asked for several times at once', async () => {
    const { broker } = await startLiveBroker({ topics: ['t'] })
    await Promise.all([broker.reset(), broker.reset(), broker.reset()])
    expect(broker.topics()).toHaveLength(1)
  })
})

test('several brokers know nothing of each other', async () => {
  await using first = await createBroker({ topics: ['t'] })
  await using second = await createBroker({ topics: ['t'] })
  await first.produce('t', [{ value: 'a' }])
  first.faults.error('Metadata', 'UNKNOWN_SERVER_ERROR')
  expect(first.port).not.toBe(second.port)
  expect(await second.records('t')).toEqual([])
})
