/**
 * Bytes of requests that the whole broker may hold at once. Over it, connections stop reading; they go on when it has fallen to three
 * quarters. One request that is larger than the budget is still taken when nothing else is held.
 */
const RESUME_RATIO = 0.75

export class MemoryBudget {
  readonly bytesMax: number
  #bytes = 0
  #isExhausted = false
  #waiters: (() => void)[] = []

  constructor(bytesMax: number) {
    this.bytesMax = bytesMax
  }

  get bytes(): number {
    return this.#bytes
  }

  get isExhausted(): boolean {
    return this.#isExhausted
  }

  take(bytes: number): void {
    this.#bytes += bytes
    if (this.#bytes > this.bytesMax) this.#isExhausted = true
  }

  give(bytes: number): void {
    this.#bytes -= bytes
    if (!this.#isExhausted || this.#bytes > this.bytesMax * RESUME_RATIO) return
    this.#isExhausted = false
    const waiters = this.#waiters
    this.#waiters = []
    for (const resume of waiters) resume()
  }

  /** Calls once when there is room again; at once when there is. */
  whenRoom(resume: () => void): void {
    if (this.#isExhausted) this.#waiters.push(resume)
  }
}
