/**
 * The time index of one segment (`.timeindex`, Kafka's format): from which offset on a look-up of a time scans.
 *
 * An entry (timestamp, offset) says: the greatest timestamp up to here is `timestamp`, and the batch that ends at `offset`
 * was the first to reach it. So a record with a greater timestamp comes after `offset`. Timestamps strictly increase,
 * offsets never fall. An entry is offered with every entry of the offset index, and when the segment is rolled or closed;
 * the last one therefore holds the segment's greatest timestamp. Like the offset index it is only a hint.
 */
import { assert } from '../../base/assert.ts'
import { CorruptionError, type Disk, hasCode } from '../../base/disk.ts'
import { readInt64, writeInt64 } from '../int64.ts'
import { lengthOfEntries, withRoomFor } from './offset-index.ts'
import { requireSegmentName } from './segment-names.ts'

const ENTRY_BYTES = 12
const FIRST_CAPACITY = 32 * ENTRY_BYTES
const INT32_MAX = 0x7fff_ffff
const NO_TIMESTAMP = -1

export interface TimeIndexSource {
  baseOffset: number
  /** First offset beyond the segment: no entry may name it or a later one. */
  endOffset: number
  /** For messages. */
  file: string
}

export class TimeIndex {
  readonly baseOffset: number
  #bytes: Buffer = Buffer.alloc(0)
  #length = 0
  #lastTimestamp = NO_TIMESTAMP

  constructor(baseOffset: number) {
    this.baseOffset = baseOffset
  }

  /** Takes the bytes over. Zeros behind the entries are dropped; anything else that breaks a rule is damage. */
  static parse(bytes: Buffer, source: TimeIndexSource): TimeIndex {
    const { baseOffset, endOffset, file } = source
    const index = new TimeIndex(baseOffset)
    const length = lengthOfEntries(bytes, ENTRY_BYTES, file)
    let lastRelative = 0
    for (let at = 0; at < length; at += ENTRY_BYTES) {
      const timestamp = readInt64(bytes, at, file)
      const relative = bytes.readInt32BE(at + 8)
      if (timestamp <= index.#lastTimestamp) {
        throw new CorruptionError(file, at, 'a timestamp is not above the one before')
      }
      if (relative < lastRelative)
        throw new CorruptionError(file, at + 8, 'an offset is below the one before')
      if (baseOffset + relative >= endOffset) {
        throw new CorruptionError(file, at + 8, `offset ${baseOffset + relative} lies beyond the log`)
      }
      index.#lastTimestamp = timestamp
      lastRelative = relative
    }
    index.#bytes = bytes
    index.#length = length
    return index
  }

  get entryCount(): number {
    return this.#length / ENTRY_BYTES
  }

  /** The greatest timestamp indexed, or -1. */
  get lastTimestamp(): number {
    return this.#lastTimestamp
  }

  /** The offset of the last entry, or the segment's first. */
  get lastOffset(): number {
    return this.#length === 0 ? this.baseOffset : this.#offsetAt(this.entryCount - 1)
  }

  get last(): { timestamp: number; offset: number } | undefined {
    return this.#length === 0 ? undefined : { timestamp: this.#lastTimestamp, offset: this.lastOffset }
  }

  *entries(): Generator<{ timestamp: number; offset: number }> {
    for (let slot = 0; slot < this.entryCount; slot++) {
      yield { timestamp: this.#timestampAt(slot), offset: this.#offsetAt(slot) }
    }
  }

  /** The entries as they belong into the file, from a position in it on. A view, valid until the index is cut. */
  bytes(from = 0): Buffer {
    return this.#bytes.subarray(from, this.#length)
  }

  /** From which offset on to look for the first record with this time or a later one. */
  lookup(timestamp: number): number {
    let low = 0
    let high = this.entryCount
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#timestampAt(middle) <= timestamp) low = middle + 1
      else high = middle
    }
    return low === 0 ? this.baseOffset : this.#offsetAt(low - 1)
  }

  /**
   * Adds an entry, if the time is above the last one's. Give the greatest timestamp of the segment so far, and the last
   * offset of the first batch that reached it.
   */
  maybeAppend(maxTimestamp: number, offset: number): boolean {
    if (maxTimestamp <= this.#lastTimestamp) return false
    const relative = offset - this.baseOffset
    assert(offset >= this.lastOffset && relative <= INT32_MAX, `time index offset ${offset} is out of order`)
    this.#bytes = withRoomFor(this.#bytes, this.#length, ENTRY_BYTES, FIRST_CAPACITY)
    writeInt64(this.#bytes, this.#length, maxTimestamp)
    this.#bytes.writeInt32BE(relative, this.#length + 8)
    this.#length += ENTRY_BYTES
    this.#lastTimestamp = maxTimestamp
    return true
  }

  /** Removes the entries that name `offset` or a later one. */
  truncateTo(offset: number): void {
    let kept = this.entryCount
    while (kept > 0 && this.#offsetAt(kept - 1) >= offset) kept--
    this.#length = kept * ENTRY_BYTES
    this.#lastTimestamp = kept === 0 ? NO_TIMESTAMP : this.#timestampAt(kept - 1)
  }

  #timestampAt(slot: number): number {
    return readInt64(this.#bytes, slot * ENTRY_BYTES, '')
  }

  #offsetAt(slot: number): number {
    return this.baseOffset + this.#bytes.readInt32BE(slot * ENTRY_BYTES + 8)
  }
}

/** The last entry of a file; undefined when there is none, or when Kafka has preallocated space behind it. */
export async function readLastEntry(
  disk: Disk,
  path: string,
  baseOffset: number,
): Promise<{ timestamp: number; offset: number } | undefined> {
  const bytes = Buffer.alloc(ENTRY_BYTES)
  try {
    const file = await disk.open(path, { mode: 'read' })
    try {
      const size = await file.size()
      if (size === 0 || size % ENTRY_BYTES !== 0) return undefined
      await file.read(size - ENTRY_BYTES, bytes)
    } finally {
      await file.close()
    }
    const timestamp = readInt64(bytes, 0, path)
    return timestamp > 0 ? { timestamp, offset: baseOffset + bytes.readInt32BE(8) } : undefined
  } catch (error) {
    if (hasCode(error, 'ENOENT') || error instanceof CorruptionError) return undefined
    throw error
  }
}

/** One line an entry, as Kafka's dump tool prints it. */
export function* describeTimeIndex(bytes: Buffer, file: string): Generator<string> {
  const { baseOffset } = requireSegmentName(file)
  const length = lengthOfEntries(bytes, ENTRY_BYTES, file)
  for (let at = 0; at < length; at += ENTRY_BYTES) {
    yield `timestamp: ${readInt64(bytes, at, file)} offset: ${baseOffset + bytes.readInt32BE(at + 8)}`
  }
}
