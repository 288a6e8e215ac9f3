import type { Lease } from '../../base/buffer-pool.ts'

/**
 * The newest bytes of all partitions in memory, bounded over all of them. Fetches that follow the tail are served from here.
 *
 * Entries leave in the order in which they came, whatever partition they belong to. What counts against the bound is the backing
 * stores, not the slices: a slab is counted once, as long as one of its entries is here. An entry whose bytes are not yet in its
 * segment's file cannot leave; its log is asked to write out instead.
 */
export interface TailEntry {
  readonly owner: { requestWriteOut(): void; dropped(entry: TailEntry): void }
  readonly segment: number
  readonly position: number
  readonly baseOffset: number
  readonly endOffset: number
  readonly bytes: number
  /** Whole batches, in order. Empty once the entry has left. */
  parts: readonly Buffer[]
  leases: readonly Lease[]
  /** Some batches are not for clients. */
  readonly hasInternal: boolean
  /** The bytes are in the segment's file (perhaps only in the page cache). */
  written: boolean
}

export class TailCache {
  readonly #bytesMax: number
  #entries: (TailEntry | undefined)[] = []
  #head = 0
  #bytes = 0
  readonly #stores = new Map<Lease, number>()

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  /** Bytes of memory held. */
  get bytes(): number {
    return this.#bytes
  }

  get entries(): number {
    return this.#entries.length - this.#head
  }

  /** Takes over one reference to each of the entry's leases. */
  add(entry: TailEntry): void {
    for (const lease of entry.leases) {
      const users = this.#stores.get(lease)
      if (users === undefined) this.#bytes += lease.buffer.length
      this.#stores.set(lease, (users ?? 0) + 1)
    }
    this.#entries.push(entry)
    if (this.#bytes > this.#bytesMax) this.#evict()
  }

  /** Removes an entry before its turn: its segment was deleted or truncated. */
  remove(entry: TailEntry): void {
    const index = this.#entries.indexOf(entry, this.#head)
    if (index < 0) return
    this.#entries[index] = undefined
    this.#free(entry)
  }

  #evict(): void {
    while (this.#bytes > this.#bytesMax && this.#head < this.#entries.length) {
      const entry = this.#entries[this.#head]
      if (entry && !entry.written) {
        entry.owner.requestWriteOut()
        break
      }
      this.#entries[this.#head++] = undefined
      if (!entry) continue
      entry.owner.dropped(entry)
      this.#free(entry)
    }
    if (this.#head > 1_024 && this.#head * 2 > this.#entries.length) {
      this.#entries = this.#entries.slice(this.#head)
      this.#head = 0
    }
  }

  #free(entry: TailEntry): void {
    for (const lease of entry.leases) {
      const users = this.#stores.get(lease)! - 1
      if (users > 0) {
        this.#stores.set(lease, users)
      } else {
        this.#stores.delete(lease)
        this.#bytes -= lease.buffer.length
      }
      lease.release()
    }
    entry.parts = []
    entry.leases = []
  }
}
