import type { Clock, Timer } from '../base/clock.ts'

/** For how long a connection is throttled. Of several times the one that ends last counts. */
export class ConnectionMute {
  readonly #clock: Clock
  readonly #ended: () => void
  #timer: Timer | undefined
  #until = 0

  constructor(clock: Clock, ended: () => void) {
    this.#clock = clock
    this.#ended = ended
  }

  get isOn(): boolean {
    return this.#timer !== undefined
  }

  extend(ms: number): void {
    const until = this.#clock.mono() + ms
    if (this.isOn && until <= this.#until) return
    this.#until = until
    this.#timer?.cancel()
    this.#timer = this.#clock.after(
      ms,
      () => {
        this.#timer = undefined
        this.#ended()
      },
      'connection-mute',
    )
  }

  cancel(): void {
    this.#timer?.cancel()
    this.#timer = undefined
  }
}
