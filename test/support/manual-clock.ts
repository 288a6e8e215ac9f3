import type { Clock, Timer } from '../../src/base/clock.ts'

/** A clock that stands still until a test moves it. Work without a delay runs in the turns of the real event loop. */
export class ManualClock implements Clock {
  #mono = 0
  #wall: number
  readonly #timers: { at: number; run: () => void }[] = []

  constructor(wall = 1_700_000_000_000) {
    this.#wall = wall
  }

  mono(): number {
    return this.#mono
  }

  wall(): number {
    return this.#wall
  }

  get timers(): number {
    return this.#timers.length
  }

  after(delayMs: number, run: () => void): Timer {
    const timer = { at: this.#mono + delayMs, run }
    this.#timers.push(timer)
    return { cancel: () => this.#remove(timer) }
  }

  soon(run: () => void): void {
    setImmediate(run)
  }

  /** Moves both clocks, running each timer at its time, and whatever follows from it. */
  async advance(ms: number): Promise<void> {
    const end = this.#mono + ms
    for (;;) {
      await this.settle()
      const next = this.#timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0]
      if (next === undefined) break
      this.#remove(next)
      this.#moveTo(Math.max(next.at, this.#mono))
      next.run()
    }
    this.#moveTo(end)
  }

  /** Lets everything that is ready run. */
  async settle(): Promise<void> {
    for (let i = 0; i < 4; i++) await new Promise(resolve => setImmediate(resolve))
  }

  /** The process stands still: time passes, and no timer runs. */
  freeze(ms: number): void {
    this.#moveTo(this.#mono + ms)
  }

  #moveTo(mono: number): void {
    this.#wall += mono - this.#mono
    this.#mono = mono
  }

  #remove(timer: { at: number; run: () => void }): void {
    const index = this.#timers.indexOf(timer)
    if (index >= 0) this.#timers.splice(index, 1)
  }
}
