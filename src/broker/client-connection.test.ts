import { beforeEach, describe, expect, test } from 'vitest'
import { FakeConnection } from '../../test/support/fake-connection.ts'
import { ManualClock } from '../../test/support/manual-clock.ts'
import { BufferPool } from '../base/buffer-pool.ts'
import { type LogFields, silentLogger } from '../base/logger.ts'
import { encodeRequest } from '../protocol/header.ts'
import { ApiVersions } from '../protocol/messages/api-versions.ts'
import { Heartbeat } from '../protocol/messages/heartbeat.ts'
import { Produce } from '../protocol/messages/produce.ts'
import { ClientConnection } from './client-connection.ts'
import type { CloseCounters } from './connection-watch.ts'
import type { BrokerContext } from './context.ts'
import { Dispatcher } from './dispatch.ts'
import { type Handler, handler } from './handler.ts'
import { MemoryBudget } from './memory-budget.ts'
import { ReceivedBytes } from './received-bytes.ts'

/** Handlers whose answers wait until the test lets them go: ApiVersions one at a time, Produce overlapping. */
class Desk {
  readonly begun: number[] = []
  #waiting: (() => void)[] = []
  isOpen = true

  handlers(): Handler[] {
    const wait = (correlationId: number) => {
      this.begun.push(correlationId)
      return this.isOpen ? Promise.resolve() : new Promise<void>(resolve => this.#waiting.push(resolve))
    }
    return [
      handler(ApiVersions, {
        versions: [0, 4],
        handle: (_request, { correlationId }) =>
          wait(correlationId).then(() => ({ errorCode: 0, apiKeys: [] })),
      }),
      handler(Produce, {
        versions: [3, 9],
        overlaps: true,
        handle: (_request, { correlationId }) => wait(correlationId).then(() => ({ responses: [] })),
      }),
      handler(Heartbeat, {
        versions: [0, 4],
        handle: () => Promise.reject(new Error('a defect of ours')),
      }),
    ]
  }

  answerOne(): void {
    this.#waiting.shift()!()
  }
}

let clock: ManualClock
let desk: Desk
let memory: MemoryBudget
let pool: BufferPool
let lines: LogFields[]
let counters: CloseCounters
beforeEach(() => {
  clock = new ManualClock()
  desk = new Desk()
  memory = new MemoryBudget(1 << 20)
  pool = new BufferPool()
  lines = []
  counters = { refusedRequests: 0, idle: 0, slowRequests: 0, stalled: 0 }
})

function open(options: { frameBytesMax?: number; idleMs?: number } = {}) {
  const peer = new FakeConnection()
  let closedTimes = 0
  const client = new ClientConnection({
    connection: peer,
    dispatcher: new Dispatcher(
      { apis: [], throttle: { countsTime: false } } as unknown as BrokerContext,
      desk.handlers(),
    ),
    pool,
    clock,
    logger: { ...silentLogger, limited: (_cause, fields) => lines.push(fields) },
    memory,
    counters,
    received: new ReceivedBytes(pool),
    frameBytesMax: 1 << 20,
    idleMs: 600_000,
    listenerName: 'PLAINTEXT',
    advertised: peer.local,
    onBroken: error => expect.unreachable(error.message),
    onClosed: () => closedTimes++,
    ...options,
  })
  return { peer, client, closedTimes: () => closedTimes }
}

const apiVersions = (correlationId: number) =>
  Buffer.concat(encodeRequest(ApiVersions, 0, { correlationId, clientId: 'c' }, {}))

function produce(correlationId: number, bytes = 0) {
  const records = Buffer.alloc(bytes)
  const body = { acks: -1, timeoutMs: 0, topicData: [{ name: 't', partitionData: [{ index: 0, records }] }] }
  return Buffer.concat(encodeRequest(Produce, 9, { correlationId, clientId: 'c' }, body))
}

const ids = (answers: Buffer[]) => answers.map(answer => answer.readInt32BE(0))
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i)

describe('requests', () => {
  test('may come one byte at a time, or many in one piece', async () => {
    const { peer, client } = open()
    for (const byte of apiVersions(1)) client.receive(Buffer.of(byte))
    client.receive(Buffer.concat([apiVersions(2), apiVersions(3), apiVersions(4).subarray(0, 9)]))
    client.receive(apiVersions(4).subarray(9))
    expect(ids(await peer.answers(4))).toEqual([1, 2, 3, 4])
  })

  test('are answered in their order, one at a time', async () => {
    const { peer, client } = open()
    desk.isOpen = false
    client.receive(Buffer.concat([apiVersions(1), apiVersions(2)]))
    expect(desk.begun).toEqual([1])
    desk.answerOne()
    await peer.answers(1)
    expect(desk.begun).toEqual([1, 2])
  })

  test('overlap when they are Produce; answers still keep the order', async () => {
    const { peer, client } = open()
    desk.isOpen = false
    client.receive(Buffer.concat([produce(1), produce(2), produce(3), apiVersions(4), produce(5)]))
    expect(desk.begun).toEqual([1, 2, 3])
    for (let i = 0; i < 3; i++) desk.answerOne()
    expect(ids(await peer.answers(3))).toEqual([1, 2, 3])
    expect(desk.begun).toEqual([1, 2, 3, 4])
  })

  test('in flight are answered before an asked end; those that have not begun are not', async () => {
    const { peer, client } = open()
    desk.isOpen = false
    client.receive(Buffer.concat([produce(1), produce(2), apiVersions(3)]))
    client.end()
    expect(peer.isEnded).toBe(false)
    client.receive(produce(4))
    desk.answerOne()
    desk.answerOne()
    expect(ids(await peer.answers(2))).toEqual([1, 2])
    await clock.settle()
    expect(peer.isEnded).toBe(true)
    expect([desk.begun, memory.bytes]).toEqual([[1, 2], 0])
  })

  test('behind one that closes the connection are not served', async () => {
    const { peer, client, closedTimes } = open()
    const unknown = Buffer.concat([Buffer.from([0, 0, 0, 10, 0, 99]), Buffer.alloc(8)])
    client.receive(Buffer.concat([unknown, apiVersions(1), apiVersions(2), produce(3, 100_000)]))
    client.receive(apiVersions(4))
    await clock.settle()
    expect(peer.isDestroyed).toBe(true)
    expect([desk.begun, peer.sent, memory.bytes, closedTimes()]).toEqual([[], [], 0, 1])
    expect(lines).toHaveLength(1)
  })

  test('that fail for a reason of ours close the connection, with one line that says why', async () => {
    const { peer, client } = open()
    const body = { groupId: 'g', generationId: 0, memberId: '' }
    client.receive(Buffer.concat(encodeRequest(Heartbeat, 0, { correlationId: 1, clientId: 'c' }, body)))
    await clock.settle()
    expect(peer.isDestroyed).toBe(true)
    expect(lines).toMatchObject([{ event: 'connection-refused', reason: 'a defect of ours' }])
  })

  test('whose answers come after the close are dropped', async () => {
    const { peer, client } = open()
    desk.isOpen = false
    client.receive(Buffer.concat([produce(1, 100_000), produce(2)]))
    client.closed()
    desk.answerOne()
    desk.answerOne()
    await clock.settle()
    expect([peer.sent, memory.bytes, lines]).toEqual([[], 0, []])
  })
})

describe('a client is not read', () => {
  test('while a thousand of its requests wait', async () => {
    const { peer, client } = open()
    desk.isOpen = false
    client.receive(Buffer.concat(range(1, 999).map(apiVersions)))
    expect(peer.isPaused).toBe(false)
    client.receive(apiVersions(1_000))
    expect(peer.isPaused).toBe(true)
    desk.isOpen = true
    desk.answerOne()
    expect(ids(await peer.answers(1_000))).toEqual(range(1, 1_000))
    await clock.settle()
    expect(peer.isPaused).toBe(false)
  })

  test('while it holds twice the largest request', async () => {
    const { peer, client } = open({ frameBytesMax: 1_000 })
    desk.isOpen = false
    client.receive(produce(1, 900))
    client.receive(produce(2, 900))
    expect(peer.isPaused).toBe(false)
    client.receive(produce(3, 900))
    expect(peer.isPaused).toBe(true)
    for (let i = 0; i < 3; i++) desk.answerOne()
    await peer.answers(3)
    await clock.settle()
    expect(peer.isPaused).toBe(false)
  })

  test('while the whole broker holds too much, whoever it came from', async () => {
    memory = new MemoryBudget(10_000)
    const [first, second] = [open(), open()]
    desk.isOpen = false
    first.client.receive(produce(1, 9_000))
    second.client.receive(produce(1, 2_000))
    expect([first.peer.isPaused, second.peer.isPaused]).toEqual([false, true])
    first.client.receive(produce(2))
    expect(first.peer.isPaused).toBe(true)
    desk.answerOne()
    await first.peer.answers(1)
    await clock.settle()
    expect([first.peer.isPaused, second.peer.isPaused]).toEqual([false, false])
  })

  test('while unfinished requests fill the memory, but one, which may go on', async () => {
    memory = new MemoryBudget(100_000)
    const frame = produce(1, 60_000)
    const clients = [open(), open(), open()]
    for (const { client } of clients) client.receive(frame.subarray(0, 50_000))
    // The first has not been read since the memory was full; the second is the one.
    expect(clients.map(({ peer }) => peer.isPaused)).toEqual([false, false, true])
    clients[0]!.client.receive(frame.subarray(50_000, 50_001))
    expect(clients.map(({ peer }) => peer.isPaused)).toEqual([true, false, true])
    expect(memory.isExhausted).toBe(true)
    // Whoever is read finishes; the others follow, one after the other.
    for (let round = 0; round < 3; round++) {
      const next = clients.find(({ peer }) => !peer.isPaused && peer.sent.length === 0)!
      next.client.receive(frame.subarray(next === clients[0] ? 50_001 : 50_000))
      await next.peer.answers(1)
      await clock.settle()
    }
    expect(clients.map(({ peer }) => peer.sent.length)).toEqual([1, 1, 1])
    expect([memory.bytes, memory.isExhausted]).toEqual([0, false])
  })

  test('is not asked for more while it does not take its answers', async () => {
    const { peer, client } = open()
    peer.takes = false
    peer.pendingBytes = (8 << 20) + 1
    client.receive(apiVersions(1))
    expect(desk.begun).toEqual([])
    peer.take()
    client.drained()
    expect(desk.begun).toEqual([1])
  })
})

describe('a muted client', () => {
  test('gets the answers of what has begun, and nothing more of it is read or begun', async () => {
    const { peer, client } = open()
    desk.isOpen = false
    client.receive(Buffer.concat([produce(1), produce(2)]))
    client.mute(5_000)
    client.receive(Buffer.concat([produce(3), apiVersions(4)]))
    desk.answerOne()
    desk.answerOne()
    expect(ids(await peer.answers(2))).toEqual([1, 2])
    await clock.advance(4_999)
    expect([desk.begun, peer.isPaused, client.isMuted, client.isPaused]).toEqual([[1, 2], true, true, false])
    desk.isOpen = true
    await clock.advance(1)
    expect(ids(await peer.answers(4))).toEqual([1, 2, 3, 4])
    expect([peer.isPaused, client.isMuted]).toEqual([false, false])
  })

  test('is muted until the last of several times has passed', async () => {
    const { peer, client } = open()
    client.mute(5_000)
    client.mute(1_000)
    await clock.advance(3_000)
    client.mute(4_000)
    await clock.advance(3_999)
    expect(peer.isPaused).toBe(true)
    await clock.advance(1)
    expect(peer.isPaused).toBe(false)
  })

  test('is read again only when its other bounds let it', async () => {
    memory = new MemoryBudget(10_000)
    const { peer, client } = open()
    const other = open()
    desk.isOpen = false
    other.client.receive(produce(1, 11_000))
    client.mute(1_000)
    await clock.advance(1_000)
    expect([peer.isPaused, client.isPaused]).toEqual([true, true])
    desk.answerOne()
    await other.peer.answers(1)
    await clock.settle()
    expect(peer.isPaused).toBe(false)
  })

  test('in the middle of a request leaves the last memory to another', async () => {
    memory = new MemoryBudget(100_000)
    const frame = produce(1, 60_000)
    const [muted, other, last] = [open(), open(), open()]
    for (const { client } of [muted, other, last]) client.receive(frame.subarray(0, 50_000))
    // The second is the one that may finish; it is muted, and the third is free to.
    other.client.mute(10_000)
    expect([other.peer.isPaused, last.peer.isPaused]).toEqual([true, false])
    last.client.receive(frame.subarray(50_000))
    await last.peer.answers(1)
  })

  test('is closed neither for idleness, nor for a slow request, nor for answers that it does not take', async () => {
    const { peer, client } = open({ idleMs: 60_000 })
    client.receive(Buffer.concat([apiVersions(1), apiVersions(2).subarray(0, 9)]))
    await peer.answers(1)
    peer.pendingBytes = 1
    client.mute(3_600_000)
    await clock.advance(3_599_000)
    expect(peer.isDestroyed).toBe(false)
    await clock.advance(60_000)
    expect([peer.isDestroyed, counters.stalled]).toEqual([true, 1])
  })

  test('does not hold up an end', async () => {
    const { peer, client } = open()
    desk.isOpen = false
    client.receive(produce(1))
    client.mute(3_600_000)
    client.receive(produce(2))
    client.end()
    expect([peer.isPaused, peer.isEnded]).toEqual([false, false])
    desk.answerOne()
    await peer.answers(1)
    await clock.settle()
    expect([peer.isEnded, desk.begun]).toEqual([true, [1]])
    client.mute(1_000)
    client.closed()
    expect(clock.timers).toBe(0)
  })
})

describe('a client is closed', () => {
  test.each([
    ['a negative size', Buffer.from('ffffffff', 'hex'), /frame of -1 bytes/],
    ['no size at all', Buffer.from('00000000', 'hex'), /frame of 0 bytes/],
    ['a size without room for a header', Buffer.from('00000007', 'hex'), /frame of 7 bytes/],
    ['a size above the limit', Buffer.from('00100001', 'hex'), /at most 1048576/],
    ['the largest size', Buffer.from('7fffffff', 'hex'), /at most 1048576/],
    ['the greeting of TLS', Buffer.from('16030100f8010000f4', 'hex'), /looks like TLS/],
    ['an alert of TLS', Buffer.from('15030100020246', 'hex'), /looks like TLS/],
    ['an HTTP request', Buffer.from('GET / HTTP/1.1\r\n\r\n'), /looks like HTTP/],
  ])('at once for %s, and one line says why', async (_name, bytes, reason) => {
    const { peer, client } = open()
    client.receive(bytes)
    expect(peer.isDestroyed).toBe(true)
    expect(lines).toMatchObject([{ event: 'connection-refused', reason: expect.stringMatching(reason) }])
    expect(pool.counters.made).toBe(0)
  })

  test('when it is idle', async () => {
    const { peer, client } = open({ idleMs: 60_000 })
    await clock.advance(50_000)
    client.receive(apiVersions(1))
    await peer.answers(1)
    await clock.advance(59_000)
    expect(peer.isDestroyed).toBe(false)
    await clock.advance(11_000)
    expect(peer.isDestroyed).toBe(true)
    expect(counters.idle).toBe(1)
    expect(clock.timers).toBe(0)
  })

  test('when it sends a request more slowly than anybody would, byte by byte', async () => {
    const { peer, client } = open()
    const frame = apiVersions(1)
    for (let i = 0; i < frame.length - 1; i++) {
      client.receive(frame.subarray(i, i + 1))
      await clock.advance(3_000)
    }
    expect(peer.isDestroyed).toBe(true)
    expect([memory.bytes, counters.slowRequests]).toEqual([0, 1])
  })

  test('only after a while when a large request comes slowly but steadily', async () => {
    const { peer, client } = open()
    const frame = produce(1, 1_000_000)
    for (let at = 0; at < frame.length; at += 20_000) {
      client.receive(frame.subarray(at, at + 20_000))
      await clock.advance(1_000)
    }
    expect(peer.isDestroyed).toBe(false)
    await peer.answers(1)
  })

  test('when it takes nothing of its answers', async () => {
    const { peer, client } = open()
    peer.takes = false
    client.receive(apiVersions(1))
    await peer.answers(1)
    await clock.advance(20_000)
    peer.take(1)
    await clock.advance(29_000)
    expect(peer.isDestroyed).toBe(false)
    await clock.advance(12_000)
    expect(peer.isDestroyed).toBe(true)
    expect(counters.stalled).toBe(1)
  })
})
