import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { FakeConnection } from '../../test/support/fake-connection.ts'
import { createTopic, fetchAll, produce, startLiveBroker } from '../../test/support/live-broker.ts'
import { ManualClock } from '../../test/support/manual-clock.ts'
import { assert } from '../base/assert.ts'
import { BufferPool } from '../base/buffer-pool.ts'
import { type LogFields, silentLogger } from '../base/logger.ts'
import type { Address, Connection, ConnectionEvents, Network } from '../base/network.ts'
import { encodeRequest } from '../protocol/header.ts'
import { ApiVersions } from '../protocol/messages/api-versions.ts'
import { Fetch } from '../protocol/messages/fetch.ts'
import { Metadata } from '../protocol/messages/metadata.ts'
import { type AnyApi, type AnyField, type Fields, ZERO_UUID } from '../protocol/schema.ts'
import { loadConfig } from './config.ts'
import type { BrokerContext } from './context.ts'
import { Dispatcher } from './dispatch.ts'
import { type Handler, handler } from './handler.ts'
import { handlers } from './handlers/index.ts'
import { Server } from './server.ts'
import { wireErrorOf } from './wire-error.ts'

describe('connections', () => {
  /** A network whose connections the test makes, from whatever address. */
  class Door implements Network {
    accept!: (connection: Connection) => ConnectionEvents
    isOpen = true

    fail!: (error: Error) => void

    async listen(
      address: Address,
      accept: (connection: Connection) => ConnectionEvents,
      failed: (error: Error) => void,
    ) {
      this.accept = accept
      this.fail = failed
      return { address: { ...address, port: 9092 }, close: () => this.#shut() }
    }

    async connect(): Promise<never> {
      throw new Error('a server dials nobody')
    }

    async #shut() {
      this.isOpen = false
    }

    enter(host: string) {
      const connection = new FakeConnection(host)
      return { connection, events: this.accept(connection) }
    }
  }

  async function open(
    overrides: { [name: string]: number | string },
    served: Handler[] = [],
    connected: (host: string) => number = () => 0,
  ) {
    const door = new Door()
    const broken: Error[] = []
    const lines: LogFields[] = []
    const clock = new ManualClock()
    const config = loadConfig({
      overrides: {
        listeners: 'PLAINTEXT://0.0.0.0:0',
        'advertised.listeners': 'PLAINTEXT://h:1',
        ...overrides,
      },
    })
    const server = new Server({
      config,
      settings: config,
      network: door,
      dispatcher: new Dispatcher({ throttle: { countsTime: false } } as BrokerContext, served),
      onBroken: error => broken.push(error),
      pool: new BufferPool(),
      throttle: { connected },
      clock,
      logger: { ...silentLogger, limited: (_cause, fields) => lines.push(fields) },
    })
    await server.listen()
    const enter = (host: string, times = 1) => Array.from({ length: times }, () => door.enter(host))
    const refused = (entered: { connection: FakeConnection }[]) =>
      entered.filter(({ connection }) => connection.isDestroyed).length
    return { server, door, clock, lines, enter, refused, broken }
  }

  test('are limited in all', async () => {
    const { server, enter, refused, lines } = await open({ 'max.connections': 3 })
    const entered = enter('127.0.0.1', 5)
    expect(refused(entered)).toBe(2)
    expect(server.connectionCount).toBe(3)
    expect(server.counters).toMatchObject({ accepted: 3, refused: 2 })
    expect(lines[0]).toMatchObject({ event: 'connection-limit' })
    entered[0]!.events.close()
    expect(refused(enter('127.0.0.1', 2))).toBe(1)
  })

  test('are limited for each address, but not for loopback', async () => {
    const { enter, refused } = await open({ 'max.connections.per.ip': 2 })
    const entered = enter('192.0.2.1', 3)
    expect([refused(entered), refused(enter('192.0.2.2', 2))]).toEqual([1, 0])
    expect([refused(enter('127.0.0.1', 9)), refused(enter('::1', 9))]).toEqual([0, 0])
    entered[0]!.events.close()
    expect(refused(enter('192.0.2.1', 2))).toBe(1)
  })

  test('have bounds of their own for addresses that are named, also for loopback', async () => {
    const overrides = '192.0.2.1:3, 127.0.0.1:1,::1:0'
    const { enter, refused } = await open({
      'max.connections.per.ip': 1,
      'max.connections.per.ip.overrides': overrides,
    })
    expect([refused(enter('192.0.2.1', 4)), refused(enter('192.0.2.2', 4))]).toEqual([1, 3])
    expect([refused(enter('127.0.0.1', 4)), refused(enter('::1', 4))]).toEqual([3, 4])
  })

  test('are limited in new ones a second, but not from loopback', async () => {
    const { clock, enter, refused } = await open({ 'max.connection.creation.rate': 3 })
    await clock.advance(10_000)
    expect([refused(enter('192.0.2.1', 5)), refused(enter('127.0.0.1', 9))]).toEqual([2, 0])
    await clock.advance(1_000)
    expect(refused(enter('192.0.2.1', 3))).toBe(0)
  })

  test('over a quota of their address are closed after its time, also from loopback', async () => {
    const { server, clock, enter, refused } = await open({}, [], host => (host === '127.0.0.1' ? 800 : 0))
    const entered = enter('127.0.0.1', 2)
    expect([refused(entered), refused(enter('192.0.2.1'))]).toEqual([0, 0])
    expect(server.counters).toMatchObject({ accepted: 1, refused: 2 })
    await clock.advance(799)
    expect(refused(entered)).toBe(0)
    await clock.advance(1)
    expect(refused(entered)).toBe(2)
  })

  test('that wait to be closed are a thousand at most, and no server waits for them', async () => {
    const { server, clock, enter, refused } = await open(
      { 'max.connection.creation.rate': 5_000 },
      [],
      () => 60_000,
    )
    const entered = enter('192.0.2.1', 1_002)
    expect(refused(entered)).toBe(2)
    entered[0]!.events.close()
    expect(refused(enter('192.0.2.1', 2))).toBe(1)
    await server.close(5_000)
    expect([refused(entered), clock.timers]).toEqual([1_001, 1_000])
  })

  test('that cannot be accepted are counted and told, and end nothing', async () => {
    const { server, door, lines, enter, refused } = await open({})
    for (let i = 0; i < 3; i++) door.fail(new Error('accept EMFILE'))
    expect(server.counters.refused).toBe(3)
    expect(lines[0]).toMatchObject({ event: 'accept-failed', error: 'accept EMFILE' })
    expect(refused(enter('127.0.0.1'))).toBe(0)
  })

  test('all end when an assertion fails, and no new one is taken', async () => {
    const wrong = handler(ApiVersions, {
      versions: [0, 0],
      handle() {
        try {
          assert(2 + 2 === Number('5'), 'two and two are five')
        } catch (error) {
          return { ...wireErrorOf(error, silentLogger), apiKeys: [] }
        }
        return { errorCode: 0, apiKeys: [] }
      },
    })
    const { enter, refused, broken } = await open({}, [wrong])
    const entered = enter('127.0.0.1', 2)
    const request = encodeRequest(ApiVersions, 0, { correlationId: 1, clientId: 'c' }, {})
    entered[0]!.events.data(Buffer.concat(request))
    expect(broken.map(error => error.message)).toEqual(['two and two are five'])
    expect([refused(entered), refused(enter('127.0.0.1'))]).toEqual([2, 1])
    expect(entered[0]!.connection.sent).toEqual([])
  })

  test('are refused while the server stops, which waits for the others, though not for ever', async () => {
    const { server, clock, door, enter, refused } = await open({})
    const entered = enter('127.0.0.1', 2)
    const closing = server.close(2_000)
    await clock.settle()
    expect(door.isOpen).toBe(false)
    expect(refused(enter('127.0.0.1'))).toBe(1)
    expect(entered.map(({ connection }) => connection.isEnded)).toEqual([true, true])
    entered[0]!.events.close()
    await clock.advance(2_000)
    await closing
    expect(entered[1]!.connection.isDestroyed).toBe(true)
    expect([server.connectionCount, clock.timers]).toEqual([0, 0])
  })
})

describe('over a real socket', () => {
  test('a thousand requests in one piece are answered in their order', async () => {
    const { client } = await startLiveBroker()
    const ids = Array.from({ length: 1_000 }, (_, i) => 10_000 + i)
    const order: number[] = []
    const answers = ids.map(id => client.answerBytes(id).then(() => order.push(id)))
    client.send(
      Buffer.concat(
        ids.flatMap(correlationId => encodeRequest(ApiVersions, 0, { correlationId, clientId: 'c' }, {})),
      ),
    )
    await Promise.all(answers)
    expect(order).toEqual(ids)
  })

  test('requests one byte at a time are answered, and do not hold up others', async () => {
    const { client, connect } = await startLiveBroker()
    const other = await connect()
    const bytes = Buffer.concat(encodeRequest(ApiVersions, 0, { correlationId: 77, clientId: 'c' }, {}))
    const answer = client.answerBytes(77)
    for (const byte of bytes) {
      client.send(Buffer.of(byte))
      await other.request(ApiVersions, 0, {})
    }
    await answer
  })

  test.each([
    ['an unknown API key', '0000000a7fff0000000000010000'],
    ['a negative API key', '0000000affff0000000000010000'],
    ['a version that is not served', '0000000a00030063000000010000'],
    ['a negative version', '0000000a0003ffff000000010000'],
    ['a header that is cut off', '0000000800030001000000ff'],
    ['a body that is cut off', '0000000c0003000100000001ffff7fff'],
    ['a count that the bytes cannot hold', '0000000e0003000100000001ffff7fffffff'],
    ['a length of -2', '0000000f0003000100000001ffff00000001fffe00'],
    ['TLS', '16030100f8010000f40303'],
    ['a size that is negative', '80000000'],
  ])('%s closes the connection, and the broker goes on', async (_name, hex) => {
    const { client, connect } = await startLiveBroker()
    client.send(Buffer.from(hex, 'hex'))
    await client.closed
    expect((await (await connect()).request(Metadata, 1, { topics: null })).brokers).toHaveLength(1)
  })

  test('a million tagged fields close the connection, or are skipped, within 200 ms', async () => {
    const { client, connect } = await startLiveBroker()
    const header = Buffer.from('0003000c00000001ffff', 'hex')
    const count = Buffer.from('c0843d', 'hex') // 1,000,000
    const fields = Buffer.alloc(2_000_000)
    const size = Buffer.alloc(4)
    size.writeInt32BE(header.length + count.length + fields.length)
    const before = performance.now()
    client.send(Buffer.concat([size, header, count, fields]))
    await client.closed
    expect(performance.now() - before).toBeLessThan(1_000)
    await (await connect()).request(ApiVersions, 0, {})
  })

  test('a reset in the middle of a request leaves nothing behind', async () => {
    const { client, connect, broker } = await startLiveBroker()
    await createTopic(client, 't')
    for (let i = 0; i < 20; i++) {
      const other = await connect()
      other.send(Buffer.concat([Buffer.from([0, 1, 0, 0]), Buffer.alloc(20_000 + i)]))
      await other.close()
    }
    expect(await produce(client, 't', ['a'])).toMatchObject({ errorCode: 0 })
    expect(await fetchAll(client, 't')).toEqual(['a'])
    await broker.close()
  })

  test('a client that never reads is not served on, and costs others nothing', async () => {
    const { client, connect } = await startLiveBroker()
    await createTopic(client, 't')
    for (let i = 0; i < 16; i++) await produce(client, 't', [String(i).repeat(500_000)])
    const greedy = await connect()
    greedy.stopReading()
    const topics = [
      { topic: 't', partitions: [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 20 << 20 }] },
    ]
    const before = process.memoryUsage().rss
    for (let i = 0; i < 200; i++)
      greedy.tell(Fetch, 11, { maxWaitMs: 0, minBytes: 1, maxBytes: 20 << 20, topics })
    for (let i = 0; i < 20; i++) {
      await sleep(10)
      await client.request(ApiVersions, 0, {})
    }
    // All 200 answers would be more than 2 GB.
    expect(process.memoryUsage().rss - before).toBeLessThan(256 << 20)
    await greedy.close()
  })
})

describe('requests of nothing', () => {
  const cases = handlers.flatMap(({ api, versions: [, last], refusedBelow: first }) =>
    Array.from({ length: last - first + 1 }, (_, i) => ({ api, version: first + i })),
  )

  test.each(['empty', 'null', 'one'] as const)(
    '(arrays: %s) of every API and version are answered, or close the connection, and never end the broker',
    async filling => {
      const { connect } = await startLiveBroker()
      const hanging: string[] = []
      const closed: string[] = []
      for (const { api, version } of cases) {
        const client = await connect()
        const answered = client.answerBytes(1).then(
          () => {},
          () => closed.push(`${api.name} ${version}`),
        )
        client.send(requestOfNothing(api, version, filling))
        const isOver = await Promise.race([answered.then(() => true), sleep(5_000).then(() => false)])
        if (!isOver) hanging.push(`${api.name} ${version}`)
        await client.close()
      }
      await (await connect()).request(ApiVersions, 0, {})
      expect(hanging).toEqual([])
      expect(closed).toEqual([])
    },
  )
})

/** A request whose every field is zero, empty or, where that is allowed, null; or with arrays of one such element. */
function requestOfNothing(api: AnyApi, version: number, filling: 'empty' | 'null' | 'one'): Buffer {
  const emptyOf = (field: AnyField): unknown => {
    const { kind } = field
    if (filling === 'null' && version >= field.nullableFrom) return null
    if (kind === 'array') return filling === 'one' ? [emptyOf(field.element!)] : []
    if (kind === 'struct') return valuesOf(field.fields!)
    if (kind === 'string') return ''
    if (kind === 'bytes' || kind === 'records') return Buffer.alloc(0)
    if (kind === 'uuid') return ZERO_UUID
    return kind === 'bool' ? false : 0
  }
  const valuesOf = (fields: Fields) =>
    Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, emptyOf(field)]))
  // Produce with acks 0 is not answered.
  const body = { ...valuesOf(api.request.fields), ...(api.name === 'Produce' && { acks: 1 }) }
  return Buffer.concat(encodeRequest(api, version, { correlationId: 1, clientId: '' }, body))
}
