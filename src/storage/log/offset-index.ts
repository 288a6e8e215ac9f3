/**
 * The offset index of one segment (`.index`, Kafka's format): where in the `.log` a look-up of an offset starts to scan.
 *
 * An entry (offset, position) names the last offset of a batch and the position of that batch's first byte, so every
 * record below `position` has a smaller offset. Entries are sparse and strictly increase in both parts. The batch at
 * position 0 never has an entry, so a pair of zeros is not an entry but the space that Kafka preallocates.
 * The bytes are kept as they stand in the file. An index is a hint: a damaged or missing one is built anew from the log.
 */
import { assert } from '../../base/assert.ts'
import { CorruptionError } from '../../base/disk.ts'
import { requireSegmentName } from './segment-names.ts'

const ENTRY_BYTES = 8
const FIRST_CAPACITY = 32 * ENTRY_BYTES
const INT32_MAX = 0x7fff_ffff

export interface OffsetIndexSource {
  baseOffset: number
  /** Size of the `.log`: no entry may point at or beyond it. */
  logBytes: number
  /** For messages. */
  file: string
}

export class OffsetIndex {
  readonly baseOffset: number
  #bytes: Buffer
  #length = 0

  constructor(baseOffset: number) {
    this.baseOffset = baseOffset
    this.#bytes = NO_BYTES
  }

  /** Takes the bytes over. Zeros behind the entries are dropped; anything else that breaks a rule is damage. */
  static parse(bytes: Buffer, source: OffsetIndexSource): OffsetIndex {
    const { baseOffset, logBytes, file } = source
    const length = lengthOfEntries(bytes, ENTRY_BYTES, file)
    let lastRelative = -1
    let lastPosition = 0
    for (let at = 0; at < length; at += ENTRY_BYTES) {
      const relative = bytes.readInt32BE(at)
      const position = bytes.readInt32BE(at + 4)
      if (relative <= lastRelative)
        throw new CorruptionError(file, at, 'an offset is not above the one before')
      if (position <= lastPosition)
        throw new CorruptionError(file, at + 4, 'a position is not above the one before')
      if (position >= logBytes)
        throw new CorruptionError(file, at + 4, `position ${position} lies beyond the log`)
      lastRelative = relative
      lastPosition = position
    }
    const index = new OffsetIndex(baseOffset)
    index.#bytes = bytes
    index.#length = length
    return index
  }

  get entryCount(): number {
    return this.#length / ENTRY_BYTES
  }

  /** The offset of the last entry; one below the segment's first when there is none. */
  get lastOffset(): number {
    return this.baseOffset + (this.#length === 0 ? -1 : this.#bytes.readInt32BE(this.#length - ENTRY_BYTES))
  }

  get last(): { offset: number; position: number } | undefined {
    return this.#length === 0 ? undefined : { offset: this.lastOffset, position: this.lastPosition }
  }

  /** The position of the last entry; 0 when there is none. */
  get lastPosition(): number {
    return this.#length === 0 ? 0 : this.#positionAt(this.entryCount - 1)
  }

  *entries(): Generator<{ offset: number; position: number }> {
    for (let slot = 0; slot < this.entryCount; slot++) {
      const offset = this.baseOffset + this.#bytes.readInt32BE(slot * ENTRY_BYTES)
      yield { offset, position: this.#positionAt(slot) }
    }
  }

  /** The entries as they belong into the file, from a position in it on. A view, valid until the index is cut. */
  bytes(from = 0): Buffer {
    return this.#bytes.subarray(from, this.#length)
  }

  /** Where to start the scan for an offset: the position of the greatest entry ≤ it, or 0. */
  lookup(offset: number): number {
    const slot = this.#slotOf(offset)
    return slot < 0 ? 0 : this.#positionAt(slot)
  }

  /** The greatest entry ≤ an offset. */
  floor(offset: number): { offset: number; position: number } | undefined {
    const slot = this.#slotOf(offset)
    if (slot < 0) return undefined
    return {
      offset: this.baseOffset + this.#bytes.readInt32BE(slot * ENTRY_BYTES),
      position: this.#positionAt(slot),
    }
  }

  /** The greatest indexed position above `from` and at most `until`: where a read of whole batches can end. */
  lastPositionIn(from: number, until: number): number | undefined {
    let low = 0
    let high = this.entryCount
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#positionAt(middle) <= until) low = middle + 1
      else high = middle
    }
    const position = low === 0 ? 0 : this.#positionAt(low - 1)
    return position > from ? position : undefined
  }

  /** Adds an entry: the last offset of a batch and the position of its first byte. */
  append(lastOffset: number, position: number): void {
    const relative = lastOffset - this.baseOffset
    assert(
      lastOffset > this.lastOffset && relative <= INT32_MAX,
      `index offset ${lastOffset} is out of order`,
    )
    assert(position > 0 && position <= INT32_MAX, `index position ${position} is out of range`)
    this.#bytes = withRoomFor(this.#bytes, this.#length, ENTRY_BYTES, FIRST_CAPACITY)
    this.#bytes.writeInt32BE(relative, this.#length)
    this.#bytes.writeInt32BE(position, this.#length + 4)
    this.#length += ENTRY_BYTES
  }

  /** Removes the entries of batches that reach `offset` or beyond. */
  truncateTo(offset: number): void {
    this.#length = (this.#slotOf(offset - 1) + 1) * ENTRY_BYTES
  }

  #positionAt(slot: number): number {
    return this.#bytes.readInt32BE(slot * ENTRY_BYTES + 4)
  }

  /** The number of the greatest entry ≤ offset, or -1. */
  #slotOf(offset: number): number {
    const target = offset - this.baseOffset
    let low = 0
    let high = this.entryCount
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#bytes.readInt32BE(middle * ENTRY_BYTES) <= target) low = middle + 1
      else high = middle
    }
    return low - 1
  }
}

/** One line an entry, as Kafka's dump tool prints it. */
export function* describeOffsetIndex(bytes: Buffer, file: string): Generator<string> {
  const { baseOffset } = requireSegmentName(file)
  const length = lengthOfEntries(bytes, ENTRY_BYTES, file)
  for (let at = 0; at < length; at += ENTRY_BYTES) {
    yield `offset: ${baseOffset + bytes.readInt32BE(at)} position: ${bytes.readInt32BE(at + 4)}`
  }
}

const NO_BYTES = Buffer.alloc(0)

/** The length without the zeros at the end, which are there in multiples of an entry. Shared with the time index. */
export function lengthOfEntries(bytes: Buffer, entryBytes: number, file: string): number {
  if (bytes.length % entryBytes !== 0) {
    throw new CorruptionError(file, bytes.length, `its size is not a multiple of ${entryBytes}`)
  }
  let end = bytes.length
  while (end > 0 && bytes[end - 1] === 0) end--
  return Math.ceil(end / entryBytes) * entryBytes
}

/** The buffer, or one twice its size with the same bytes when it is full. Shared with the time index. */
export function withRoomFor(bytes: Buffer, length: number, more: number, firstCapacity: number): Buffer {
  if (length + more <= bytes.length) return bytes
  const grown = Buffer.allocUnsafeSlow(Math.max(firstCapacity, bytes.length * 2))
  bytes.copy(grown, 0, 0, length)
  return grown
}
