import type { Clock } from '../../base/clock.ts'

/** How much a growing number grew each second, from one reading to the next. */
export class ScrapeRate {
  readonly #clock: Clock
  readonly #read: () => number
  #value: number
  #at: number

  constructor(clock: Clock, read: () => number) {
    this.#clock = clock
    this.#read = read
    this.#value = read()
    this.#at = clock.mono()
  }

  perSecond(): number {
    const value = this.#read()
    const now = this.#clock.mono()
    const rate = now > this.#at ? ((value - this.#value) / (now - this.#at)) * 1_000 : 0
    this.#value = value
    this.#at = now
    return rate
  }
}
