/** How far long work has come, on a terminal, at most a few times a second. Asked often, it costs a look at the clock. */
import type { Clock } from '../base/clock.ts'
import type { Terminal } from './terminal.ts'

const EVERY_MS = 200

export class Progress {
  readonly #terminal: Terminal
  readonly #clock: Clock
  #nextAt: number

  constructor(terminal: Terminal, clock: Clock) {
    this.#terminal = terminal
    this.#clock = clock
    // What is done quickly shows nothing.
    this.#nextAt = clock.mono() + EVERY_MS
  }

  show(text: () => string): void {
    const now = this.#clock.mono()
    if (now < this.#nextAt) return
    this.#nextAt = now + EVERY_MS
    this.#terminal.progress(text())
  }

  end(): void {
    this.#terminal.progress('')
  }
}
