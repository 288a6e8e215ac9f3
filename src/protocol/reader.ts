/**
 * A cursor over the bytes of one message. Every step is checked against the end, and nothing is allocated from a number that
 * the peer announces: an array count is bounded by the bytes that remain, by 100,000 elements in a message and by the
 * memory that they would take (8 times the frame). What is wrong with a message is a `DecodeError`, and nothing else is.
 *
 * `what` names the field, for the error only.
 */
import { internedAscii } from './interned-strings.ts'
import { readUuid } from './uuid.ts'

/** Bytes that are not the message they claim to be. On the wire: INVALID_REQUEST, or the connection is closed. */
export class DecodeError extends Error {
  override name = 'DecodeError'
  readonly position: number
  constructor(what: string, reason: string, position: number) {
    super(`${what || 'message'}: ${reason} (at byte ${position})`)
    this.position = position
  }
}

/** Elements in all arrays of one message. */
export const ELEMENTS_MAX = 100_000
/** Unknown tagged fields in one section. */
export const UNKNOWN_TAGS_MAX = 64
/** Kafka's longest string, in bytes. */
const STRING_BYTES_MAX = 0x7fff
/** Memory that arrays may take whatever the frame's size is; beyond it, 8 bytes for each byte of the frame. */
const HEAP_BYTES_FREE = 1 << 20

export class Reader {
  readonly buffer: Buffer
  readonly end: number
  position: number
  #elementsLeft = ELEMENTS_MAX
  #heapBytesLeft: number

  constructor(buffer: Buffer, position = 0, end = buffer.length) {
    this.buffer = buffer
    this.position = position
    this.end = end
    this.#heapBytesLeft = HEAP_BYTES_FREE + 8 * (end - position)
  }

  get remaining(): number {
    return this.end - this.position
  }

  int8(what = ''): number {
    const at = this.#take(1, what)
    return (this.buffer[at]! << 24) >> 24
  }

  int16(what = ''): number {
    const at = this.#take(2, what)
    return ((this.buffer[at]! << 24) | (this.buffer[at + 1]! << 16)) >> 16
  }

  uint16(what = ''): number {
    const at = this.#take(2, what)
    return (this.buffer[at]! << 8) | this.buffer[at + 1]!
  }

  int32(what = ''): number {
    const at = this.#take(4, what)
    const { buffer } = this
    return (buffer[at]! << 24) | (buffer[at + 1]! << 16) | (buffer[at + 2]! << 8) | buffer[at + 3]!
  }

  uint32(what = ''): number {
    return this.int32(what) >>> 0
  }

  int64(what = ''): number {
    const high = this.int32(what)
    const low = this.uint32(what)
    if (high > 0x1fffff || high < -0x200000 || (high === -0x200000 && low === 0)) {
      this.fail(what, `int64 ${(BigInt(high) << 32n) | BigInt(low)} is outside ±(2^53−1)`, 8)
    }
    return high * 0x1_0000_0000 + low
  }

  /** An int64 that may also be 2^63−1, which is read as `MAX_INT64`. */
  int64OrMax(what = ''): number {
    const { position } = this
    if (this.int32(what) === 0x7fffffff && this.uint32(what) === 0xffffffff) return 2 ** 63
    this.position = position
    return this.int64(what)
  }

  float64(what = ''): number {
    return this.buffer.readDoubleBE(this.#take(8, what))
  }

  bool(what = ''): boolean {
    return this.buffer[this.#take(1, what)] !== 0
  }

  uuid(what = ''): string {
    return readUuid(this.buffer, this.#take(16, what))
  }

  /** Of at most 32 bits, in at most 5 bytes. */
  unsignedVarint(what = ''): number {
    const { buffer, position } = this
    const first = position < this.end ? buffer[position]! : 0x80
    if (first < 0x80) {
      this.position = position + 1
      return first
    }
    return this.#longVarint(what)
  }

  string(what = ''): string {
    const length = this.int16(what)
    if (length < 0) this.#failLength(what, length, 2)
    return this.#text(length, what)
  }

  nullableString(what = ''): string | null {
    const length = this.int16(what)
    if (length < 0) return this.#null(what, length, 2)
    return this.#text(length, what)
  }

  compactString(what = ''): string {
    const length = this.unsignedVarint(what) - 1
    if (length < 0) this.fail(what, 'null is not allowed', 1)
    return this.#text(length, what)
  }

  compactNullableString(what = ''): string | null {
    const length = this.unsignedVarint(what) - 1
    return length < 0 ? null : this.#text(length, what)
  }

  /** A copy, which may outlive the frame. */
  bytes(what = ''): Buffer {
    return copy(this.records(what))
  }

  nullableBytes(what = ''): Buffer | null {
    const slice = this.nullableRecords(what)
    return slice && copy(slice)
  }

  compactBytes(what = ''): Buffer {
    return copy(this.compactRecords(what))
  }

  compactNullableBytes(what = ''): Buffer | null {
    const slice = this.compactNullableRecords(what)
    return slice && copy(slice)
  }

  /** A slice of the frame. */
  records(what = ''): Buffer {
    const length = this.int32(what)
    if (length < 0) this.#failLength(what, length, 4)
    return this.#slice(length, what)
  }

  nullableRecords(what = ''): Buffer | null {
    const length = this.int32(what)
    if (length < 0) return this.#null(what, length, 4)
    return this.#slice(length, what)
  }

  compactRecords(what = ''): Buffer {
    const length = this.unsignedVarint(what) - 1
    if (length < 0) this.fail(what, 'null is not allowed', 1)
    return this.#slice(length, what)
  }

  compactNullableRecords(what = ''): Buffer | null {
    const length = this.unsignedVarint(what) - 1
    return length < 0 ? null : this.#slice(length, what)
  }

  /** The count of an array whose elements take at least `bytesMin` on the wire and about `heapBytes` in memory. */
  arrayLength(bytesMin: number, heapBytes: number, what = ''): number {
    const count = this.int32(what)
    if (count < 0) this.#failLength(what, count, 4)
    return this.#count(count, bytesMin, heapBytes, what)
  }

  /** −1 stands for null. */
  nullableArrayLength(bytesMin: number, heapBytes: number, what = ''): number {
    const count = this.int32(what)
    if (count < 0) return this.#null(what, count, 4) ?? -1
    return this.#count(count, bytesMin, heapBytes, what)
  }

  compactArrayLength(bytesMin: number, heapBytes: number, what = ''): number {
    const count = this.unsignedVarint(what) - 1
    if (count < 0) this.fail(what, 'null is not allowed', 1)
    return this.#count(count, bytesMin, heapBytes, what)
  }

  compactNullableArrayLength(bytesMin: number, heapBytes: number, what = ''): number {
    const count = this.unsignedVarint(what) - 1
    return count < 0 ? -1 : this.#count(count, bytesMin, heapBytes, what)
  }

  /** The byte in front of a nullable struct. */
  isPresent(what = ''): boolean {
    return this.int8(what) >= 0
  }

  /** The same in front of a tagged one, where Kafka writes a varint. */
  isTaggedPresent(what = ''): boolean {
    return this.unsignedVarint(what) > 0
  }

  /** The number of tagged fields that follow; each takes at least a tag and a size. */
  tagCount(what = ''): number {
    const count = this.unsignedVarint(what)
    if (count > this.remaining >>> 1) this.fail(what, `${count} tagged fields in ${this.remaining} bytes`, 1)
    return count
  }

  /** Reads a tagged field's size; gives the position at which it must end. */
  tagEnd(what = ''): number {
    const size = this.unsignedVarint(what)
    if (size > this.remaining) this.#failShort(size, what)
    return this.position + size
  }

  /** Ends a known tagged field: once in a section (`seen` holds a bit for each), and exactly as long as it said. */
  finishTag(tag: number, end: number, seen: number, what = ''): void {
    if (this.position !== end) this.fail(what, `tagged field ${tag} is not as long as it says`, 0)
    if (seen & (1 << tag)) this.fail(what, `tagged field ${tag} comes twice`, 0)
  }

  /** Steps over the `nth` unknown tagged field of a section; it is never kept. */
  skipTag(end: number, nth: number, what = ''): void {
    if (nth > UNKNOWN_TAGS_MAX) this.fail(what, `more than ${UNKNOWN_TAGS_MAX} unknown tagged fields`, 0)
    this.position = end
  }

  /** Steps over a section of tagged fields none of which is known. */
  skipTags(what = ''): void {
    const count = this.tagCount(what)
    for (let nth = 1; nth <= count; nth++) {
      this.unsignedVarint(what)
      this.skipTag(this.tagEnd(what), nth, what)
    }
  }

  /** A message must fill its frame. */
  requireEnd(what = ''): void {
    if (this.position !== this.end) this.fail(what, `${this.remaining} bytes behind the end`, 0)
  }

  /** Reports a value that began `back` bytes before here. */
  fail(what: string, reason: string, back: number): never {
    throw new DecodeError(what, reason, this.position - back)
  }

  #take(size: number, what: string): number {
    const at = this.position
    if (size > this.end - at) this.#failShort(size, what)
    this.position = at + size
    return at
  }

  #text(length: number, what: string): string {
    if (length > STRING_BYTES_MAX) this.fail(what, `string of ${length} bytes`, 1)
    const at = this.#take(length, what)
    // Like Kafka, we put U+FFFD where the bytes are no UTF-8.
    return internedAscii(this.buffer, at, length) ?? this.buffer.toString('utf8', at, at + length)
  }

  #slice(length: number, what: string): Buffer {
    const at = this.#take(length, what)
    return this.buffer.subarray(at, at + length)
  }

  #count(count: number, bytesMin: number, heapBytes: number, what: string): number {
    if (count * bytesMin > this.end - this.position) {
      this.fail(what, `${count} elements of at least ${bytesMin} bytes, ${this.remaining} bytes remain`, 0)
    }
    this.#elementsLeft -= count
    this.#heapBytesLeft -= count * heapBytes
    if (this.#elementsLeft < 0) this.fail(what, `more than ${ELEMENTS_MAX} elements in a message`, 0)
    if (this.#heapBytesLeft < 0) this.fail(what, 'more elements than its size warrants', 0)
    return count
  }

  #longVarint(what: string): number {
    let value = 0
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.buffer[this.#take(1, what)]!
      if (shift === 28 && byte > 0x0f) this.fail(what, 'varint of more than 32 bits', 5)
      value += (byte & 0x7f) * 2 ** shift
      if (byte < 0x80) return value
    }
    return this.fail(what, 'varint of more than 5 bytes', 5)
  }

  /** Of the negative lengths only −1 means null. */
  #null(what: string, length: number, size: number): null {
    if (length !== -1) this.#failLength(what, length, size)
    return null
  }

  #failLength(what: string, length: number, size: number): never {
    this.fail(what, length === -1 ? 'null is not allowed' : `length ${length}`, size)
  }

  #failShort(size: number, what: string): never {
    this.fail(what, `needs ${size} bytes, ${this.remaining} remain`, 0)
  }
}

function copy(slice: Buffer): Buffer {
  const own = Buffer.allocUnsafeSlow(slice.length)
  own.set(slice)
  return own
}
