/**
 * How much a client used of what is limited, and how long it must wait: pure, time is handed in (milliseconds of a clock that never goes
 * back).
 *
 * `RateMeter` adds up in sliding windows, as Kafka does. The rate is what was used in the windows that are kept, by the time since the
 * oldest of them began, which is a whole window at the least. Kafka counts the windows before a client's first as well, and so lets a
 * new client use the quota of all windows in one burst; here the quota holds from the first window on.
 */
export interface QuotaWindows {
  /** How many windows are kept, with the one that runs. */
  readonly count: number
  readonly ms: number
}

export class RateMeter {
  readonly #windows: QuotaWindows
  readonly #sums: Float64Array
  /** When the first window began; windows are counted from there. */
  #origin = 0
  #current = 0
  #total = 0

  constructor(windows: QuotaWindows) {
    this.#windows = windows
    this.#sums = new Float64Array(windows.count)
  }

  /** What was used in the windows that are kept. */
  used(now: number): number {
    this.#slide(now)
    return this.#total
  }

  record(amount: number, now: number): void {
    this.#slide(now)
    if (this.#total === 0) this.#restart(now)
    const slot = this.#current % this.#windows.count
    this.#sums[slot] = this.#sums[slot]! + amount
    this.#total += amount
  }

  /** Until the rate falls to the limit (a second), if nothing more is used and `amount` is. 0 when it is not above. */
  delayMs(limit: number, now: number, amount = 0): number {
    this.#slide(now)
    const neededMs = ((this.#total + amount) / limit) * 1_000
    const elapsedMs = this.#elapsedMs(now)
    return neededMs <= Math.max(elapsedMs, this.#windows.ms) ? 0 : Math.ceil(neededMs - elapsedMs)
  }

  /**
   * Records the amount if the rate stays within the limit, and gives 0; else the wait until it would. An amount that is larger than all
   * windows together could never be used, so one is let through when nothing else was used.
   */
  take(amount: number, limit: number, now: number): number {
    const delay = this.used(now) === 0 ? 0 : this.delayMs(limit, now, amount)
    if (delay === 0) this.record(amount, now)
    return delay
  }

  /** Since the oldest window that counts began. */
  #elapsedMs(now: number): number {
    const { count, ms } = this.#windows
    if (this.#total === 0) return 0
    const oldest = Math.max(0, this.#current - count + 1)
    return now - this.#origin - oldest * ms
  }

  /** Lets go of windows that are over. */
  #slide(now: number): void {
    const { count, ms } = this.#windows
    const current = Math.floor((now - this.#origin) / ms)
    if (current <= this.#current) return
    if (current - this.#current >= count) {
      this.#sums.fill(0)
    } else {
      for (let window = this.#current + 1; window <= current; window++) this.#sums[window % count] = 0
    }
    this.#current = current
    // Added anew, so that no rounding is left behind.
    this.#total = this.#sums.reduce((sum, one) => sum + one, 0)
  }

  #restart(now: number): void {
    this.#origin = now
    this.#current = 0
    this.#sums.fill(0)
  }
}

/**
 * Tokens that come at a rate and are kept up to a number, as Kafka counts changes by controllers: whoever has any may go below zero, and
 * then waits until none are missing.
 */
export class TokenBucket {
  readonly #windows: QuotaWindows
  #tokens = Number.POSITIVE_INFINITY
  #filledAt = 0

  constructor(windows: QuotaWindows) {
    this.#windows = windows
  }

  /** Until no token is missing. */
  delayMs(limit: number, now: number): number {
    this.#fill(limit, now)
    return this.#tokens < 0 ? Math.ceil((-this.#tokens / limit) * 1_000) : 0
  }

  record(amount: number, limit: number, now: number): void {
    this.#fill(limit, now)
    this.#tokens -= amount
  }

  #fill(limit: number, now: number): void {
    const { count, ms } = this.#windows
    const most = (limit * count * ms) / 1_000
    this.#tokens = Math.min(most, this.#tokens + ((now - this.#filledAt) * limit) / 1_000)
    this.#filledAt = now
  }
}
