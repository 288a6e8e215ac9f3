import type { AssertionError } from '../base/assert.ts'
import type { BufferPool } from '../base/buffer-pool.ts'
import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/logger.ts'
import type { Address, Connection, ConnectionEvents, Listener, Network } from '../base/network.ts'
import { ClientConnection } from './client-connection.ts'
import type { Config, SettingsReader } from './config.ts'
import type { ListenerConfig } from './config-listeners.ts'
import type { Dispatcher } from './dispatch.ts'
import { MemoryBudget } from './memory-budget.ts'
import { ReceivedBytes } from './received-bytes.ts'
import type { Throttle } from './throttle.ts'

/**
 * The listeners and their connections, within the limits on connections: in all, for each address, new ones a second. What is over a limit
 * is accepted and closed. Loopback is exempt from the last two. What is over a quota of its address (connection_creation_rate) is closed
 * after a while, so that trying again at once gains nothing.
 */
const HELD_MAX = 1_000

export interface ServerOptions {
  config: Config
  /** The limits on connections, which may change while the server runs. */
  settings: SettingsReader
  network: Network
  dispatcher: Dispatcher
  pool: BufferPool
  clock: Clock
  logger: Logger
  throttle: Pick<Throttle, 'connected'>
  /** An assertion failed. Every connection is closed by then, and no new one is taken. */
  onBroken: (error: AssertionError) => void
}

export class Server {
  readonly #options: ServerOptions
  readonly memory: MemoryBudget
  readonly #received: ReceivedBytes
  readonly #connections = new Set<ClientConnection>()
  readonly #perAddress = new Map<string, number>()
  readonly #listeners: Listener[] = []
  /** Accepted to be closed. */
  readonly #held = new Set<Connection>()
  #limits: { text: string; byAddress: ReadonlyMap<string, number> } = { text: '', byAddress: new Map() }
  #second = 0
  #newThisSecond = 0
  #isClosing = false
  #whenEmpty: (() => void) | undefined
  readonly counters = { accepted: 0, refused: 0, refusedRequests: 0, idle: 0, slowRequests: 0, stalled: 0 }

  constructor(options: ServerOptions) {
    this.#options = options
    this.#received = new ReceivedBytes(options.pool)
    this.memory = new MemoryBudget(options.config.value('loggerhead.request.memory.bytes'))
  }

  get addresses(): Address[] {
    return this.#listeners.map(listener => listener.address)
  }

  /** Connections are accepted: until it is closed, or an assertion has failed. */
  get isListening(): boolean {
    return this.#listeners.length > 0 && !this.#isClosing
  }

  get connectionCount(): number {
    return this.#connections.size
  }

  /** Bytes of answers that clients have not taken. */
  get pendingBytes(): number {
    let bytes = 0
    for (const connection of this.#connections) bytes += connection.pendingBytes
    return bytes
  }

  /** Connections that are not read because a bound is reached. */
  get pausedCount(): number {
    let count = 0
    for (const connection of this.#connections) if (connection.isPaused) count++
    return count
  }

  /** Connections that are not read because their client is throttled. */
  get mutedCount(): number {
    let count = 0
    for (const connection of this.#connections) if (connection.isMuted) count++
    return count
  }

  /** Open connections by the name of their listener. */
  connectionCounts(): Map<string, number> {
    const counts = new Map(this.#options.config.listeners.map(({ name }) => [name, 0]))
    for (const { listenerName } of this.#connections) {
      counts.set(listenerName, (counts.get(listenerName) ?? 0) + 1)
    }
    return counts
  }

  /** Binds all listeners, or none: a failure closes what was bound. */
  async listen(): Promise<void> {
    try {
      for (const listener of this.#options.config.listeners) await this.#bind(listener)
    } catch (error) {
      await Promise.all(this.#listeners.map(listener => listener.close()))
      throw error
    }
  }

  /** Stops accepting, lets what has begun finish, and closes what has not within the time. */
  async close(deadlineMs: number): Promise<void> {
    this.#isClosing = true
    await Promise.all(this.#listeners.map(listener => listener.close()))
    for (const connection of this.#held) connection.destroy()
    for (const connection of this.#connections) connection.end()
    if (this.#connections.size === 0) return
    await new Promise<void>(resolve => {
      const timer = this.#options.clock.after(deadlineMs, resolve, 'server-close')
      this.#whenEmpty = () => {
        timer.cancel()
        resolve()
      }
    })
    for (const connection of this.#connections) connection.destroy()
  }

  async #bind(config: ListenerConfig): Promise<void> {
    let { port } = config
    let bound = 0
    let failure: unknown
    for (const host of config.bindHosts) {
      try {
        const listener = await this.#options.network.listen(
          { host, port },
          connection => this.#accept(connection, config),
          error => this.#noteUnaccepted(error),
        )
        port = listener.address.port
        this.#listeners.push(listener)
        bound++
      } catch (error) {
        failure = error
        // `localhost` means both loopbacks, and a machine may lack one; anything else in the way is an error.
        if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') throw error
      }
    }
    if (bound === 0) throw failure
  }

  #accept(connection: Connection, listener: ListenerConfig): ConnectionEvents {
    const { config, dispatcher, pool, clock, logger, throttle } = this.#options
    const host = connection.remote.host
    if (this.#isOverLimit(host)) {
      this.counters.refused++
      logger.limited(
        `limit ${host}`,
        { event: 'connection-limit', client: host },
        'too many connections: closing one',
      )
      connection.destroy()
      return { data: () => {}, drain: () => {}, close: () => {} }
    }
    const heldMs = throttle.connected(host)
    if (heldMs > 0) return this.#closeLater(connection, heldMs)
    this.counters.accepted++
    this.#perAddress.set(host, (this.#perAddress.get(host) ?? 0) + 1)
    const client = new ClientConnection({
      connection,
      dispatcher,
      pool,
      clock,
      logger,
      memory: this.memory,
      counters: this.counters,
      received: this.#received,
      frameBytesMax: config.value('socket.request.max.bytes'),
      idleMs: config.value('connections.max.idle.ms'),
      listenerName: listener.name,
      advertised: advertisedTo(listener, connection),
      onClosed: () => this.#forget(client, host),
      onBroken: error => this.#halt(error),
    })
    this.#connections.add(client)
    return {
      data: bytes => client.receive(bytes),
      drain: () => client.drained(),
      close: () => client.closed(),
    }
  }

  #closeLater(connection: Connection, delayMs: number): ConnectionEvents {
    this.counters.refused++
    if (this.#held.size >= HELD_MAX) {
      connection.destroy()
      return { data: () => {}, drain: () => {}, close: () => {} }
    }
    this.#held.add(connection)
    const timer = this.#options.clock.after(delayMs, () => connection.destroy(), 'connection-quota')
    const close = () => {
      timer.cancel()
      this.#held.delete(connection)
    }
    return { data: () => {}, drain: () => {}, close }
  }

  /** Fail-stop: nobody gets another answer. */
  #halt(error: AssertionError): void {
    this.#isClosing = true
    for (const listener of this.#listeners.splice(0)) void listener.close()
    for (const connection of [...this.#connections, ...this.#held]) connection.destroy()
    this.#options.onBroken(error)
  }

  #noteUnaccepted(error: Error): void {
    this.counters.refused++
    const fields = { event: 'accept-failed', error: error.message }
    this.#options.logger.limited('accept', fields, 'a connection could not be accepted')
  }

  #isOverLimit(host: string): boolean {
    const { settings, clock } = this.#options
    if (this.#isClosing || this.#connections.size >= settings.value('max.connections')) return true
    const count = this.#perAddress.get(host) ?? 0
    const own = this.#addressLimits().get(host)
    if (own !== undefined && count >= own) return true
    if (isLoopback(host)) return false
    if (own === undefined && count >= settings.value('max.connections.per.ip')) return true
    const second = Math.floor(clock.mono() / 1_000)
    if (second !== this.#second) {
      this.#second = second
      this.#newThisSecond = 0
    }
    return ++this.#newThisSecond > settings.value('max.connection.creation.rate')
  }

  /** `max.connections.per.ip.overrides`, taken apart once. */
  #addressLimits(): ReadonlyMap<string, number> {
    const text = this.#options.settings.value('max.connections.per.ip.overrides')
    if (text === this.#limits.text) return this.#limits.byAddress
    const pairs = text === '' ? [] : text.split(',').map(pair => pair.trim())
    const byAddress = pairs.map((pair): [string, number] => {
      const colon = pair.lastIndexOf(':') // an IPv6 address has others
      return [pair.slice(0, colon), Number(pair.slice(colon + 1))]
    })
    this.#limits = { text, byAddress: new Map(byAddress) }
    return this.#limits.byAddress
  }

  #forget(client: ClientConnection, host: string): void {
    this.#connections.delete(client)
    const count = (this.#perAddress.get(host) ?? 1) - 1
    if (count > 0) this.#perAddress.set(host, count)
    else this.#perAddress.delete(host)
    if (this.#connections.size === 0) this.#whenEmpty?.()
  }
}

/** Unless told otherwise a client is sent back to where its connection arrived: that address works for it. */
function advertisedTo(listener: ListenerConfig, connection: Connection): Address {
  const { host, port } = connection.local
  if (!listener.advertised) return { host, port }
  return { host: listener.advertised.host, port: listener.advertised.port || port }
}

function isLoopback(host: string): boolean {
  return host === '::1' || host.startsWith('127.')
}
