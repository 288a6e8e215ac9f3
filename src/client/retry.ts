/** Tries again what may succeed in a moment, until a time is over. */
import type { Clock } from '../base/clock.ts'
import { KafkaError } from '../protocol/errors.ts'
import { ConnectionError } from './connection-error.ts'

const PAUSE_MS_MIN = 50
const PAUSE_MS_MAX = 1_000

/** Retriable for Kafka, yet the answer to somebody who has mistyped a name: trying again would only make them wait. */
const final = new Set(['UNKNOWN_TOPIC_OR_PARTITION', 'UNKNOWN_TOPIC_ID', 'ELECTION_NOT_NEEDED'])

export function isTemporary(error: unknown): boolean {
  if (error instanceof ConnectionError) return error.isTemporary
  return error instanceof KafkaError && error.isRetriable && !final.has(error.error)
}

/** The last failure is thrown when `timeoutMs` is over. */
export async function retrying<T>(clock: Clock, timeoutMs: number, attempt: () => Promise<T>): Promise<T> {
  const pauses = new Pauses(clock, timeoutMs)
  for (;;) {
    try {
      return await attempt()
    } catch (error) {
      if (!isTemporary(error) || !(await pauses.next())) throw error
    }
  }
}

/** Pauses that grow from one try to the next, until a time is over. */
export class Pauses {
  readonly #clock: Clock
  readonly #deadline: number
  #pauseMs = PAUSE_MS_MIN

  constructor(clock: Clock, timeoutMs: number) {
    this.#clock = clock
    this.#deadline = clock.mono() + timeoutMs
  }

  /** Waits; false, at once, when another try would come too late. */
  async next(): Promise<boolean> {
    const pauseMs = this.#pauseMs
    if (this.#clock.mono() + pauseMs > this.#deadline) return false
    this.#pauseMs = Math.min(pauseMs * 2, PAUSE_MS_MAX)
    await pause(this.#clock, pauseMs)
    return true
  }
}

export function pause(clock: Clock, delayMs: number): Promise<void> {
  return new Promise(resolve => clock.after(delayMs, resolve, 'client-pause'))
}
