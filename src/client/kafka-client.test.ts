import { afterEach, describe, expect, test } from 'vitest'
import { startLiveBroker, temporaryFolder } from '../../test/support/live-broker.ts'
import { NodeClock } from '../base/node/node-clock.ts'
import { NodeNetwork } from '../base/node/node-network.ts'
import { createBroker } from '../index.ts'
import { Compression, type CompressionName } from '../protocol/compression.ts'
import { encodeResponse } from '../protocol/header.ts'
import { ApiVersions } from '../protocol/messages/api-versions.ts'
import { Fetch } from '../protocol/messages/fetch.ts'
import { ListGroups } from '../protocol/messages/list-groups.ts'
import { BrokerConnection } from './broker-connection.ts'
import { KafkaClient } from './kafka-client.ts'
import { type OutgoingRecord, Producer, type ProducerOptions } from './producer.ts'
import { Reader, type ReadPosition } from './reader.ts'
import { createTopics, trimPartitions } from './topics.ts'

const world = { clock: new NodeClock(), network: new NodeNetwork() }
const open: { close(): Promise<void> | void }[] = []

afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close()
})

function connect(port: number, timeoutMs = 3_000): KafkaClient {
  const client = new KafkaClient({ bootstrap: [{ host: '127.0.0.1', port }], world, timeoutMs })
  open.push(client)
  return client
}

async function withTopic(partitions = 1, configs: Record<string, string> = {}) {
  const { broker } = await startLiveBroker()
  const client = connect(broker.port)
  const [made] = await createTopics(client, [
    { name: 't', partitions, replicationFactor: 1, configs: new Map(Object.entries(configs)) },
  ])
  expect(made).toMatchObject({ topic: 't', error: undefined, partitions })
  await client.requireTopic('t')
  return { broker, client }
}

const record = (value: string, more: Partial<OutgoingRecord> = {}): OutgoingRecord => ({
  key: null,
  value: Buffer.from(value),
  headers: [],
  timestamp: 1_700_000_000_000,
  ...more,
})

async function sendAll(
  client: KafkaClient,
  records: readonly OutgoingRecord[],
  options: ProducerOptions = {},
) {
  const producer = new Producer(client, options)
  for (const one of records) await producer.send('t', one)
  await producer.flush()
}

async function readAll(client: KafkaClient, positions: readonly ReadPosition[]) {
  const found: { partition: number; offset: number; value: string }[] = []
  for await (const { partition, records } of new Reader(client, positions).batches())
    for (const { offset, value } of records) found.push({ partition, offset, value: String(value) })
  return found
}

describe('producing and reading', () => {
  test.each(Object.keys(Compression) as CompressionName[])(
    '%s comes back as it was sent',
    async compression => {
      const { client } = await withTopic()
      const texts = Array.from({ length: 300 }, (_, i) => `record ${i}`)
      await sendAll(
        client,
        texts.map(text => record(text)),
        { compression, batchBytes: 2_000 },
      )
      const found = await readAll(client, [{ topic: 't', partition: 0, offset: 0, endOffset: 300 }])
      expect(found.map(({ value }) => value)).toEqual(texts)
    },
  )

  test('keys choose partitions, nulls are spread, and a number beats both', async () => {
    const { client } = await withTopic(3)
    const partitions = new Map<string, number>()
    const delivered: NonNullable<ProducerOptions['delivered']> = ({ partition, records }) => {
      for (const { value } of records) partitions.set(String(value), partition)
    }
    const keyed = ['a', 'b', 'a'].map((key, i) => record(`${key}${i}`, { key: Buffer.from(key) }))
    const nulls = ['x', 'y', 'z'].map(value => record(value))
    await sendAll(client, [...keyed, ...nulls, record('n', { key: Buffer.from('a'), partition: 2 })], {
      delivered,
    })
    expect(partitions.get('a0')).toBe(partitions.get('a2'))
    expect(new Set(['x', 'y', 'z'].map(value => partitions.get(value))).size).toBe(3)
    expect(partitions.get('n')).toBe(2)
  })

  test('a partition that is not there, and a record that is too large, are refused', async () => {
    const { client } = await withTopic(1, { 'max.message.bytes': '1000' })
    await expect(sendAll(client, [record('x', { partition: 1 })])).rejects.toMatchObject({
      error: 'UNKNOWN_TOPIC_OR_PARTITION',
    })
    const large = record('x'.repeat(5_000))
    await expect(sendAll(client, [large])).rejects.toMatchObject({ error: 'MESSAGE_TOO_LARGE' })
  })

  test.each([0, 1] as const)('acks of %i store the records as well', async acks => {
    const { client } = await withTopic()
    await sendAll(client, [record('a'), record('b')], { acks })
    const found = await readAll(client, [{ topic: 't', partition: 0, offset: 0, endOffset: 2 }])
    expect(found.map(({ value }) => value)).toEqual(['a', 'b'])
  })

  test('a reader follows until it is stopped, also in the middle of a wait', async () => {
    const { client } = await withTopic()
    await sendAll(client, [record('a')])
    const reader = new Reader(client, [{ topic: 't', partition: 0, offset: 0 }], { maxWaitMs: 2_000 })
    const found: string[] = []
    for await (const { records } of reader.batches()) {
      found.push(...records.map(({ value }) => String(value)))
      if (found.length === 1) await sendAll(client, [record('b')])
      else setTimeout(() => reader.stop(), 10)
    }
    expect(found).toEqual(['a', 'b'])
  })

  test('an offset beyond the end is an error, one before the start goes on at the start', async () => {
    const { client } = await withTopic()
    await sendAll(client, [record('a'), record('b')])
    const beyond = readAll(client, [{ topic: 't', partition: 0, offset: 9, endOffset: 10 }])
    await expect(beyond).rejects.toThrow('t-0 has offsets 0 to 2, so there is no 9')
    expect(await trimPartitions(client, [{ topic: 't', partition: 0, offset: 1 }])).toEqual([1])
    const found = await readAll(client, [{ topic: 't', partition: 0, offset: 0, endOffset: 2 }])
    expect(found).toEqual([{ partition: 0, offset: 1, value: 'b' }])
  })

  test('a broker that starts again is waited for, and nothing is stored twice', async () => {
    const dataDir = await temporaryFolder()
    const options = { dataDir, dev: true, host: '127.0.0.1' }
    const first = await createBroker(options)
    const client = connect(first.port)
    await createTopics(client, [{ name: 't', partitions: 1, replicationFactor: 1, configs: new Map() }])
    await client.requireTopic('t')
    const producer = new Producer(client)
    await producer.send('t', record('before'))
    await producer.flush()
    await first.close()
    const sent = producer.send('t', record('after')).then(() => producer.flush())
    const second = await createBroker({ ...options, port: first.port })
    open.push(second)
    await sent
    const found = await readAll(client, [{ topic: 't', partition: 0, offset: 0, endOffset: 2 }])
    expect(found.map(({ value }) => value)).toEqual(['before', 'after'])
  })
})

describe('a connection', () => {
  const addressOf = (port: number) => ({ host: '127.0.0.1', port })

  /** A peer that answers each request by `answer`, or not at all. */
  async function peer(answer: (frame: Buffer) => Buffer[] | undefined): Promise<number> {
    const listener = await world.network.listen(addressOf(0), connection => ({
      data: bytes => {
        const parts = answer(Buffer.from(bytes.subarray(4)))
        if (parts) connection.send(parts)
      },
      drain() {},
      close() {},
    }))
    open.push(listener)
    return listener.address.port
  }

  const settings = { clientId: 'test', timeoutMs: 100, world }

  test('asks again in version 0 when a broker is too old for the version that we ask for', async () => {
    const asked: number[] = []
    const ranges = [{ apiKey: Fetch.key, minVersion: 4, maxVersion: 11 }]
    const port = await peer(frame => {
      const version = frame.readInt16BE(2)
      asked.push(version)
      const errorCode = version === 0 ? 0 : 35
      const correlationId = frame.readInt32BE(4)
      return encodeResponse(ApiVersions, 0, correlationId, {
        errorCode,
        apiKeys: version === 0 ? ranges : [],
      })
    })
    const connection = await BrokerConnection.open(addressOf(port), settings)
    expect(asked).toEqual([4, 0])
    expect(connection.versionFor(Fetch)).toBe(11)
    expect(connection.supports(ListGroups)).toBe(false)
    await expect(connection.request(ListGroups, {})).rejects.toThrow(/does not serve ListGroups/)
    connection.close()
  })

  test('fails in words when nobody is there, nobody answers, or the peer is no broker', async () => {
    const silent = await peer(() => undefined)
    await expect(BrokerConnection.open(addressOf(silent), settings)).rejects.toThrow(
      /no answer to ApiVersions in 0.1 s/,
    )
    const web = await peer(() => [Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')])
    await expect(BrokerConnection.open(addressOf(web), settings)).rejects.toThrow(/looks like HTTP/)
    const gone = await world.network.listen(addressOf(0), () => ({ data() {}, drain() {}, close() {} }))
    await gone.close()
    await expect(BrokerConnection.open(gone.address, settings)).rejects.toMatchObject({
      code: 'ECONNREFUSED',
    })
  })

  test('fails what waits when the broker closes it', async () => {
    const { broker, client } = await withTopic()
    const connection = await client.toAny()
    const body = { maxWaitMs: 2_000, minBytes: 1, topics: [] }
    const waiting = connection.request(Fetch, body, { version: 11 }).catch(error => error)
    await broker.close()
    const answer = await waiting
    if (answer instanceof Error) expect(answer).toMatchObject({ name: 'ConnectionError', isTemporary: true })
    await expect(connection.request(ListGroups, {})).rejects.toThrow(/closed/)
    expect(connection.isOpen).toBe(false)
  })
})
