import type { Clock, Timer } from '../../src/base/clock.ts'
import type { Random } from '../../src/base/random.ts'

/**
 * The order in which a simulated machine does what is ready: at random, from a seed. Disk operations and `soon` share it, so that
 * one seed is one interleaving. When it is frozen nothing happens any more, as on a machine without power.
 */
export class RandomTurns {
  readonly #random: Random
  readonly #ready: (() => void)[] = []
  #isRunning = false
  #isFrozen = false

  constructor(random: Random) {
    this.#random = random
  }

  get isFrozen(): boolean {
    return this.#isFrozen
  }

  readonly schedule = (run: () => void): void => {
    this.#ready.push(run)
    if (!this.#isRunning && !this.#isFrozen) void this.#run()
  }

  freeze(): void {
    this.#isFrozen = true
    this.#ready.length = 0
  }

  /** Resolves when nothing is ready, and nothing comes of what was. */
  async settle(): Promise<void> {
    for (let quiet = 0; quiet < 40 && !this.#isFrozen; quiet++) {
      if (this.#ready.length > 0 || this.#isRunning) quiet = 0
      await undefined
    }
  }

  async #run(): Promise<void> {
    this.#isRunning = true
    await undefined
    while (this.#ready.length > 0) {
      const chosen = this.#random.below(this.#ready.length)
      const [run] = this.#ready.splice(chosen, 1)
      run!()
      for (let i = this.#random.below(6); i >= 0; i--) await undefined
    }
    this.#isRunning = false
  }
}

/** A clock whose time a test moves, and whose work runs in the turns of the machine. */
export class TurnClock implements Clock {
  readonly #turns: RandomTurns
  #mono = 0
  #timers: { at: number; run: () => void }[] = []

  constructor(turns: RandomTurns) {
    this.#turns = turns
  }

  mono(): number {
    return this.#mono
  }

  wall(): number {
    return 1_700_000_000_000 + this.#mono
  }

  after(delayMs: number, run: () => void): Timer {
    const timer = { at: this.#mono + delayMs, run }
    this.#timers.push(timer)
    return {
      cancel: () => {
        this.#timers = this.#timers.filter(one => one !== timer)
      },
    }
  }

  soon(run: () => void): void {
    this.#turns.schedule(run)
  }

  /** Time passes; what falls due is begun. */
  pass(ms: number): void {
    this.#mono += ms
    const due = this.#timers.filter(({ at }) => at <= this.#mono)
    this.#timers = this.#timers.filter(({ at }) => at > this.#mono)
    for (const { run } of due) run()
  }
}
