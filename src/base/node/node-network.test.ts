import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, test } from 'vitest'
import type { Connection, ConnectionEvents, Listener } from '../network.ts'
import { NodeNetwork } from './node-network.ts'

const listeners: Listener[] = []
const sockets: Socket[] = []

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy()
  for (const listener of listeners.splice(0)) await listener.close()
})

async function serve(
  host = '127.0.0.1',
  network = new NodeNetwork(),
  onData?: (from: Connection, bytes: Buffer) => void,
) {
  const served: Connection[] = []
  const logs = new Map<Connection, { received: Buffer[]; drains: number; closes: number }>()
  const accept = (connection: Connection): ConnectionEvents => {
    const log = { received: [] as Buffer[], drains: 0, closes: 0 }
    served.push(connection)
    logs.set(connection, log)
    return {
      data(bytes) {
        log.received.push(Buffer.from(bytes))
        onData?.(connection, bytes)
      },
      drain: () => void log.drains++,
      close: () => void log.closes++,
    }
  }
  const listener = await network.listen({ host, port: 0 }, accept)
  listeners.push(listener)
  return { listener, served, logOf: (connection: Connection) => logs.get(connection)! }
}

async function dial(port: number, host = '127.0.0.1'): Promise<Socket> {
  const socket = connect({ port, host })
  sockets.push(socket)
  socket.on('error', () => {})
  await once(socket, 'connect')
  return socket
}

const until = (condition: () => boolean) => expect.poll(condition, { timeout: 5_000, interval: 5 }).toBe(true)

async function firstServed(server: { served: Connection[] }): Promise<Connection> {
  await until(() => server.served.length > 0)
  return server.served[0]!
}

const sizeOf = (chunks: readonly Uint8Array[]) => chunks.reduce((sum, chunk) => sum + chunk.length, 0)

test('bytes go both ways, in order, whatever their sizes', async () => {
  const server = await serve(undefined, undefined, (from, bytes) => from.send([Buffer.from(bytes)]))
  const socket = await dial(server.listener.address.port)
  const sent = Buffer.allocUnsafeSlow(3_000_000)
  for (let i = 0; i < sent.length; i++) sent[i] = (i * 31) >>> 8
  const back: Buffer[] = []
  socket.on('data', (chunk: Buffer) => back.push(chunk))
  for (let at = 0, size = 1; at < sent.length; at += size, size = Math.min(size * 3, 700_001)) {
    socket.write(sent.subarray(at, at + size))
  }
  await until(() => sizeOf(back) >= sent.length)
  expect(Buffer.concat(back).equals(sent)).toBe(true)
})

test('parts of one answer arrive as one run of bytes, small and large mixed', async () => {
  const server = await serve()
  const socket = await dial(server.listener.address.port)
  const connection = await firstServed(server)
  const parts = [1, 20_000, 3, 0, 5, 100_000, 16_384, 2].map((size, i) => Buffer.alloc(size, i + 65))
  const back: Buffer[] = []
  socket.on('data', (chunk: Buffer) => back.push(chunk))
  connection.send(parts)
  connection.send([Buffer.from('end')])
  await until(() => sizeOf(back) >= sizeOf(parts) + 3)
  expect(Buffer.concat(back).equals(Buffer.concat([...parts, Buffer.from('end')]))).toBe(true)
})

test('all connections read into one buffer: on this Node the quick way is in use', async () => {
  const memory = new Set<ArrayBufferLike>()
  const server = await serve(undefined, undefined, (_from, bytes) => memory.add(bytes.buffer))
  for (let i = 0; i < 3; i++) {
    const socket = await dial(server.listener.address.port)
    socket.write('hello')
  }
  await until(
    () => server.served.length === 3 && server.served.every(one => server.logOf(one).received.length > 0),
  )
  expect(memory.size).toBe(1)
})

test('a paused connection delivers nothing and pushes the peer back; resumed, it loses nothing', async () => {
  const server = await serve()
  const socket = await dial(server.listener.address.port)
  const connection = await firstServed(server)
  connection.pause()
  const total = 64 << 20
  const chunk = Buffer.alloc(1 << 20)
  for (let i = 0; i < total / chunk.length; i++) socket.write(chunk)
  await new Promise(resolve => setTimeout(resolve, 100))
  expect(server.logOf(connection).received).toEqual([])
  expect(socket.writableLength).toBeGreaterThan(total / 4)
  connection.resume()
  await until(() => sizeOf(server.logOf(connection).received) === total)
})

test('may be paused from within the delivery of bytes', async () => {
  const server = await serve(undefined, undefined, from => from.pause())
  const socket = await dial(server.listener.address.port)
  const connection = await firstServed(server)
  socket.write('one')
  await until(() => server.logOf(connection).received.length === 1)
  socket.write('two')
  await new Promise(resolve => setTimeout(resolve, 50))
  expect(server.logOf(connection).received.map(String)).toEqual(['one'])
  connection.resume()
  await until(() => server.logOf(connection).received.length === 2)
})

describe('sending', () => {
  test('to a peer that does not read counts what waits, and tells when it has drained', async () => {
    const server = await serve()
    const socket = await dial(server.listener.address.port)
    socket.pause()
    const connection = await firstServed(server)
    const total = 32 << 20
    connection.send([Buffer.alloc(total)])
    await new Promise(resolve => setTimeout(resolve, 50))
    expect(connection.pendingBytes).toBeGreaterThan(0)
    let read = 0
    socket.on('data', chunk => {
      read += chunk.length
    })
    socket.resume()
    await until(() => read === total && server.logOf(connection).drains === 1)
    expect(connection.pendingBytes).toBe(0)
  })

  test('tells once when the parts are no longer needed: sent, dropped, or too late', async () => {
    const server = await serve()
    const socket = await dial(server.listener.address.port)
    const connection = await firstServed(server)
    const done: string[] = []
    socket.resume()
    connection.send([Buffer.from('a'), Buffer.alloc(50_000)], () => done.push('sent'))
    await until(() => done.length === 1)
    socket.pause()
    connection.send([Buffer.alloc(32 << 20)], () => done.push('dropped'))
    await new Promise(resolve => setTimeout(resolve, 20))
    connection.destroy()
    await until(() => server.logOf(connection).closes === 1)
    connection.send([Buffer.from('x')], () => done.push('late'))
    await until(() => done.length === 3)
    expect(done).toEqual(['sent', 'dropped', 'late'])
  })
})

test('progress is seen in the middle of one large answer', async () => {
  const server = await serve()
  const socket = await dial(server.listener.address.port)
  const connection = await firstServed(server)
  let received = 0
  let limit = 1_000_000
  socket.on('data', bytes => {
    received += bytes.length
    if (received >= limit) socket.pause()
  })
  connection.send([Buffer.alloc(64 << 20)])
  await until(() => received >= 1_000_000)
  await sleep(50)
  const { pendingBytes, sendProgress } = connection
  expect(pendingBytes).toBeGreaterThan(0)
  await sleep(50)
  expect(connection.sendProgress).toBe(sendProgress)
  limit = 20_000_000
  socket.resume()
  await until(() => connection.sendProgress !== sendProgress)
  expect(connection.pendingBytes).toBe(pendingBytes)
})

describe('a connection closes', () => {
  test('after what is queued has been sent, when we end it', async () => {
    const server = await serve()
    const socket = await dial(server.listener.address.port)
    const connection = await firstServed(server)
    let read = 0
    socket.on('data', chunk => {
      read += chunk.length
    })
    connection.send([Buffer.alloc(5_000_000)])
    connection.end()
    await once(socket, 'close')
    expect(read).toBe(5_000_000)
    await until(() => server.logOf(connection).closes === 1)
  })

  test('at once, when we destroy it, and nothing is delivered any more', async () => {
    const server = await serve()
    const socket = await dial(server.listener.address.port)
    const connection = await firstServed(server)
    connection.destroy()
    socket.write('late')
    await until(() => server.logOf(connection).closes === 1)
    expect(server.logOf(connection).received).toEqual([])
    connection.end()
    connection.pause()
    connection.resume()
  })

  test('once, when the peer ends it or resets it', async () => {
    const server = await serve()
    const ending = await dial(server.listener.address.port)
    const resetting = await dial(server.listener.address.port)
    await until(() => server.served.length === 2)
    ending.end('bye')
    resetting.write('bye')
    await until(() => server.served.every(one => server.logOf(one).received.length === 1))
    resetting.resetAndDestroy()
    await until(() => server.served.every(one => server.logOf(one).closes === 1))
  })
})

describe('listening', () => {
  test('shows IPv4 addresses as such, also through an IPv6 socket', async () => {
    const server = await serve('::')
    const socket = await dial(server.listener.address.port)
    const connection = await firstServed(server)
    expect(connection.local).toEqual({ host: '127.0.0.1', port: server.listener.address.port })
    expect(connection.remote).toEqual({ host: '127.0.0.1', port: socket.localPort })
    await dial(server.listener.address.port, '::1')
    await until(() => server.served.length === 2)
    expect(server.served[1]!.local.host).toBe('::1')
  })

  test('is refused on a port that is taken', async () => {
    const { listener } = await serve()
    const again = new NodeNetwork().listen(listener.address, () => {
      throw new Error('never called')
    })
    await expect(again).rejects.toMatchObject({ code: 'EADDRINUSE' })
  })

  test('stops with open connections, which live on, and leaves the port free', async () => {
    const server = await serve()
    const socket = await dial(server.listener.address.port)
    const connection = await firstServed(server)
    await server.listener.close()
    const { port } = server.listener.address
    await expect(dial(port)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    listeners.push(
      await new NodeNetwork().listen({ host: '127.0.0.1', port }, () => ({
        data() {},
        drain() {},
        close() {},
      })),
    )
    socket.write('still here')
    await until(() => server.logOf(connection).received.length === 1)
  })
})

describe('dialling', () => {
  const events = (received: string[], ended = () => {}): ConnectionEvents => ({
    data: bytes => void received.push(bytes.toString()),
    drain() {},
    close: ended,
  })

  test('reaches a listener; bytes go both ways, and both sides hear of the end', async () => {
    const server = await serve(undefined, undefined, (from, bytes) => from.send([Buffer.from(bytes)]))
    const received: string[] = []
    let isClosed = false
    const connection = await new NodeNetwork().connect(server.listener.address, () =>
      events(received, () => {
        isClosed = true
      }),
    )
    expect(connection.remote).toEqual(server.listener.address)
    connection.send([Buffer.from('hel'), Buffer.from('lo')])
    await until(() => received.join('') === 'hello')
    connection.end()
    await until(() => isClosed && server.logOf(server.served[0]!).closes === 1)
  })

  test('rejects where nobody listens', async () => {
    const { listener } = await serve()
    await listener.close()
    const dialled = new NodeNetwork().connect(listener.address, () => events([]))
    await expect(dialled).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })

  test('gives up with the reason of the signal', async () => {
    const { listener } = await serve()
    const reason = new Error('too late')
    const before = new NodeNetwork().connect(listener.address, () => events([]), AbortSignal.abort(reason))
    await expect(before).rejects.toBe(reason)
    const controller = new AbortController()
    const during = new NodeNetwork().connect(listener.address, () => events([]), controller.signal)
    controller.abort(reason)
    await expect(during).rejects.toBe(reason)
  })
})

test.runIf(process.platform === 'linux')('goes on when the process has no descriptors left', async () => {
  const script = `
    import { NodeNetwork } from '${new URL('./node-network.ts', import.meta.url).href}'
    const listener = await new NodeNetwork().listen({ host: '127.0.0.1', port: 0 }, connection => ({
      data: bytes => connection.send([Buffer.from(bytes)]),
      drain() {},
      close() {},
    }))
    console.log(listener.address.port)`
  const shell = `ulimit -n 64; exec "$0" --input-type=module -e "$1"`
  const child = spawn('sh', ['-c', shell, process.execPath, script], { stdio: ['ignore', 'pipe', 'inherit'] })
  try {
    const [line] = await once(child.stdout, 'data')
    const port = Number(String(line))
    const crowd = await Promise.all(Array.from({ length: 100 }, () => dial(port)))
    await until(() => crowd.some(socket => socket.destroyed || socket.readableEnded))
    for (const socket of crowd) socket.destroy()
    await expect
      .poll(
        async () => {
          const socket = await dial(port)
          socket.write('still there')
          const answer = await Promise.race([once(socket, 'data'), once(socket, 'close')])
          return String(answer[0])
        },
        { timeout: 5_000 },
      )
      .toBe('still there')
  } finally {
    child.kill('SIGKILL')
  }
})
