import type { Clock } from '../base/clock.ts'

/** Who waits on behalf of a connection. All are told when it has closed, or is about to be; who comes later is told at once. */
export class ConnectionWaiters {
  readonly #clock: Clock
  readonly #waiters = new Set<() => void>()
  #isOver = false

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Gives what takes the waiter back. */
  add(run: () => void): () => void {
    if (this.#isOver) this.#clock.soon(run)
    else this.#waiters.add(run)
    return () => this.#waiters.delete(run)
  }

  end(): void {
    this.#isOver = true
    const waiters = [...this.#waiters]
    this.#waiters.clear()
    for (const run of waiters) run()
  }
}
