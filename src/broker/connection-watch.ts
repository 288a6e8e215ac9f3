import type { Clock, Timer } from '../base/clock.ts'
import type { Connection } from '../base/network.ts'

/**
 * Looks from time to time whether a connection has a future: it has none when it is idle for too long, when it sends a request more slowly
 * than anybody would, and when it takes nothing of its answers.
 *
 * While the broker does not read a connection, the time of its unfinished request stands still; while it is throttled, all of them.
 */
const STALLED_MS = 30_000
/** A request may take `STALLED_MS`, and longer only while its bytes come at this rate. */
const BYTES_PER_MS_MIN = 16

/** Connections that were closed by us, by reason. */
export interface CloseCounters {
  refusedRequests: number
  idle: number
  slowRequests: number
  stalled: number
}

export type CloseReason = Exclude<keyof CloseCounters, 'refusedRequests'>

export interface WatchOptions {
  clock: Clock
  connection: Connection
  idleMs: number
  /** What there is of a request that has not come whole. */
  unfinishedBytes: () => number
  isPaused: () => boolean
  isMuted: () => boolean
  hasRequests: () => boolean
  close: (reason: CloseReason) => void
}

export class ConnectionWatch {
  readonly #options: WatchOptions
  #timer: Timer
  #stalledSince: number
  #sendProgress = 0
  /** Last time that bytes came or an answer went. */
  lastActivity: number
  /** When the unfinished request began. */
  unfinishedSince: number

  constructor(options: WatchOptions) {
    this.#options = options
    const now = options.clock.mono()
    this.#stalledSince = now
    this.lastActivity = now
    this.unfinishedSince = now
    this.#timer = this.#schedule()
  }

  cancel(): void {
    this.#timer.cancel()
  }

  #schedule(): Timer {
    const { clock, idleMs, close } = this.#options
    return clock.after(
      Math.min(STALLED_MS / 3, idleMs),
      () => {
        const reason = this.#reasonToClose(clock.mono())
        if (reason) close(reason)
        else this.#timer = this.#schedule()
      },
      'connection-watch',
    )
  }

  #reasonToClose(now: number): CloseReason | undefined {
    const { connection, idleMs, isPaused, hasRequests } = this.#options
    const { pendingBytes, sendProgress } = connection
    if (pendingBytes === 0 || sendProgress !== this.#sendProgress) this.#stalledSince = now
    this.#sendProgress = sendProgress
    if (this.#options.isMuted()) {
      this.#stalledSince = now
      this.lastActivity = now
      return undefined
    }
    if (now - this.#stalledSince >= STALLED_MS) return 'stalled'
    const unfinishedBytes = this.#options.unfinishedBytes()
    if (unfinishedBytes > 0 && !isPaused()) {
      const deadline = this.unfinishedSince + STALLED_MS + unfinishedBytes / BYTES_PER_MS_MIN
      return now >= deadline ? 'slowRequests' : undefined
    }
    return !hasRequests() && now - this.lastActivity >= idleMs ? 'idle' : undefined
  }
}
