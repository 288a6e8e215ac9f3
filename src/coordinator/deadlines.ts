import type { Clock, Timer } from '../base/clock.ts'

/** Something that wants to be woken. `wakeAt` may move: later at will, earlier with a call of `watch`. */
export interface Sleeper {
  /** On the monotonic clock; Infinity: not at all. */
  readonly wakeAt: number
  wake(): void
}

/**
 * The deadlines of any number of sleepers behind one timer: a binary heap, in which each sleeper stands at most once a time. A
 * sleeper that was put off (a heartbeat puts a session off) stays where it is, and is put back when its old place comes up; so
 * putting off costs nothing.
 */
export class Deadlines {
  readonly #clock: Clock
  readonly #heap: { at: number; sleeper: Sleeper }[] = []
  /** Where each sleeper stands in the heap; its other places are stale. */
  readonly #placedAt = new Map<Sleeper, number>()
  #timer: Timer | null = null
  #timerAt = Number.POSITIVE_INFINITY
  #isGranted = false

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Deadlines watched; more than one for a sleeper whose deadline came nearer. */
  get size(): number {
    return this.#heap.length
  }

  watch(sleeper: Sleeper): void {
    if (sleeper.wakeAt >= (this.#placedAt.get(sleeper) ?? Number.POSITIVE_INFINITY)) return
    this.#place(sleeper)
    this.#arm()
  }

  forget(sleeper: Sleeper): void {
    this.#placedAt.delete(sleeper)
  }

  close(): void {
    this.#timer?.cancel()
    this.#timer = null
    this.#heap.length = 0
    this.#placedAt.clear()
  }

  #arm(): void {
    const first = this.#heap[0]?.at ?? Number.POSITIVE_INFINITY
    if (this.#timer !== null && this.#timerAt <= first) return
    this.#timer?.cancel()
    this.#timer = null
    this.#timerAt = first
    if (first === Number.POSITIVE_INFINITY) return
    const delay = Math.min(Math.max(first - this.#clock.mono(), 0), LONGEST_DELAY_MS)
    this.#timer = this.#clock.after(delay, () => this.#fire(), 'coordinator deadlines')
  }

  #fire(): void {
    const now = this.#clock.mono()
    this.#timer = null
    // The process stood still: whoever was heard of meanwhile has its input waiting, and must not be taken for gone.
    if (now - this.#timerAt > PAUSE_MS_MIN && !this.#isGranted) {
      this.#isGranted = true
      this.#timer = this.#clock.after(
        PAUSE_GRACE_MS,
        () => this.#fire(),
        'coordinator deadlines, after a pause',
      )
      return
    }
    this.#isGranted = false
    const due: Sleeper[] = []
    while (this.#heap.length > 0 && this.#heap[0]!.at <= now) {
      const { at, sleeper } = this.#take()
      if (this.#placedAt.get(sleeper) !== at) continue
      this.#placedAt.delete(sleeper)
      due.push(sleeper)
    }
    for (const sleeper of due) if (sleeper.wakeAt <= now) sleeper.wake()
    for (const sleeper of due) this.watch(sleeper)
    this.#arm()
  }

  #place(sleeper: Sleeper): void {
    const heap = this.#heap
    const at = sleeper.wakeAt
    this.#placedAt.set(sleeper, at)
    let index = heap.length
    heap.push({ at, sleeper })
    while (index > 0) {
      const parent = (index - 1) >> 1
      if (heap[parent]!.at <= at) break
      heap[index] = heap[parent]!
      index = parent
    }
    heap[index] = { at, sleeper }
  }

  #take(): { at: number; sleeper: Sleeper } {
    const heap = this.#heap
    const first = heap[0]!
    const moved = heap.pop()!
    if (heap.length === 0) return first
    let index = 0
    for (;;) {
      let child = 2 * index + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && heap[child + 1]!.at < heap[child]!.at) child++
      if (heap[child]!.at >= moved.at) break
      heap[index] = heap[child]!
      index = child
    }
    heap[index] = moved
    return first
  }
}

/** Node's timers take no more than 2^31−1. */
const LONGEST_DELAY_MS = 2 ** 31 - 1
/** A timer this late means that the process was stopped, or its machine asleep. */
const PAUSE_MS_MIN = 2_000
const PAUSE_GRACE_MS = 500
