import { AssertionError } from '../base/assert.ts'
import type { BufferPool, Lease } from '../base/buffer-pool.ts'
import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/logger.ts'
import type { Address, Connection } from '../base/network.ts'
import { FrameAssembler } from '../protocol/frame.ts'
import { ConnectionMute } from './connection-mute.ts'
import { ConnectionWaiters } from './connection-waiters.ts'
import { type CloseCounters, ConnectionWatch } from './connection-watch.ts'
import { ANONYMOUS, type ClientSoftware, type Held, type Session } from './context.ts'
import type { Answer, Dispatcher } from './dispatch.ts'
import type { Handler } from './handler.ts'
import type { MemoryBudget } from './memory-budget.ts'
import type { ReceivedBytes } from './received-bytes.ts'

/**
 * One client's connection: bytes in, frames, requests, answers out in the order of the requests.
 *
 * A request begins when everything before it is answered, as in Kafka; only requests of one kind that say so (Produce) overlap, so that
 * the next batch is checked and queued while the one before is on its way to the disk. Answers that become ready in the same
 * turn of the event loop leave together.
 *
 * Bounds: requests that wait, request bytes held (whole and unfinished, with the whole broker's budget), answer bytes that the client
 * does not take. Over a bound the socket is not read, and TCP pushes back. A client that is throttled is not read either, and
 * nothing more of it begins. What has no future is closed (`connection-watch`).
 */
const REQUESTS_WAITING_MAX = 1_000
const ANSWER_BYTES_MAX = 8 << 20
/** A pause ends when what caused it has fallen to this part of its bound. */
const RESUME_RATIO = 0.5
/** Unfinished requests up to here are not worth counting. */
const SMALL_BYTES_MAX = 4 << 10
/** Frames from this size on are put into buffers of the pool. */
const POOLED_FRAME_BYTES = 64 << 10
const UNKNOWN_SOFTWARE: ClientSoftware = { name: 'unknown', version: 'unknown' }

interface Slot extends Held {
  frame: Buffer
  /** Owns the frame's bytes; released when nobody needs them any more. */
  lease: Lease | null
  handler: Handler | undefined
  answer: Answer
  receivedAt: number
  isDone: boolean
}

export interface ConnectionOptions {
  connection: Connection
  dispatcher: Dispatcher
  pool: BufferPool
  clock: Clock
  logger: Logger
  memory: MemoryBudget
  counters: CloseCounters
  received: ReceivedBytes
  frameBytesMax: number
  idleMs: number
  listenerName: string
  advertised: Address
  onClosed: () => void
  /** An assertion failed while a request was served: the broker must not go on. */
  onBroken: (error: AssertionError) => void
}

export class ClientConnection implements Session {
  readonly listenerName: string
  readonly clientHost: string
  readonly user = ANONYMOUS
  readonly clientPort: number
  readonly advertised: Address
  readonly #options: ConnectionOptions
  readonly #connection: Connection
  readonly #assembler: FrameAssembler
  readonly #waiters: ConnectionWaiters
  /** Requests in order of arrival; the first `#started` of them have begun. */
  #slots: Slot[] = []
  #started = 0
  #heldBytes = 0
  #assembling: Lease | null = null
  /** What the unfinished request holds, as the budget knows it. */
  #unfinishedBytes = 0
  #pausedAt = 0
  #out: Buffer[] = []
  #isFlushing = false
  #isPaused = false
  #isEnding = false
  readonly #watch: ConnectionWatch
  readonly #mute: ConnectionMute
  readonly #resume = () => this.#resumeIfRoom()
  isClosed = false
  software: ClientSoftware = UNKNOWN_SOFTWARE

  constructor(options: ConnectionOptions) {
    const { connection } = options
    this.#options = options
    this.#waiters = new ConnectionWaiters(options.clock)
    this.#connection = connection
    this.listenerName = options.listenerName
    this.advertised = options.advertised
    this.clientHost = `/${connection.remote.host}`
    this.clientPort = connection.remote.port
    this.#assembler = new FrameAssembler({
      frameBytesMax: options.frameBytesMax,
      deliver: frame => this.#accept(frame),
      allocate: bytes => this.#allocate(bytes),
      keep: (chunk, start) => options.received.keep(chunk, start),
    })
    this.#mute = new ConnectionMute(options.clock, () => this.drained())
    this.#watch = new ConnectionWatch({
      clock: options.clock,
      connection,
      idleMs: options.idleMs,
      unfinishedBytes: () => this.#assembler.pendingBytes,
      isPaused: () => this.#isPaused,
      isMuted: () => this.#mute.isOn,
      hasRequests: () => this.#slots.length > 0,
      close: reason => {
        options.counters[reason]++
        this.destroy()
      },
    })
  }

  get pendingBytes(): number {
    return this.#connection.pendingBytes
  }

  get isPaused(): boolean {
    return this.#isPaused && !this.#mute.isOn
  }

  get isMuted(): boolean {
    return this.#mute.isOn
  }

  mute(ms: number): void {
    if (this.isClosed || this.#isEnding) return
    this.#mute.extend(ms)
    // It will not finish a request for a while: another may.
    this.#options.memory.hasFinished(this)
    this.#pause()
  }

  onClose(run: () => void): () => void {
    return this.#waiters.add(run)
  }

  receive(chunk: Buffer): void {
    if (this.isClosed || this.#isEnding) return
    const now = this.#options.clock.mono()
    this.#watch.lastActivity = now
    if (this.#assembler.pendingBytes === 0) this.#watch.unfinishedSince = now
    try {
      this.#assembler.push(chunk)
    } catch (error) {
      this.#refuse(error)
      return
    }
    this.#weighUnfinished()
  }

  drained(): void {
    this.#startNext()
    this.#resumeIfRoom()
  }

  /** No new requests; what has begun is answered, then the connection ends. */
  end(): void {
    if (this.isClosed || this.#isEnding) return
    this.#isEnding = true
    // It is read on, and what comes is dropped: a paused socket would not see that the peer has closed.
    if (this.#isPaused) this.#connection.resume()
    this.#mute.cancel()
    for (const slot of this.#slots.splice(this.#started)) this.#release(slot)
    this.#waiters.end()
    if (this.#slots.length === 0) this.#connection.end()
  }

  /** The peer or we have closed it: whoever waits on its behalf stops. */
  closed(): void {
    if (this.isClosed) return
    this.isClosed = true
    this.#watch.cancel()
    this.#mute.cancel()
    for (const slot of this.#slots) this.#release(slot)
    this.#slots = []
    this.#started = 0
    this.#out = []
    this.#assembler.clear()
    this.#assembling?.release()
    this.#assembling = null
    this.#options.memory.give(this.#unfinishedBytes)
    this.#unfinishedBytes = 0
    this.#options.memory.hasFinished(this)
    this.#options.memory.forget(this.#resume)
    this.#waiters.end()
    this.#options.onClosed()
  }

  #allocate(bytes: number): Buffer {
    if (bytes < POOLED_FRAME_BYTES || this.isClosed) return Buffer.allocUnsafeSlow(bytes)
    this.#assembling?.release()
    this.#assembling = this.#options.pool.acquire(bytes)
    return this.#assembling.buffer.subarray(0, bytes)
  }

  #accept(frame: Buffer): void {
    // What stands behind a request that closed the connection is not served.
    if (this.isClosed) return
    const lease = this.#leaseOf(frame)
    const handler = this.#options.dispatcher.handlerOf(frame)
    this.#slots.push({
      frame,
      lease,
      handler,
      answer: null,
      isDone: false,
      held: null,
      receivedAt: this.#watch.lastActivity,
    })
    this.#heldBytes += frame.length
    this.#options.memory.take(frame.length - this.#unfinishedBytes)
    this.#unfinishedBytes = 0
    this.#watch.unfinishedSince = this.#watch.lastActivity
    this.#startNext()
    if (!this.#hasRoom(1)) this.#pause()
  }

  /** An unfinished request takes room too; one of all connections may read on to its end. */
  #weighUnfinished(): void {
    const { memory } = this.#options
    if (this.isClosed) return
    const bytes = this.#assembler.pendingBytes > SMALL_BYTES_MAX ? this.#assembler.heldBytes : 0
    memory.take(bytes - this.#unfinishedBytes)
    this.#unfinishedBytes = bytes
    if (bytes === 0) memory.hasFinished(this)
    if (memory.isExhausted && !this.#mayFinish()) this.#pause()
  }

  #mayFinish(): boolean {
    return this.#unfinishedBytes > 0 && !this.#mute.isOn && this.#options.memory.mayFinish(this)
  }

  /** Whether this connection's own bounds let it read; at a resume with something to spare. */
  #hasRoom(ratio: number): boolean {
    const { memory, frameBytesMax } = this.#options
    if (this.#slots.length >= REQUESTS_WAITING_MAX * ratio) return false
    if (this.#heldBytes >= 2 * frameBytesMax * ratio) return false
    return !memory.isExhausted || this.#mayFinish()
  }

  /** Who owns a frame: its own buffer from the pool, or the slab that its chunk was copied to. */
  #leaseOf(frame: Buffer): Lease | null {
    if (this.#assembling?.buffer.buffer === frame.buffer) {
      const lease = this.#assembling
      this.#assembling = null
      return lease
    }
    return this.#options.received.retain(frame)
  }

  #startNext(): void {
    while (this.#started < this.#slots.length && this.#mayStart(this.#slots[this.#started]!)) {
      const slot = this.#slots[this.#started++]!
      this.#start(slot)
      if (this.isClosed) return
    }
  }

  #mayStart(slot: Slot): boolean {
    if (this.#mute.isOn || this.#connection.pendingBytes > ANSWER_BYTES_MAX) return false
    if (this.#started === 0) return true
    return slot.handler?.overlaps === true && this.#slots[this.#started - 1]!.handler === slot.handler
  }

  #start(slot: Slot): void {
    try {
      const answer = this.#options.dispatcher.dispatch(slot.frame, this, slot.lease, slot)
      // Only records are slices of the frame; everything else was copied while it was decoded.
      if (!slot.handler?.overlaps) releaseFrame(slot)
      if (answer instanceof Promise) {
        answer.then(
          parts => this.#finish(slot, parts),
          error => this.#refuse(error),
        )
      } else {
        this.#finish(slot, answer)
      }
    } catch (error) {
      this.#refuse(error)
    }
  }

  #finish(slot: Slot, answer: Answer): void {
    if (this.isClosed) {
      if (slot.held) releaseAll(slot.held)
      return
    }
    slot.answer = answer
    slot.isDone = true
    if (this.#isFlushing) return
    this.#isFlushing = true
    this.#options.clock.soon(() => this.#flush())
  }

  /** Sends the answers that are next in order. */
  #flush(): void {
    this.#isFlushing = false
    if (this.isClosed) return
    let done = 0
    const now = this.#options.clock.mono()
    const held: Lease[] = []
    while (done < this.#started && this.#slots[done]!.isDone) {
      const slot = this.#slots[done++]!
      this.#options.dispatcher.note(slot.handler, now - slot.receivedAt)
      if (slot.answer) for (const part of slot.answer) this.#out.push(part)
      if (slot.held) {
        held.push(...slot.held)
        slot.held = null
      }
      this.#release(slot)
    }
    if (done > 0) {
      this.#slots.splice(0, done)
      this.#started -= done
    }
    if (this.#out.length > 0) {
      const parts = this.#out
      this.#out = []
      if (held.length === 0) this.#connection.send(parts)
      else this.#connection.send(parts, () => releaseAll(held))
      this.#watch.lastActivity = now
    }
    if (this.#isEnding && this.#slots.length === 0) {
      this.#connection.end()
      return
    }
    this.#startNext()
    this.#resumeIfRoom()
  }

  /** Closes it at once. */
  destroy(): void {
    this.#connection.destroy()
    this.closed()
  }

  #release(slot: Slot): void {
    this.#heldBytes -= slot.frame.length
    this.#options.memory.give(slot.frame.length)
    releaseFrame(slot)
    if (slot.held) releaseAll(slot.held)
    slot.held = null
  }

  #pause(): void {
    if (this.#isPaused || this.isClosed) return
    this.#isPaused = true
    this.#pausedAt = this.#options.clock.mono()
    this.#connection.pause()
    this.#options.memory.whenRoom(this.#resume)
  }

  #resumeIfRoom(): void {
    if (!this.#isPaused || this.isClosed || this.#isEnding || this.#mute.isOn) return
    if (!this.#hasRoom(RESUME_RATIO)) {
      this.#options.memory.whenRoom(this.#resume)
      return
    }
    this.#isPaused = false
    this.#watch.unfinishedSince += this.#options.clock.mono() - this.#pausedAt
    this.#connection.resume()
  }

  #refuse(error: unknown): void {
    if (error instanceof AssertionError) {
      this.#options.onBroken(error)
      return
    }
    if (this.isClosed) return
    const { logger, counters } = this.#options
    counters.refusedRequests++
    const reason = error instanceof Error ? error.message : String(error)
    logger.limited(
      this.clientHost,
      { event: 'connection-refused', client: this.clientHost, reason },
      'closing a connection',
    )
    this.destroy()
  }
}

function releaseFrame(slot: Slot): void {
  slot.lease?.release()
  slot.lease = null
}

function releaseAll(leases: readonly Lease[]): void {
  for (const lease of leases) lease.release()
}
