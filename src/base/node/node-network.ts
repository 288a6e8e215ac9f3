import { createServer, connect as dial, Socket, type SocketConstructorOpts } from 'node:net'
import type { Address, Connection, ConnectionEvents, Listener, Network } from '../network.ts'

/**
 * TCP. Small answers leave at once (no Nagle); several parts leave with one system call.
 *
 * All accepted connections read into one buffer. A buffer for each read, which is Node's way, costs a garbage collection for every 30 MB that
 * arrive (docs/decisions/0004-one-read-buffer.md).
 */
const BACKLOG = 1_024
const KEEP_ALIVE_MS = 60_000
const READ_BYTES = 256 << 10
/** Parts below this size are put together: a copy is cheaper than another entry of a vectored write. */
const JOIN_BYTES_MAX = 16 << 10

export class NodeNetwork implements Network {
  #readBuffer: Buffer | undefined

  listen(
    address: Address,
    accept: (connection: Connection) => ConnectionEvents,
    failed: (error: Error) => void = () => {},
  ): Promise<Listener> {
    const options = {
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: KEEP_ALIVE_MS,
      pauseOnConnect: true,
    }
    return new Promise((resolve, reject) => {
      const server = createServer(options, accepted => this.#begin(accepted, accept))
      server.once('error', reject)
      server.listen({ host: address.host || undefined, port: address.port, backlog: BACKLOG }, () => {
        // From here on an error is one connection's: it must not end the process.
        server.off('error', reject)
        server.on('error', failed)
        const bound = server.address()
        if (bound === null || typeof bound === 'string') return reject(new Error('no address was bound'))
        resolve({
          address: { host: bound.address, port: bound.port },
          // Its callback would wait for all connections too; the port is free at once.
          close: async () => void server.close(),
        })
      })
    })
  }

  connect(
    { host, port }: Address,
    begin: (connection: Connection) => ConnectionEvents,
    signal?: AbortSignal,
  ): Promise<Connection> {
    return new Promise((resolve, reject) => {
      const socket = dial({
        host,
        port,
        noDelay: true,
        keepAlive: true,
        keepAliveInitialDelay: KEEP_ALIVE_MS,
      })
      const fail = (error: Error) => {
        socket.destroy()
        reject(error)
      }
      const abort = () => fail(signal!.reason)
      socket.once('error', fail)
      if (signal?.aborted) return abort()
      signal?.addEventListener('abort', abort)
      socket.once('connect', () => {
        socket.off('error', fail)
        signal?.removeEventListener('abort', abort)
        const connection = new NodeConnection(socket)
        const events = begin(connection)
        socket.on('data', events.data)
        socket.on('drain', events.drain)
        socket.on('close', events.close)
        socket.on('error', () => {}) // `close` follows
        resolve(connection)
      })
    })
  }

  #begin(accepted: Socket, accept: (connection: Connection) => ConnectionEvents): void {
    // A socket that is gone already has no addresses.
    if (accepted.remoteAddress === undefined) return void accepted.destroy()
    this.#readBuffer ??= Buffer.allocUnsafeSlow(READ_BYTES)
    let events: ConnectionEvents | undefined
    const socket = readInto(accepted, this.#readBuffer, bytes => events?.data(bytes))
    events = accept(new NodeConnection(socket))
    socket.on('drain', events.drain)
    socket.on('close', events.close)
    socket.on('error', () => {}) // `close` follows, and says all that matters
    socket.resume()
  }
}

/**
 * A socket over the same connection that reads into the given buffer. Node has this for sockets that connect (`onread`), not for those that
 * a server accepts; so the accepted one hands over its handle. Where it has none, it is read the ordinary way.
 */
function readInto(accepted: Socket, buffer: Buffer, deliver: (bytes: Buffer) => void): Socket {
  const holder = accepted as unknown as { _handle: object | null }
  const handle = holder._handle
  if (!handle) {
    accepted.on('data', deliver)
    return accepted
  }
  const callback = (length: number) => {
    deliver(buffer.subarray(0, length))
    return true
  }
  const options = { handle, onread: { buffer, callback }, readable: true, writable: true, manualStart: true }
  const socket = new Socket(options as SocketConstructorOpts)
  holder._handle = null
  accepted.destroy()
  return socket
}

class NodeConnection implements Connection {
  readonly local: Address
  readonly remote: Address
  readonly #socket: Socket

  constructor(socket: Socket) {
    this.#socket = socket
    this.local = { host: plainHost(socket.localAddress ?? ''), port: socket.localPort ?? 0 }
    this.remote = { host: plainHost(socket.remoteAddress ?? ''), port: socket.remotePort ?? 0 }
  }

  get pendingBytes(): number {
    return this.#socket.writableLength
  }

  get sendProgress(): number {
    const socket = this.#socket as Socket & { _handle?: { writeQueueSize?: number } | null }
    return socket.bytesWritten - socket.writableLength - (socket._handle?.writeQueueSize ?? 0)
  }

  send(parts: readonly Uint8Array[], onSent?: () => void): void {
    const joined = parts.length === 1 ? parts : [...join(parts)]
    if (this.#socket.destroyed || joined.length === 0) {
      onSent?.()
      return
    }
    if (joined.length > 1) this.#socket.cork()
    for (let i = 0; i < joined.length - 1; i++) this.#socket.write(joined[i]!)
    if (onSent) this.#socket.write(joined[joined.length - 1]!, onSent)
    else this.#socket.write(joined[joined.length - 1]!)
    if (joined.length > 1) this.#socket.uncork()
  }

  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  end(): void {
    this.#socket.end()
  }

  destroy(): void {
    this.#socket.destroy()
  }
}

/** Runs of small parts become one. */
function* join(parts: readonly Uint8Array[]): Iterable<Uint8Array> {
  let small: Uint8Array[] = []
  for (const part of parts) {
    if (part.length < JOIN_BYTES_MAX) {
      small.push(part)
      continue
    }
    if (small.length > 0) yield small.length === 1 ? small[0]! : Buffer.concat(small)
    small = []
    yield part
  }
  if (small.length > 0) yield small.length === 1 ? small[0]! : Buffer.concat(small)
}

/** IPv4 through an IPv6 socket, as IPv4. */
function plainHost(host: string): string {
  return host.startsWith('::ffff:') && host.includes('.') ? host.slice(7) : host
}
