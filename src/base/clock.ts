/**
 * Time, handed in. Production uses `base/node/node-clock`; tests move time by hand with `ManualClock`.
 *
 * `mono` drives every timeout and never goes back. `wall` is for record timestamps and retention only: it may jump.
 */
export interface Timer {
  cancel(): void
}

export interface Clock {
  /** Milliseconds on a clock that never goes back; its zero has no meaning. */
  mono(): number
  /** Milliseconds since 1970; may jump. */
  wall(): number
  /** Runs once, `delayMs` from now. The tag names the timer in traces. */
  after(delayMs: number, run: () => void, tag: string): Timer
  /** Runs once, after the input that has already arrived in this turn of the event loop. */
  soon(run: () => void): void
}
