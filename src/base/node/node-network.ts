import { createServer, type Socket } from 'node:net'
import type { Address, Connection, ConnectionEvents, Listener, Network } from '../network.ts'

/** TCP. Small answers leave at once (no Nagle); several parts leave with one system call. */
const BACKLOG = 1_024
const KEEP_ALIVE_MS = 60_000
/** Parts below this size are put together: a copy is cheaper than another entry of a vectored write. */
const JOIN_BYTES_MAX = 16 << 10

export class NodeNetwork implements Network {
  listen(address: Address, accept: (connection: Connection) => ConnectionEvents): Promise<Listener> {
    return new Promise((resolve, reject) => {
      const server = createServer({ noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS }, socket => {
        // A socket that is gone already has no addresses.
        if (socket.remoteAddress === undefined) return void socket.destroy()
        const connection = new NodeConnection(socket)
        const events = accept(connection)
        socket.on('data', events.data)
        socket.on('drain', events.drain)
        socket.on('close', events.close)
        socket.on('error', () => {}) // `close` follows, and says all that matters
      })
      server.once('error', reject)
      server.listen({ host: address.host || undefined, port: address.port, backlog: BACKLOG }, () => {
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

  send(parts: readonly Uint8Array[]): void {
    if (this.#socket.destroyed) return
    if (parts.length === 1) {
      this.#socket.write(parts[0]!)
      return
    }
    this.#socket.cork()
    for (const joined of join(parts)) this.#socket.write(joined)
    this.#socket.uncork()
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
