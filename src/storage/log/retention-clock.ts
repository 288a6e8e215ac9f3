import type { Clock } from '../../base/clock.ts'

/**
 * The time by which records are judged too old. The wall clock may jump (a wrong battery, a mistaken operator), and what was deleted
 * for it would be gone: so a clock that leapt ahead of the monotonic one is believed only after two more readings, some time apart,
 * agree with it. Until then time goes on from the last reading that was believed. A clock that went back is followed at once: that
 * deletes nothing.
 */
const TOLERANCE_MS = 60_000
const CONFIRMATIONS = 2
const CONFIRMATION_APART_MS = 10_000

interface Reading {
  wall: number
  mono: number
}

export class RetentionClock {
  readonly #clock: Clock
  #believed: Reading | undefined
  /** The clock after its leap, and how many readings have agreed with it since. */
  #doubted: (Reading & { confirmations: number; confirmedAt: number }) | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Takes a reading; to be called once a round. */
  read(): number {
    const now = { wall: this.#clock.wall(), mono: this.#clock.mono() }
    const believed = this.#believed ?? now
    if (!leapt(believed, now)) return this.#believe(now)
    const doubted = this.#doubted
    if (!doubted || leapt(doubted, now) || leapt(now, doubted)) {
      this.#doubted = { ...now, confirmations: 0, confirmedAt: now.mono }
    } else if (now.mono - doubted.confirmedAt >= CONFIRMATION_APART_MS) {
      doubted.confirmedAt = now.mono
      if (++doubted.confirmations >= CONFIRMATIONS) return this.#believe(now)
    }
    return believed.wall + (now.mono - believed.mono)
  }

  /** Whether the wall clock has leapt, and is not believed yet. */
  get isDoubting(): boolean {
    return this.#doubted !== undefined
  }

  #believe(now: Reading): number {
    this.#believed = now
    this.#doubted = undefined
    return now.wall
  }
}

/** Whether the wall clock went further than the monotonic one between two readings. */
function leapt(from: Reading, to: Reading): boolean {
  return to.wall - from.wall - (to.mono - from.mono) > TOLERANCE_MS
}
