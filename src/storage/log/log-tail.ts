import { assert } from '../../base/assert.ts'
import type { Lease } from '../../base/buffer-pool.ts'
import type { TailCache, TailEntry } from './tail-cache.ts'

/**
 * What one log has in the tail cache, oldest first, and which of it is not in the segments' files yet.
 *
 * The entries are contiguous and end where the last acknowledged append ends. They leave from the old end, when the cache says so, and
 * never before they are written.
 */
export interface WriteRun {
  segment: number
  position: number
  bytes: number
  parts: Buffer[]
  entries: TailEntry[]
  /** Own the parts while they are written, whatever leaves the cache meanwhile. */
  leases: Lease[]
}

/** Entries handed to one reader at a time. */
const ENTRIES_MAX = 1_024

export class LogTail {
  readonly #cache: TailCache
  #entries: TailEntry[] = []
  #head = 0
  #unwritten: TailEntry[] = []
  #unwrittenBytes = 0

  constructor(cache: TailCache) {
    this.#cache = cache
  }

  /** The oldest entry in memory. */
  get first(): TailEntry | undefined {
    return this.#entries[this.#head]
  }

  get unwrittenBytes(): number {
    return this.#unwrittenBytes
  }

  add(entry: TailEntry): void {
    this.#entries.push(entry)
    if (!entry.written) {
      this.#unwritten.push(entry)
      this.#unwrittenBytes += entry.bytes
    }
    this.#cache.add(entry)
  }

  /** The entries from the one that holds the offset on; undefined when it has left memory. */
  from(offset: number): readonly TailEntry[] | undefined {
    const { first } = this
    if (!first || offset < first.baseOffset) return undefined
    let low = this.#head
    let high = this.#entries.length - 1
    while (low < high) {
      const middle = (low + high + 1) >>> 1
      if (this.#entries[middle]!.baseOffset <= offset) low = middle
      else high = middle - 1
    }
    return this.#entries.slice(low, low + ENTRIES_MAX)
  }

  /** The cache has let its oldest entry of this log go. */
  dropped(entry: TailEntry): void {
    assert(this.first === entry, 'entries leave the cache in their order')
    this.#entries[this.#head++] = undefined as never
    if (this.#head > 64 && this.#head * 2 > this.#entries.length) {
      this.#entries = this.#entries.slice(this.#head)
      this.#head = 0
    }
  }

  /** Lets what lies below an offset go before its turn, as far as it is in the files. */
  dropBelow(offset: number): void {
    for (let entry = this.first; entry?.written && entry.endOffset <= offset; entry = this.first) {
      this.#cache.remove(entry)
      this.dropped(entry)
    }
  }

  /** The longest run of unwritten entries that stand one behind another in one segment. */
  nextRun(): WriteRun | undefined {
    const first = this.#unwritten[0]
    if (!first) return undefined
    const run: WriteRun = {
      segment: first.segment,
      position: first.position,
      bytes: 0,
      parts: [],
      entries: [],
      leases: [],
    }
    for (const entry of this.#unwritten) {
      if (entry.segment !== run.segment || entry.position !== run.position + run.bytes) break
      run.entries.push(entry)
      run.parts.push(...entry.parts)
      run.leases.push(...entry.leases)
      run.bytes += entry.bytes
    }
    for (const lease of run.leases) lease.retain()
    return run
  }

  /** The run is no longer written, well or not. */
  release(run: WriteRun): void {
    for (const lease of run.leases) lease.release()
  }

  /** The run is in the file. */
  wrote(run: WriteRun): void {
    for (const entry of run.entries) entry.written = true
    if (this.#unwritten[0] !== run.entries[0]) return // cleared meanwhile
    this.#unwritten.splice(0, run.entries.length)
    this.#unwrittenBytes -= run.bytes
  }

  clear(): void {
    for (let i = this.#head; i < this.#entries.length; i++) this.#cache.remove(this.#entries[i]!)
    this.#entries = []
    this.#head = 0
    this.#unwritten = []
    this.#unwrittenBytes = 0
  }
}
