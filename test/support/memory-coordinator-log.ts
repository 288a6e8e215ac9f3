import type { CoordinatorLog, LoggedRecord, NewRecord } from '../../src/coordinator/coordinator-log.ts'

/** A coordinator's log in memory, whose appends can be held back or made to fail. */
export class MemoryCoordinatorLog implements CoordinatorLog {
  readonly incarnation: string
  readonly startOffset = 0
  readonly batches: LoggedRecord[][] = []
  /** The next append fails with this; with `writes`, its records are in the log all the same. */
  failure: { error: unknown; writes: boolean } | null = null
  #held: (() => void)[] | null = null
  #endOffset = 0

  constructor(incarnation = 'first') {
    this.incarnation = incarnation
  }

  get endOffset(): number {
    return this.#endOffset
  }

  get records(): LoggedRecord[] {
    return this.batches.flat()
  }

  async *read(fromOffset: number): AsyncIterable<readonly LoggedRecord[]> {
    for (const batch of [...this.batches]) {
      const records = batch.filter(({ offset }) => offset >= fromOffset)
      if (records.length > 0) yield records
    }
  }

  async append(records: readonly NewRecord[]): Promise<number> {
    if (this.#held !== null) await new Promise<void>(resolve => this.#held?.push(resolve))
    const { failure } = this
    this.failure = null
    if (failure !== null && !failure.writes) throw failure.error
    const first = this.#endOffset
    this.batches.push(
      records.map(({ key, value }, i) => ({
        offset: first + i,
        key: copy(key),
        value: value && copy(value),
      })),
    )
    this.#endOffset += records.length
    if (failure !== null) throw failure.error
    return first
  }

  /** From now on appends wait. */
  hold(): void {
    this.#held ??= []
  }

  release(): void {
    const held = this.#held ?? []
    this.#held = null
    for (const resume of held) resume()
  }
}

function copy(bytes: Buffer): Buffer {
  return Buffer.from(bytes)
}
