import type { Clock, Timer } from '../clock.ts'

/** The process's own time. Timers keep the process alive only as long as something else does. */
export class NodeClock implements Clock {
  mono(): number {
    return performance.now()
  }

  wall(): number {
    return Date.now()
  }

  after(delayMs: number, run: () => void): Timer {
    // Node takes more than 2^31−1 ms for 1 ms.
    const timer = setTimeout(run, Math.min(delayMs, 0x7fffffff))
    timer.unref()
    return { cancel: () => clearTimeout(timer) }
  }

  soon(run: () => void): void {
    setImmediate(run)
  }
}
