import { hasCode } from '../base/disk.ts'
import type { Logger } from '../base/logger.ts'

/** Work that nobody waits for, kept hold of so that a stop can. Its failures are logged; a full disk is tried again later. */
export class BackgroundWork {
  readonly #logger: Logger
  readonly #isOver: () => boolean
  readonly #running = new Set<Promise<unknown>>()

  /** Failures are no news when `isOver`. */
  constructor(logger: Logger, isOver: () => boolean) {
    this.#logger = logger
    this.#isOver = isOver
  }

  add(work: Promise<unknown>): void {
    const settled = work.catch(error => {
      if (this.#isOver()) return
      const level = hasCode(error, 'ENOSPC') ? 'warn' : 'error'
      this.#logger[level]({ event: 'storage-background', error: String(error) }, 'background work failed')
    })
    this.#running.add(settled)
    void settled.finally(() => this.#running.delete(settled))
  }

  async settle(): Promise<void> {
    while (this.#running.size > 0) await Promise.allSettled(this.#running)
  }
}
