import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import {
  createTopic,
  fetchAll,
  fetchOnce,
  produce,
  startLiveBroker,
  temporaryFolder,
} from '../../../test/support/live-broker.ts'
import { RawClient } from '../../../test/support/raw-client.ts'
import { silentLogger } from '../../base/logger.ts'
import { MemoryDisk } from '../../base/memory-disk.ts'
import { nodeWorld } from '../../base/node/node-world.ts'
import { ErrorCode } from '../../protocol/errors.ts'
import { AlterReplicaLogDirs } from '../../protocol/messages/alter-replica-log-dirs.ts'
import { DeleteRecords } from '../../protocol/messages/delete-records.ts'
import { DeleteTopics } from '../../protocol/messages/delete-topics.ts'
import { DescribeLogDirs } from '../../protocol/messages/describe-log-dirs.ts'
import { DescribeProducers } from '../../protocol/messages/describe-producers.ts'
import { FindCoordinator } from '../../protocol/messages/find-coordinator.ts'
import { IncrementalAlterConfigs } from '../../protocol/messages/incremental-alter-configs.ts'
import { InitProducerId } from '../../protocol/messages/init-producer-id.ts'
import { OffsetCommit } from '../../protocol/messages/offset-commit.ts'
import { OffsetFetch } from '../../protocol/messages/offset-fetch.ts'
import { Produce } from '../../protocol/messages/produce.ts'
import { buildBatch } from '../../protocol/record.ts'
import { startBroker } from '../broker.ts'
import { loadConfig } from '../config.ts'

type Topics = { topic: string; partitions: number[] }[] | null

const describe = (client: RawClient, version = 4, topics: Topics = null) =>
  client.request(DescribeLogDirs, version, { topics })

async function alter(
  client: RawClient,
  path: string,
  partition = 0,
  topic = 't',
  version = 2,
): Promise<number> {
  const dirs = [{ path, topics: [{ name: topic, partitions: [partition] }] }]
  const { results } = await client.request(AlterReplicaLogDirs, version, { dirs })
  expect(results).toMatchObject([{ topicName: topic, partitions: [{ partitionIndex: partition }] }])
  return results[0]!.partitions[0]!.errorCode
}

async function startWithTwo(folders?: readonly [string, string], config: { [name: string]: number } = {}) {
  const [a, b] = folders ?? [await temporaryFolder(), await temporaryFolder()]
  const live = await startLiveBroker({ dataDir: a, config: { 'log.dirs': `${a},${b}`, ...config } })
  return { ...live, a, b }
}

/** The directories in which a partition is, by whether it is a future one there. */
async function placesOf(client: RawClient, topic = 't', partition = 0) {
  const { results } = await describe(client, 4, [{ topic, partitions: [partition] }])
  return results.flatMap(({ logDir, topics }) =>
    topics.flatMap(({ partitions }) => partitions.map(({ isFutureKey }) => ({ logDir, isFutureKey }))),
  )
}

/** The directory of a partition that does not move. */
async function placeOf(client: RawClient, topic = 't'): Promise<string> {
  const places = await placesOf(client, topic)
  expect(places).toMatchObject([{ isFutureKey: false }])
  return places[0]!.logDir
}

/** Asks until the partition is in the directory, and nowhere else. */
async function arrival(client: RawClient, directory: string, topic = 't'): Promise<void> {
  for (;;) {
    const places = await placesOf(client, topic)
    if (places.length === 1 && places[0]!.logDir === directory) return
  }
}

const other = ({ a, b }: { a: string; b: string }, directory: string) => (directory === a ? b : a)

test.each([1, 2, 3, 4, 5])(
  'version %i tells directories, their room, and the size of each replica',
  async version => {
    const { client, a, b } = await startWithTwo()
    await createTopic(client, 't', { partitions: 2 })
    for (const partition of [0, 1]) await produce(client, 't', ['x'.repeat(1_000)], { partition })
    const answer = await describe(client, version)
    expect(answer.errorCode).toBe(ErrorCode.NONE)
    expect(answer.results.map(({ logDir }) => logDir)).toEqual([a, b])
    for (const { errorCode, topics, totalBytes, usableBytes, isCordoned } of answer.results) {
      expect({ errorCode, isCordoned }).toEqual({ errorCode: ErrorCode.NONE, isCordoned: false })
      // Two partitions are spread over two directories; the log of the metadata is nobody's topic.
      expect(topics).toMatchObject([{ name: 't', partitions: [{ offsetLag: 0, isFutureKey: false }] }])
      expect(topics[0]!.partitions[0]!.partitionSize).toBeGreaterThan(1_000)
      if (version < 4) expect([totalBytes, usableBytes]).toEqual([-1, -1])
      else expect(totalBytes).toBeGreaterThanOrEqual(usableBytes)
      expect(usableBytes > 0).toBe(version >= 4)
    }
  },
)

test('only what was asked for is told', async () => {
  const { client } = await startWithTwo()
  await createTopic(client, 't', { partitions: 2 })
  await createTopic(client, 'u')
  const shown = async (topics: Topics) =>
    (await describe(client, 4, topics)).results
      .flatMap(result => result.topics)
      .flatMap(({ name, partitions }) => partitions.map(one => `${name}-${one.partitionIndex}`))
      .sort()
  expect(await shown(null)).toEqual(['t-0', 't-1', 'u-0'])
  expect(
    await shown([
      { topic: 't', partitions: [1, 7] },
      { topic: 'nope', partitions: [0] },
    ]),
  ).toEqual(['t-1'])
  expect(await shown([])).toEqual([])
})

test('a directory is named by its absolute path, as Kafka names it', async () => {
  const folder = await temporaryFolder()
  const { client } = await startLiveBroker({ dataDir: relative(process.cwd(), folder) })
  expect((await describe(client)).results.map(({ logDir }) => logDir)).toEqual([folder])
})

test('a partition moves with all its records while it is read and written, and stays after a restart', async () => {
  const first = await startWithTwo()
  await createTopic(first.client, 't', { configs: { 'segment.bytes': '1048576' } })
  const values: string[] = []
  const write = async (client: RawClient) => {
    const value = `${values.length} ${'x'.repeat(2_000)}`
    values.push(value)
    expect((await produce(client, 't', [value])).errorCode).toBe(ErrorCode.NONE)
  }
  for (let i = 0; i < 50; i++) await write(first.client)
  const from = await placeOf(first.client)
  const to = other(first, from)
  const writer = await first.connect()
  let isMoving = true
  const writing = (async () => {
    while (isMoving) await write(writer)
  })()
  expect(await alter(first.client, to)).toBe(ErrorCode.NONE)
  await arrival(first.client, to)
  isMoving = false
  await writing
  expect(await fetchAll(first.client, 't')).toEqual(values)
  await first.broker.close()
  expect((await readdir(from)).filter(name => name.startsWith('t-'))).toEqual([])
  expect((await readdir(to)).filter(name => name.startsWith('t-'))).toEqual(['t-0'])

  const second = await startWithTwo([first.a, first.b])
  expect(await placesOf(second.client)).toEqual([{ logDir: to, isFutureKey: false }])
  expect(await fetchAll(second.client, 't')).toEqual(values)
  await write(second.client)
  expect(await alter(second.client, from)).toBe(ErrorCode.NONE)
  await arrival(second.client, from)
  expect(await fetchAll(second.client, 't')).toEqual(values)
})

test('neither leader epoch nor producers change with the directory, and a long poll goes on', async () => {
  const live = await startWithTwo()
  const { client } = live
  await createTopic(client, 't')
  const { producerId } = await client.request(InitProducerId, 4, {
    transactionalId: null,
    transactionTimeoutMs: 0,
  })
  const batch = (baseSequence: number) =>
    buildBatch([{ value: `${baseSequence}`, timestamp: Date.now() }], {
      producerId,
      producerEpoch: 0,
      baseSequence,
    })
  for (const sequence of [0, 1]) await produce(client, 't', batch(sequence))
  const reader = await live.connect()
  const polled = fetchOnce(reader, 't', 2, { maxWaitMs: 20_000 })
  const logDir = await placeOf(client)
  expect(await alter(client, other(live, logDir), 0, 't', 1)).toBe(ErrorCode.NONE)
  await arrival(client, other(live, logDir))
  expect(await produce(client, 't', batch(1))).toMatchObject({ errorCode: 0, baseOffset: 1 }) // the copy of before
  expect((await produce(client, 't', batch(5))).errorCode).toBe(ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER)
  expect(await produce(client, 't', batch(2))).toMatchObject({ errorCode: 0, baseOffset: 2 })
  expect((await polled).highWatermark).toBe(3)
})

test('groups go on while their topic moves, and find their offsets after a restart', async () => {
  const config = { 'offsets.topic.num.partitions': 1 }
  const first = await startWithTwo(undefined, config)
  const { client, a, b } = first
  await createTopic(client, 't')
  await client.request(FindCoordinator, 3, { key: 'g' })
  let committed = 0
  const commit = async (on: RawClient) => {
    const partition = { partitionIndex: 0, committedOffset: ++committed, committedMetadata: null }
    const answer = await on.request(OffsetCommit, 7, {
      groupId: 'g',
      generationIdOrMemberEpoch: -1,
      memberId: '',
      topics: [{ name: 't', partitions: [partition] }],
    })
    expect(answer.topics[0]!.partitions[0]!.errorCode).toBe(ErrorCode.NONE)
  }
  await commit(client)
  const from = await placeOf(client, '__consumer_offsets')
  const to = other(first, from)
  const member = await first.connect()
  let isMoving = true
  const committing = (async () => {
    while (isMoving) await commit(member)
  })()
  expect(await alter(client, to, 0, '__consumer_offsets')).toBe(ErrorCode.NONE)
  await arrival(client, to, '__consumer_offsets')
  isMoving = false
  await committing
  const stored = async (on: RawClient) =>
    (await on.request(OffsetFetch, 5, { groupId: 'g', topics: null })).topics[0]!.partitions[0]!
      .committedOffset
  expect(await stored(client)).toBe(committed)
  await first.broker.close()
  const second = await startWithTwo([a, b], config)
  await second.client.request(FindCoordinator, 3, { key: 'g' })
  expect(await stored(second.client)).toBe(committed)
})

test('a damaged log is not moved, and tells of no producers', async () => {
  const first = await startWithTwo()
  await createTopic(first.client, 't')
  await produce(first.client, 't', ['a', 'b'])
  const from = await placeOf(first.client)
  await first.broker.close()
  const path = join(from, 't-0', '00000000000000000000.log')
  await writeFile(path, (await readFile(path)).subarray(0, 20))
  const { client, a, b } = await startWithTwo([first.a, first.b])
  expect(await alter(client, from === a ? b : a)).toBe(ErrorCode.KAFKA_STORAGE_ERROR)
  const { topics } = await client.request(DescribeProducers, 0, {
    topics: [{ name: 't', partitionIndexes: [0] }],
  })
  expect(topics[0]!.partitions[0]!.errorCode).toBe(ErrorCode.KAFKA_STORAGE_ERROR)
})

test('what cannot move is told by code, for each partition', async () => {
  const { client, a } = await startWithTwo()
  await createTopic(client, 't')
  expect(await alter(client, '/nowhere')).toBe(ErrorCode.LOG_DIR_NOT_FOUND)
  expect(await alter(client, a, 1)).toBe(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
  expect(await alter(client, a, 0, 'nope')).toBe(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
  const logDir = await placeOf(client)
  expect(await alter(client, logDir)).toBe(ErrorCode.NONE) // there already
  expect(await placesOf(client)).toEqual([{ logDir, isFutureKey: false }])
})

const brokers: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const one of brokers.splice(0).reverse()) await one.close()
})

/** On a disk that the test can break: the metadata is in /a. */
async function startOnMemory(disk = new MemoryDisk({ folders: ['/a', '/b'] }), settings = {}) {
  const config = loadConfig({
    overrides: { listeners: 'PLAINTEXT://127.0.0.1:0', 'log.dirs': '/a,/b', ...settings },
  })
  const broker = await startBroker({ config, logger: silentLogger, ...nodeWorld(), disk })
  brokers.push(broker)
  const connect = async () => {
    const client = await RawClient.connect(broker.listeners[0]!.port)
    brokers.push(client)
    return client
  }
  return { disk, client: await connect(), connect }
}

test('a replica on its way is shown in both directories, with what is still to be copied', async () => {
  const { disk, client } = await startOnMemory()
  await createTopic(client, 't')
  for (const value of ['a', 'b', 'c']) await produce(client, 't', [value])
  expect(await placesOf(client)).toEqual([{ logDir: '/b', isFutureKey: false }])
  let goOn = () => {}
  const isHeld = new Promise<void>(resolve => {
    goOn = resolve
  })
  disk.fail({ on: 'create', path: /-future\/.*\.log$/, wait: () => isHeld })
  expect(await alter(client, '/a')).toBe(ErrorCode.NONE)
  const { results } = await describe(client)
  expect(results).toMatchObject([
    { logDir: '/a', topics: [{ partitions: [{ partitionSize: 0, offsetLag: 3, isFutureKey: true }] }] },
    { logDir: '/b', topics: [{ partitions: [{ offsetLag: 0, isFutureKey: false }] }] },
  ])
  expect(await alter(client, '/a')).toBe(ErrorCode.NONE) // asked twice, it moves once
  goOn()
  await arrival(client, '/a')
  expect(await fetchAll(client, 't')).toEqual(['a', 'b', 'c'])
})

test('who appends at the last moment of a move waits, and comes in the order in which it was sent', async () => {
  const { disk, client, connect } = await startOnMemory()
  await createTopic(client, 't')
  const { producerId } = await client.request(InitProducerId, 4, {
    transactionalId: null,
    transactionTimeoutMs: 0,
  })
  const batch = (baseSequence: number) =>
    buildBatch([{ value: `${baseSequence}`, timestamp: Date.now() }], {
      producerId,
      producerEpoch: 0,
      baseSequence,
    })
  await produce(client, 't', batch(0))
  let goOn = () => {}
  const isHeld = new Promise<void>(resolve => {
    goOn = resolve
  })
  let isAtTheEnd = false
  const wait = () => {
    isAtTheEnd = true
    return isHeld
  }
  disk.fail({ on: 'rename', path: /-future$/, wait }) // appends wait by then
  expect(await alter(client, '/a')).toBe(ErrorCode.NONE)
  while (!isAtTheEnd) await describe(client)
  const writer = await connect()
  let answered = 0
  const sent = Array.from({ length: 8 }, async (_, i) => {
    const answer = await produce(writer, 't', batch(i + 1))
    answered++
    return answer
  })
  writer.tell(Produce, 9, {
    acks: 0,
    timeoutMs: 1_000,
    topicData: [{ name: 't', partitionData: [{ index: 0, records: batch(9) }] }],
  })
  const deleted = client.request(DeleteRecords, 2, {
    topics: [{ name: 't', partitions: [{ partitionIndex: 0, offset: 1 }] }],
    timeoutMs: 1_000,
  })
  const reader = await connect()
  for (let i = 0; i < 3; i++) expect(await fetchAll(reader, 't')).toEqual(['0']) // readers do not wait
  expect(answered).toBe(0)
  goOn()
  expect((await Promise.all(sent)).map(({ errorCode, baseOffset }) => [errorCode, baseOffset])).toEqual(
    sent.map((_, i) => [ErrorCode.NONE, i + 1]),
  )
  expect((await deleted).topics[0]!.partitions[0]).toMatchObject({ errorCode: 0, lowWatermark: 1 })
  await arrival(client, '/a')
  expect(await produce(writer, 't', batch(10))).toMatchObject({ errorCode: 0, baseOffset: 10 })
  expect(await fetchAll(client, 't', 1)).toEqual(['1', '2', '3', '4', '5', '6', '7', '8', '9', '10'])
})

test('a move ends when its topic is deleted, or when the partition is told to stay', async () => {
  const { disk, client } = await startOnMemory()
  await createTopic(client, 't')
  await produce(client, 't', ['a'])
  for (const end of ['stay', 'delete']) {
    let goOn = () => {}
    const isHeld = new Promise<void>(resolve => {
      goOn = resolve
    })
    disk.fail({ on: 'create', path: /-future\/.*\.log$/, wait: () => isHeld })
    expect(await alter(client, '/a')).toBe(ErrorCode.NONE)
    expect(await placesOf(client)).toHaveLength(2)
    const ended =
      end === 'stay'
        ? alter(client, '/b')
        : client.request(DeleteTopics, 3, { topicNames: ['t'], timeoutMs: 1_000 })
    if (end === 'stay') await ended
    goOn()
    await ended
    if (end === 'stay') expect(await placesOf(client)).toEqual([{ logDir: '/b', isFutureKey: false }])
    if (end === 'stay') expect(await fetchAll(client, 't')).toEqual(['a'])
    while ((await disk.list('/a')).some(name => name.endsWith('-future'))) await describe(client)
  }
  expect(await placesOf(client)).toEqual([])
  expect((await disk.list('/a')).filter(name => name.startsWith('t-'))).toEqual([])
})

test('nothing moves to a disk that is nearly full', async () => {
  const disk = new MemoryDisk({ folders: ['/a', '/b'], quotaBytes: 20 << 20 })
  const filler = await disk.open('/filler', { mode: 'create' })
  await filler.write(0, [Buffer.alloc((20 << 20) - 900_000)]) // the reserve is a twentieth of the disk
  const { client } = await startOnMemory(disk, { 'loggerhead.journal.bytes': 1 << 20 })
  await createTopic(client, 't')
  const logDir = await placeOf(client)
  expect(await alter(client, logDir === '/a' ? '/b' : '/a')).toBe(ErrorCode.KAFKA_STORAGE_ERROR)
  expect(await alter(client, logDir)).toBe(ErrorCode.NONE)
})

test('a cordoned directory takes no new partitions, until it is not cordoned any more', async () => {
  const { client } = await startOnMemory(undefined, { 'cordoned.log.dirs': '/b' })
  const cordon = async (value: string) => {
    const configs = [{ name: 'cordoned.log.dirs', configOperation: 0, value }]
    const resources = [{ resourceType: 4, resourceName: '1', configs }]
    const { responses } = await client.request(IncrementalAlterConfigs, 1, { resources, validateOnly: false })
    return responses[0]!.errorCode
  }
  await createTopic(client, 't', { partitions: 2 })
  expect(await placesOf(client, 't', 0)).toEqual([{ logDir: '/a', isFutureKey: false }])
  expect(await placesOf(client, 't', 1)).toEqual([{ logDir: '/a', isFutureKey: false }])
  expect((await describe(client, 5)).results.map(({ isCordoned }) => isCordoned)).toEqual([false, true])
  expect(await alter(client, '/b')).toBe(ErrorCode.INVALID_REPLICA_ASSIGNMENT)
  expect(await cordon('*')).toBe(ErrorCode.NONE)
  expect((await createTopic(client, 'u')).errorCode).toBe(ErrorCode.INVALID_REPLICATION_FACTOR)
  expect(await cordon('/b,/c')).toBe(ErrorCode.INVALID_REQUEST)
  expect(await cordon('')).toBe(ErrorCode.NONE)
  expect((await createTopic(client, 'u')).errorCode).toBe(ErrorCode.NONE)
  expect(await alter(client, '/b')).toBe(ErrorCode.NONE)
  await arrival(client, '/b')
  const wrong = { 'log.dirs': '/a', 'cordoned.log.dirs': '/c' }
  expect(() => loadConfig({ overrides: wrong })).toThrow(/not in log.dirs: \/c/)
})

test('an offline directory has an error in place of its replicas, and nothing moves there', async () => {
  const { disk, client } = await startOnMemory()
  await createTopic(client, 't', { partitions: 2 }) // 0 in /b, 1 in /a
  disk.fail({ on: 'write', path: '/b/journal', code: 'EIO', times: 100 })
  expect((await produce(client, 't', ['a'])).errorCode).toBe(ErrorCode.KAFKA_STORAGE_ERROR)
  const { results } = await describe(client)
  expect(results).toMatchObject([
    { logDir: '/a', errorCode: ErrorCode.NONE, topics: [{ partitions: [{ partitionIndex: 1 }] }] },
    { logDir: '/b', errorCode: ErrorCode.KAFKA_STORAGE_ERROR, topics: [], totalBytes: -1, usableBytes: -1 },
  ])
  expect(await alter(client, '/b', 1)).toBe(ErrorCode.KAFKA_STORAGE_ERROR)
  expect(await alter(client, '/a', 0)).toBe(ErrorCode.KAFKA_STORAGE_ERROR)
})
