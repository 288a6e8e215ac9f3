import type { Clock } from '../base/clock.ts'
import { KafkaError } from '../protocol/errors.ts'
import type { CoordinatorLog, KeyedRecord, LoggedRecord, NewRecord } from './coordinator-log.ts'

/**
 * Appends a coordinator's records: all that come up in one turn of the event loop, and while an append is under way, go into one
 * batch. A caller's records stay together, in one batch or none.
 *
 * Invariants: records reach the log, and then the state, in the order in which `append` was called; one append is under way at a
 * time. After the first failure nothing is appended any more, since what was decided later may rest on what was lost.
 */
const UNSAVED_BYTES_MAX = 16 * 1024 * 1024
/** What a record costs in a batch beside its key and value, at most: lengths, deltas, attributes. */
const RECORD_OVERHEAD_BYTES = 32
const BATCH_HEADER_BYTES = 61

interface Unit {
  records: NewRecord[]
  bytes: number
  resolve: () => void
  reject: (error: unknown) => void
}

export class RecordWriter {
  readonly #log: CoordinatorLog
  readonly #clock: Clock
  readonly #batchBytesMax: number
  readonly #apply: (records: LoggedRecord[], nextOffset: number) => Promise<unknown>
  readonly #fail: (error: unknown) => void
  #units: Unit[] = []
  #unsavedBytes = 0
  #isFlushing = false
  #failure: { error: unknown } | null = null
  /** Settles with the last append. */
  #last: Promise<void> = Promise.resolve()

  constructor(options: {
    log: CoordinatorLog
    clock: Clock
    batchBytesMax: number
    /** Brings committed records into the state. */
    apply: (records: LoggedRecord[], nextOffset: number) => Promise<unknown>
    /** Told once, before anybody whose records were not written. */
    fail: (error: unknown) => void
  }) {
    this.#log = options.log
    this.#clock = options.clock
    this.#batchBytesMax = options.batchBytesMax
    this.#apply = options.apply
    this.#fail = options.fail
  }

  /** False when so much is waiting for the log that requests should be sent away. */
  get hasRoom(): boolean {
    return this.#unsavedBytes < UNSAVED_BYTES_MAX
  }

  /** Resolves when the records are durable and applied. */
  append(records: readonly KeyedRecord[]): Promise<void> {
    if (this.#failure !== null) return Promise.reject(this.#failure.error)
    const bytes = bytesOf(records)
    if (bytes + BATCH_HEADER_BYTES > this.#batchBytesMax)
      return Promise.reject(new KafkaError('RECORD_LIST_TOO_LARGE'))
    const timestamp = this.#clock.wall()
    const stamped = records.map(({ key, value }) => ({ key, value, timestamp }))
    const done = new Promise<void>((resolve, reject) => {
      this.#units.push({ records: stamped, bytes, resolve, reject })
    })
    this.#unsavedBytes += bytes
    this.#last = done
    if (!this.#isFlushing) {
      this.#isFlushing = true
      this.#clock.soon(() => void this.#flush())
    }
    return done
  }

  /** Appends as many batches as the records need; not atomic as a whole. */
  async appendAll(records: readonly KeyedRecord[]): Promise<void> {
    const written: Promise<void>[] = []
    let from = 0
    let bytes = BATCH_HEADER_BYTES
    for (let i = 0; i <= records.length; i++) {
      const size = i < records.length ? bytesOf([records[i]!]) : Number.POSITIVE_INFINITY
      if (bytes + size <= this.#batchBytesMax) {
        bytes += size
      } else if (i > from) {
        written.push(this.append(records.slice(from, i)))
        from = i
        bytes = BATCH_HEADER_BYTES + size
      }
    }
    await Promise.all(written)
  }

  /** Resolves when everything appended so far is durable and applied, or has failed. */
  async settled(): Promise<void> {
    await this.#last.catch(() => {})
  }

  /** Another coordinator takes over: what is under way may reach the log, but not the state, which is the other's now. */
  close(): void {
    this.#failure ??= { error: new KafkaError('NOT_COORDINATOR') }
  }

  async #flush(): Promise<void> {
    while (this.#units.length > 0) {
      const batch = this.#takeBatch()
      try {
        const records = batch.flatMap(unit => unit.records)
        const first = await this.#log.append(records)
        if (this.#failure !== null) throw this.#failure.error
        const logged = records.map(({ key, value }, i) => ({ offset: first + i, key, value }))
        await this.#apply(logged, first + records.length)
      } catch (error) {
        this.#stop(error, batch)
        return
      }
      for (const unit of batch) {
        this.#unsavedBytes -= unit.bytes
        unit.resolve()
      }
    }
    this.#isFlushing = false
  }

  #takeBatch(): Unit[] {
    let bytes = BATCH_HEADER_BYTES
    let count = 0
    for (const unit of this.#units) {
      bytes += unit.bytes
      if (count > 0 && bytes > this.#batchBytesMax) break
      count++
    }
    return this.#units.splice(0, count)
  }

  #stop(error: unknown, batch: Unit[]): void {
    const isFirst = this.#failure === null
    this.#failure ??= { error }
    const lost = [...batch, ...this.#units]
    this.#units = []
    if (isFirst) this.#fail(error)
    for (const unit of lost) unit.reject(error)
  }
}

function bytesOf(records: readonly KeyedRecord[]): number {
  let bytes = 0
  for (const { key, value } of records) bytes += key.length + (value?.length ?? 0) + RECORD_OVERHEAD_BYTES
  return bytes
}
