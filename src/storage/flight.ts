import type { Lease } from '../base/buffer-pool.ts'

/** The timestamp of a segment's first batch, the largest, and the offset of the batch that has it. -1 where there is none. */
export interface SegmentTimes {
  first: number
  max: number
  maxOffset: number
}

/**
 * The appends of one partition that travel to the disk together. All who wait for one of them wait for one promise.
 *
 * A flight lies in one segment: from `position` on, `bytes` long, ending before `endOffset`. Its parts are slices of what came from
 * the sockets until it is written; then `written` is the one contiguous copy (or the parts themselves when they are large).
 */
export class Flight {
  readonly segment: number
  readonly position: number
  readonly baseOffset: number
  /** What its segment knew of times before it, for the case that it is taken back. */
  readonly timesBefore: SegmentTimes
  readonly done: Promise<void>
  parts: Buffer[] = []
  leases: Lease[] = []
  bytes = 0
  endOffset: number
  /** End of its last batch that clients may see; -1 when it has none. */
  visibleEnd = -1
  /** It holds batches that clients never see. */
  hasInternal = false
  epoch = 0
  records = 0
  /** The acknowledgement waits until the bytes are durable, not only written. */
  sync = false
  #resolve!: () => void
  #reject!: (error: Error) => void

  constructor(segment: number, position: number, baseOffset: number, timesBefore: SegmentTimes) {
    this.segment = segment
    this.position = position
    this.baseOffset = baseOffset
    this.timesBefore = timesBefore
    this.endOffset = baseOffset
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
    this.done.catch(() => {}) // who waits sees the failure; a flight that nobody waits for must not stop the process
  }

  succeed(): void {
    this.#resolve()
  }

  fail(error: Error): void {
    this.#reject(error)
  }
}
