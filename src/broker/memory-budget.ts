/**
 * Bytes of requests, whole and unfinished, that the whole broker may hold at once. Over it, connections stop reading; they go on when
 * it has fallen to three quarters.
 *
 * Unfinished requests alone could fill it, and then none would ever be finished. So one connection in the middle of a request may
 * always read on: what is held at once is the budget and one request.
 */
const RESUME_RATIO = 0.75

export class MemoryBudget {
  readonly bytesMax: number
  #bytes = 0
  #isExhausted = false
  timesExhausted = 0
  #waiters = new Set<() => void>()
  #finisher: object | undefined

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
    if (bytes < 0) {
      this.give(-bytes)
      return
    }
    this.#bytes += bytes
    if (this.#bytes <= this.bytesMax || this.#isExhausted) return
    this.#isExhausted = true
    this.timesExhausted++
  }

  give(bytes: number): void {
    this.#bytes -= bytes
    if (!this.#isExhausted || this.#bytes > this.bytesMax * RESUME_RATIO) return
    this.#isExhausted = false
    this.#wake()
  }

  /** Whether this connection is the one that may finish its request although there is no room. */
  mayFinish(connection: object): boolean {
    this.#finisher ??= connection
    return this.#finisher === connection
  }

  /** It is in the middle of a request no more: another may be the one. */
  hasFinished(connection: object): void {
    if (this.#finisher !== connection) return
    this.#finisher = undefined
    if (this.#isExhausted) this.#wake()
  }

  /** Calls once when there may be room again, if there is none now. */
  whenRoom(resume: () => void): void {
    if (this.#isExhausted) this.#waiters.add(resume)
  }

  forget(resume: () => void): void {
    this.#waiters.delete(resume)
  }

  #wake(): void {
    const waiters = this.#waiters
    this.#waiters = new Set()
    for (const resume of waiters) resume()
  }
}
