import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import {
  createTopic,
  fetchAll,
  fetchOnce,
  produce,
  startLiveBroker,
  temporaryFolder,
  valuesOf,
} from '../../test/support/live-broker.ts'
import { RawClient } from '../../test/support/raw-client.ts'
import { createBroker } from '../index.ts'
import { ErrorCode } from '../protocol/errors.ts'
import { DescribeCluster } from '../protocol/messages/describe-cluster.ts'
import { FindCoordinator } from '../protocol/messages/find-coordinator.ts'
import { InitProducerId } from '../protocol/messages/init-producer-id.ts'
import { JoinGroup } from '../protocol/messages/join-group.ts'
import { ListOffsets } from '../protocol/messages/list-offsets.ts'
import { Metadata } from '../protocol/messages/metadata.ts'
import { OffsetCommit } from '../protocol/messages/offset-commit.ts'
import { OffsetFetch } from '../protocol/messages/offset-fetch.ts'
import { OffsetForLeaderEpoch } from '../protocol/messages/offset-for-leader-epoch.ts'
import { buildBatch } from '../protocol/record.ts'

let dataDir: string
beforeEach(async () => {
  dataDir = await temporaryFolder()
})

test('keeps topics, records, offsets and producers over a restart, in a new leader epoch', async () => {
  const first = await startLiveBroker({ dataDir })
  await createTopic(first.client, 't', { partitions: 2 })
  const { producerId } = await first.client.request(InitProducerId, 4, {
    transactionalId: null,
    transactionTimeoutMs: 0,
  })
  const batch = buildBatch([{ value: 'a', timestamp: Date.now() }], {
    producerId,
    producerEpoch: 0,
    baseSequence: 0,
  })
  await produce(first.client, 't', batch)
  await first.client.request(FindCoordinator, 3, { key: 'g' })
  const commit = {
    groupId: 'g',
    generationIdOrMemberEpoch: -1,
    memberId: '',
    topics: [
      { name: 't', partitions: [{ partitionIndex: 0, committedOffset: 1, committedMetadata: 'note' }] },
    ],
  }
  expect((await first.client.request(OffsetCommit, 7, commit)).topics[0]!.partitions[0]!.errorCode).toBe(0)
  await first.broker.close()

  const second = await startLiveBroker({ dataDir })
  expect(second.broker.clusterId).toBe(first.broker.clusterId)
  const again = buildBatch([{ value: 'a', timestamp: Date.now() }], {
    producerId,
    producerEpoch: 0,
    baseSequence: 0,
  })
  expect(await produce(second.client, 't', again)).toMatchObject({ errorCode: 0, baseOffset: 0 })
  expect(await produce(second.client, 't', ['b'])).toMatchObject({ baseOffset: 1 })
  expect(await fetchAll(second.client, 't')).toEqual(['a', 'b'])
  const offsets = await second.client.request(OffsetFetch, 7, {
    groupId: 'g',
    topics: [{ name: 't', partitionIndexes: [0] }],
  })
  expect(offsets.topics[0]!.partitions[0]).toMatchObject({ committedOffset: 1, metadata: 'note' })
  const other = await second.client.request(InitProducerId, 4, {
    transactionalId: null,
    transactionTimeoutMs: 0,
  })
  expect(other.producerId).toBeGreaterThan(producerId)

  const epochs = await second.client.request(OffsetForLeaderEpoch, 3, {
    topics: [{ topic: 't', partitions: [{ partition: 0, leaderEpoch: 0 }] }],
  })
  expect(epochs.topics[0]!.partitions[0]).toMatchObject({ errorCode: 0, leaderEpoch: 0, endOffset: 1 })
})

test('a second broker on the same folder is told who holds it', async () => {
  const first = await createBroker({ dataDir })
  await expect(createBroker({ dataDir })).rejects.toThrow(/in use by .*loggerhead/)
  await first.close()
  await (await createBroker({ dataDir })).close()
})

test('a folder of an unknown format, of another node or of Kafka stops the start, untouched', async () => {
  await (await createBroker({ dataDir })).close()
  const meta = join(dataDir, 'meta.properties')
  const text = await readFile(meta, 'utf8')
  for (const [change, message] of [
    [text.replace('format.version=1', 'format.version=99'), /format version 99/],
    [text.replace('node.id=1', 'node.id=4'), /belongs to node 4/],
    [text.replace(/loggerhead.*\n/, ''), /written by Apache Kafka/],
  ] as const) {
    await writeFile(meta, change)
    const before = (await readdir(dataDir)).sort()
    await expect(createBroker({ dataDir })).rejects.toThrow(message)
    expect((await readdir(dataDir)).sort()).toEqual(before)
  }
  await writeFile(meta, text)
  await (await createBroker({ dataDir })).close()
})

test('spreads logs over several directories, and finds them again', async () => {
  const dirs = [join(dataDir, 'a'), join(dataDir, 'b')]
  const config = { 'log.dirs': dirs.join(',') }
  const first = await startLiveBroker({ dataDir, config })
  await createTopic(first.client, 't', { partitions: 6 })
  for (let partition = 0; partition < 6; partition++)
    await produce(first.client, 't', [`p${partition}`], { partition })
  await first.broker.close()
  for (const dir of dirs) {
    expect((await readdir(dir)).filter(name => name.startsWith('t-')).length).toBeGreaterThanOrEqual(2)
  }
  const second = await startLiveBroker({ dataDir, config })
  for (let partition = 0; partition < 6; partition++) {
    expect(valuesOf((await fetchOnce(second.client, 't', 0, { partition })).records)).toEqual([
      `p${partition}`,
    ])
  }
})

test('serves no partition whose log directory is missing, until it is back', async () => {
  const dirs = [join(dataDir, 'a'), join(dataDir, 'b')]
  const both = { 'log.dirs': dirs.join(',') }
  const first = await startLiveBroker({ dataDir, config: both })
  await createTopic(first.client, 't', { partitions: 4 })
  for (let partition = 0; partition < 4; partition++)
    await produce(first.client, 't', ['kept'], { partition })
  await first.broker.close()

  const without = await startLiveBroker({ dataDir, config: { 'log.dirs': dirs[0]! } })
  const codes = new Map<number, number[]>()
  for (let partition = 0; partition < 4; partition++) {
    const { errorCode } = await fetchOnce(without.client, 't', 0, { partition })
    codes.set(errorCode, [...(codes.get(errorCode) ?? []), partition])
    expect((await produce(without.client, 't', ['more'], { partition })).errorCode).toBe(errorCode)
  }
  expect([...codes.keys()].sort()).toEqual([ErrorCode.NONE, ErrorCode.KAFKA_STORAGE_ERROR])
  await without.broker.close()

  const again = await startLiveBroker({ dataDir, config: both })
  for (const [errorCode, partitions] of codes) {
    const values = errorCode === ErrorCode.NONE ? ['kept', 'more'] : ['kept']
    for (const partition of partitions)
      expect(valuesOf((await fetchOnce(again.client, 't', 0, { partition })).records)).toEqual(values)
  }
})

test('sends clients back to the address at which they arrived', async () => {
  const broker = await createBroker({ host: 'localhost' })
  for (const { host } of broker.listeners) {
    const client = await RawClient.connect(broker.port, host)
    const { brokers } = await client.request(Metadata, 5, { topics: [] })
    expect(brokers).toMatchObject([{ host, port: broker.port }])
    const cluster = await client.request(DescribeCluster, 0, { includeClusterAuthorizedOperations: true })
    expect(cluster.brokers).toMatchObject([{ brokerId: 1, host, port: broker.port }])
    await client.close()
  }
  await broker.close()
})

test('sends clients to the advertised address where there is one', async () => {
  const config = { 'advertised.listeners': 'PLAINTEXT://kafka.example:19092' }
  const { client } = await startLiveBroker({ config })
  const { brokers } = await client.request(Metadata, 5, { topics: [] })
  expect(brokers).toMatchObject([{ host: 'kafka.example', port: 19092 }])
})

test('answers what is in flight before it closes', async () => {
  const { broker, client } = await startLiveBroker({ dataDir })
  await createTopic(client, 't')
  const answers = Array.from({ length: 50 }, (_, i) => produce(client, 't', [String(i)]))
  await new Promise(resolve => setTimeout(resolve, 2))
  const closing = broker.close()
  const settled = await Promise.allSettled(answers)
  await closing
  const acked = settled.filter(one => one.status === 'fulfilled').length
  const again = await startLiveBroker({ dataDir })
  expect((await fetchAll(again.client, 't')).length).toBeGreaterThanOrEqual(acked)
})

describe('who waits does not hold up the end:', () => {
  async function closeMs(broker: { close(): Promise<void> }): Promise<number> {
    const began = performance.now()
    await broker.close()
    return performance.now() - began
  }

  test('a fetch is answered with what there is', async () => {
    const { broker, client, connect } = await startLiveBroker()
    await createTopic(client, 't')
    const waiting = fetchOnce(await connect(), 't', 0, { maxWaitMs: 20_000 })
    await client.request(Metadata, 5, { topics: [] }) // meanwhile the fetch has come
    expect(await closeMs(broker)).toBeLessThan(1_000)
    expect(await waiting).toMatchObject({ errorCode: 0, highWatermark: 0 })
  })

  test('the member of a group is sent away', async () => {
    const config = { 'group.initial.rebalance.delay.ms': 20_000 }
    const { broker, client, connect } = await startLiveBroker({ config })
    const member = await connect()
    await member.request(FindCoordinator, 3, { key: 'g' })
    const joining = member.request(JoinGroup, 3, {
      groupId: 'g',
      sessionTimeoutMs: 10_000,
      rebalanceTimeoutMs: 30_000,
      memberId: '',
      protocolType: 'consumer',
      protocols: [{ name: 'range', metadata: Buffer.alloc(0) }],
    })
    await client.request(Metadata, 5, { topics: [] })
    expect(await closeMs(broker)).toBeLessThan(1_000)
    expect((await joining).errorCode).toBe(ErrorCode.NOT_COORDINATOR)
  })
})

test('what transactions need is refused at once with an error that clients do not retry', async () => {
  const { client } = await startLiveBroker()
  const found = await client.request(FindCoordinator, 4, { keyType: 1, coordinatorKeys: ['tx'] })
  expect(found.coordinators[0]!.errorCode).toBe(ErrorCode.INVALID_REQUEST)
  const init = await client.request(InitProducerId, 4, {
    transactionalId: 'tx',
    transactionTimeoutMs: 60_000,
  })
  expect(init.errorCode).toBe(ErrorCode.INVALID_REQUEST)
})

test('finds offsets by time, exact to the record, in every compression', async () => {
  const { client } = await startLiveBroker()
  await createTopic(client, 't')
  const start = Date.now() - 100_000
  let offset = 0
  for (const compression of ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const) {
    const records = Array.from({ length: 10 }, (_, i) => ({
      value: 'v',
      timestamp: start + (offset + i) * 10,
    }))
    await produce(client, 't', buildBatch(records, { compression }))
    offset += 10
  }
  const at = async (timestamp: number) => {
    const body = { replicaId: -1, topics: [{ name: 't', partitions: [{ partitionIndex: 0, timestamp }] }] }
    const answer = await client.request(ListOffsets, 7, body)
    const { offset, timestamp: found } = answer.topics[0]!.partitions[0]!
    return [offset, found]
  }
  for (const wanted of [0, 7, 13, 29, 49])
    expect(await at(start + wanted * 10)).toEqual([wanted, start + wanted * 10])
  expect(await at(start + 131)).toEqual([14, start + 140])
  expect(await at(start + 1_000_000)).toEqual([-1, -1])
  expect(await at(-1)).toEqual([50, -1])
  expect(await at(-2)).toEqual([0, -1])
  expect(await at(-3)).toEqual([49, start + 490])
})
