import type { Clock, Timer } from '../clock.ts'

/** Node runs a timer that is set further ahead than this at once. */
const TIMER_MS_MAX = 2 ** 31 - 1

/**
 * The process's own time. Timers keep the process alive only as long as something else does, unless it is told otherwise: a command that
 * waits for its next try has nothing else.
 */
export class NodeClock implements Clock {
  readonly #keepsAlive: boolean

  constructor({ keepsAlive = false }: { keepsAlive?: boolean } = {}) {
    this.#keepsAlive = keepsAlive
  }

  mono(): number {
    return performance.now()
  }

  wall(): number {
    return Date.now()
  }

  after(delayMs: number, run: () => void): Timer {
    let timer: NodeJS.Timeout
    const wait = (leftMs: number) => {
      const stepMs = Math.min(leftMs, TIMER_MS_MAX)
      timer = setTimeout(() => (leftMs > stepMs ? wait(leftMs - stepMs) : run()), stepMs)
      if (!this.#keepsAlive) timer.unref()
    }
    wait(delayMs)
    return { cancel: () => clearTimeout(timer) }
  }

  soon(run: () => void): void {
    setImmediate(run)
  }
}
