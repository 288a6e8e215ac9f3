/**
 * The aborted transactions whose marker stands in one segment (`.txnindex`, Kafka's format), in the order of their markers.
 *
 * Fetch at isolation level read_committed sends those that overlap what it returns. An entry is added when its marker is
 * committed, so nothing here is ever taken back by a truncation of the uncommitted tail. There is no file while there is no entry.
 * Unlike the other indexes it cannot be built from its segment alone: a transaction may begin in an earlier one.
 */
import { assert } from '../../base/assert.ts'
import { CorruptionError } from '../../base/disk.ts'
import { readInt64, writeInt64 } from '../int64.ts'
import { UnknownVersionError } from '../sealed-file.ts'

const VERSION = 0
const ENTRY_BYTES = 34

export interface AbortedTransaction {
  producerId: number
  firstOffset: number
  /** The offset of the marker. */
  lastOffset: number
  /** The last stable offset after the abort: no transaction that was open then begins below it. */
  lastStableOffset: number
}

export interface AbortedSearch {
  transactions: AbortedTransaction[]
  /** False when later segments may hold more of them. */
  isComplete: boolean
}

export class AbortedTransactions {
  #entries: AbortedTransaction[] = []

  static parse(bytes: Buffer, file: string, baseOffset: number): AbortedTransactions {
    const aborted = new AbortedTransactions()
    let lastOffset = baseOffset - 1
    for (let at = 0; at < bytes.length; at += ENTRY_BYTES) {
      const entry = readEntry(bytes, at, file)
      if (entry.lastOffset <= lastOffset || entry.firstOffset > entry.lastOffset) {
        throw new CorruptionError(file, at, 'the offsets of a transaction are out of order')
      }
      lastOffset = entry.lastOffset
      aborted.#entries.push(entry)
    }
    return aborted
  }

  format(): Buffer {
    const bytes = Buffer.allocUnsafeSlow(this.#entries.length * ENTRY_BYTES)
    for (const [i, entry] of this.#entries.entries()) {
      const at = i * ENTRY_BYTES
      bytes.writeInt16BE(VERSION, at)
      writeInt64(bytes, at + 2, entry.producerId)
      writeInt64(bytes, at + 10, entry.firstOffset)
      writeInt64(bytes, at + 18, entry.lastOffset)
      writeInt64(bytes, at + 26, entry.lastStableOffset)
    }
    return bytes
  }

  get entries(): readonly Readonly<AbortedTransaction>[] {
    return this.#entries
  }

  append(entry: AbortedTransaction): void {
    const last = this.#entries.at(-1)
    assert(!last || entry.lastOffset > last.lastOffset, `marker ${entry.lastOffset} is out of order`)
    this.#entries.push(entry)
  }

  /** Those that overlap the offsets from `fetchOffset` up to, not including, `endOffset`. */
  collect(fetchOffset: number, endOffset: number): AbortedSearch {
    const transactions: AbortedTransaction[] = []
    for (const entry of this.#entries) {
      if (entry.lastOffset >= fetchOffset && entry.firstOffset < endOffset) transactions.push(entry)
      if (entry.lastStableOffset >= endOffset) return { transactions, isComplete: true }
    }
    return { transactions, isComplete: false }
  }

  /** Removes the transactions whose marker stands at `offset` or later. True if anything changed. */
  truncateTo(offset: number): boolean {
    const before = this.#entries.length
    while (this.#entries.length > 0 && this.#entries.at(-1)!.lastOffset >= offset) this.#entries.pop()
    return this.#entries.length < before
  }
}

/** One line an entry, as Kafka's dump tool prints it. */
export function* describeAbortedTransactions(bytes: Buffer, file: string): Generator<string> {
  for (let at = 0; at < bytes.length; at += ENTRY_BYTES) {
    const { producerId, firstOffset, lastOffset, lastStableOffset } = readEntry(bytes, at, file)
    yield `version: ${VERSION} producerId: ${producerId} firstOffset: ${firstOffset} ` +
      `lastOffset: ${lastOffset} lastStableOffset: ${lastStableOffset}`
  }
}

function readEntry(bytes: Buffer, at: number, file: string): AbortedTransaction {
  if (at + ENTRY_BYTES > bytes.length) throw new CorruptionError(file, at, 'its last entry is cut off')
  const version = bytes.readInt16BE(at)
  if (version !== VERSION) throw new UnknownVersionError(file, version, VERSION)
  return {
    producerId: readInt64(bytes, at + 2, file),
    firstOffset: readInt64(bytes, at + 10, file),
    lastOffset: readInt64(bytes, at + 18, file),
    lastStableOffset: readInt64(bytes, at + 26, file),
  }
}
