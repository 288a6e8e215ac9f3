/**
 * Writes one message, then gives it as a list of buffers for one vectored write.
 *
 * Small messages end as one slice of a shared 16 KiB block, without an allocation of their own. Large records are not copied:
 * they become parts of the list. A frame's 4-byte size is reserved in front and filled in by `finish`. A value that does not
 * fit its type is an `EncodeError`: a mistake of ours, never wrapped around.
 *
 * A writer is used once: written to, then finished, in one turn of the event loop. What it gives is not to be kept for
 * long, because it pins the block.
 */
import { writeUuid } from './uuid.ts'

/** What may be handed over as records: whole batches, in one buffer or several. */
export type RecordsPart = Buffer | readonly Buffer[]

export class EncodeError extends Error {
  override name = 'EncodeError'
}

const BLOCK_BYTES = 16 * 1024
/** Room that a new writer is given; a block with less left is not used again. */
const ROOM_BYTES_MIN = 512
/** Records from here on are sent from where they are; copying less costs less than another part. */
const EXTERNAL_BYTES_MIN = 4 * 1024
/** Up to here a loop beats the native call. */
const SHORT_STRING_MAX = 40

/** The block that the next writer goes on with; taken while one is writing, so two never share it. */
let freeBlock: Buffer | null = null
let freeFrom = 0

export class Writer {
  #buffer: Buffer
  /** Where the bytes begin that are not in `#parts` yet. */
  #start: number
  #position: number
  readonly #frame: number
  #parts: Buffer[] | null = null
  #partsBytes = 0

  /** With `framed`, the list begins with the 4-byte size of all that follows. */
  constructor(framed = false) {
    if (freeBlock && freeFrom + ROOM_BYTES_MIN <= freeBlock.length) {
      this.#buffer = freeBlock
      this.#start = freeFrom
    } else {
      this.#buffer = Buffer.allocUnsafeSlow(BLOCK_BYTES)
      this.#start = 0
    }
    freeBlock = null
    this.#frame = framed ? 4 : 0
    this.#position = this.#start + this.#frame
  }

  /** Bytes written so far, the frame's size included. */
  get length(): number {
    return this.#partsBytes + this.#position - this.#start
  }

  finish(): Buffer[] {
    const { length } = this
    const parts = this.#parts ?? []
    if (this.#position > this.#start) parts.push(this.#buffer.subarray(this.#start, this.#position))
    if (this.#frame) parts[0]!.writeUInt32BE(length - 4, 0)
    if (this.#buffer.length === BLOCK_BYTES) {
      freeBlock = this.#buffer
      freeFrom = this.#position
    }
    return parts
  }

  int8(value: number, what = ''): void {
    if ((value << 24) >> 24 !== value) failRange('int8', value, what)
    this.#put8(value)
  }

  int16(value: number, what = ''): void {
    if ((value << 16) >> 16 !== value) failRange('int16', value, what)
    this.#put16(value)
  }

  uint16(value: number, what = ''): void {
    if ((value & 0xffff) !== value) failRange('uint16', value, what)
    this.#put16(value)
  }

  int32(value: number, what = ''): void {
    if ((value | 0) !== value) failRange('int32', value, what)
    this.#put32(value)
  }

  uint32(value: number, what = ''): void {
    if (value >>> 0 !== value) failRange('uint32', value, what)
    this.#put32(value)
  }

  int64(value: number, what = ''): void {
    if (!Number.isSafeInteger(value)) failRange('int64', value, what)
    const high = Math.floor(value / 0x1_0000_0000)
    this.#put32(high)
    this.#put32(value - high * 0x1_0000_0000)
  }

  int64OrMax(value: number, what = ''): void {
    if (value === 2 ** 63) {
      this.#put32(0x7fffffff)
      this.#put32(-1)
    } else {
      this.int64(value, what)
    }
  }

  float64(value: number, what = ''): void {
    if (typeof value !== 'number') failRange('float64', value, what)
    const at = this.#room(8)
    this.#buffer.writeDoubleBE(value, at)
  }

  bool(value: boolean, what = ''): void {
    if (typeof value !== 'boolean') failRange('bool', value, what)
    this.#put8(value ? 1 : 0)
  }

  uuid(value: string, what = ''): void {
    const at = this.#room(16)
    if (typeof value !== 'string' || !writeUuid(this.#buffer, at, value)) failRange('uuid', value, what)
  }

  unsignedVarint(value: number): void {
    let rest = value
    while (rest > 0x7f) {
      this.#put8((rest & 0x7f) | 0x80)
      rest >>>= 7
    }
    this.#put8(rest)
  }

  string(value: string, what = ''): void {
    if (typeof value !== 'string') failRange('string', value, what)
    if (value.length <= SHORT_STRING_MAX) {
      const at = this.#room(2 + value.length)
      if (this.#putAscii(value, at + 2)) {
        this.#buffer[at] = 0
        this.#buffer[at + 1] = value.length
        return
      }
      this.#position = at
    }
    const length = stringBytes(value, what)
    this.#put16(length)
    this.#putText(value, length)
  }

  nullableString(value: string | null, what = ''): void {
    if (value === null) this.#put16(-1)
    else this.string(value, what)
  }

  compactString(value: string, what = ''): void {
    if (typeof value !== 'string') failRange('string', value, what)
    if (value.length <= SHORT_STRING_MAX) {
      const at = this.#room(1 + value.length)
      if (this.#putAscii(value, at + 1)) {
        this.#buffer[at] = value.length + 1
        return
      }
      this.#position = at
    }
    const length = stringBytes(value, what)
    this.unsignedVarint(length + 1)
    this.#putText(value, length)
  }

  compactNullableString(value: string | null, what = ''): void {
    if (value === null) this.unsignedVarint(0)
    else this.compactString(value, what)
  }

  bytes(value: Buffer, what = ''): void {
    if (!Buffer.isBuffer(value)) failRange('bytes', value, what)
    this.#put32(value.length)
    this.raw(value)
  }

  nullableBytes(value: Buffer | null, what = ''): void {
    if (value === null) this.#put32(-1)
    else this.bytes(value, what)
  }

  compactBytes(value: Buffer, what = ''): void {
    if (!Buffer.isBuffer(value)) failRange('bytes', value, what)
    this.unsignedVarint(value.length + 1)
    this.raw(value)
  }

  compactNullableBytes(value: Buffer | null, what = ''): void {
    if (value === null) this.unsignedVarint(0)
    else this.compactBytes(value, what)
  }

  records(value: RecordsPart, what = ''): void {
    this.#put32(recordsBytes(value, what))
    this.#putRecords(value)
  }

  nullableRecords(value: RecordsPart | null, what = ''): void {
    if (value === null) this.#put32(-1)
    else this.records(value, what)
  }

  compactRecords(value: RecordsPart, what = ''): void {
    this.unsignedVarint(recordsBytes(value, what) + 1)
    this.#putRecords(value)
  }

  compactNullableRecords(value: RecordsPart | null, what = ''): void {
    if (value === null) this.unsignedVarint(0)
    else this.compactRecords(value, what)
  }

  /** Copies bytes in, with no length in front. */
  raw(value: Uint8Array): void {
    const at = this.#room(value.length)
    this.#buffer.set(value, at)
  }

  /** Begins a tagged field; what is written up to `endTag` is its value. */
  beginTag(tag: number): number {
    this.unsignedVarint(tag)
    this.#room(1)
    return this.length
  }

  /** Fills in the size of the tagged field that began at `mark`. One byte is reserved for it; a longer one moves the value. */
  endTag(mark: number): void {
    const size = this.length - mark
    const at = this.#position - size - 1
    if (at < this.#start) throw new EncodeError('a tagged field cannot hold records of this size')
    if (size < 0x80) {
      this.#buffer[at] = size
      return
    }
    const extra = varintBytes(size) - 1
    this.#room(extra)
    this.#buffer.copyWithin(at + 1 + extra, at + 1, at + 1 + size)
    const end = this.#position
    this.#position = at
    this.unsignedVarint(size)
    this.#position = end
  }

  /** Makes room for `size` bytes and steps over them; gives where they begin. */
  #room(size: number): number {
    if (this.#position + size > this.#buffer.length) this.#grow(size)
    const at = this.#position
    this.#position = at + size
    return at
  }

  #grow(size: number): void {
    const used = this.#position - this.#start
    const larger = Buffer.allocUnsafeSlow(Math.max(BLOCK_BYTES, 2 * used + size))
    this.#buffer.copy(larger, 0, this.#start, this.#position)
    this.#buffer = larger
    this.#start = 0
    this.#position = used
  }

  #put8(value: number): void {
    const at = this.#room(1) // may replace the buffer
    this.#buffer[at] = value
  }

  #put16(value: number): void {
    const at = this.#room(2)
    this.#buffer[at] = value >>> 8
    this.#buffer[at + 1] = value
  }

  #put32(value: number): void {
    const at = this.#room(4)
    const buffer = this.#buffer
    buffer[at] = value >>> 24
    buffer[at + 1] = value >>> 16
    buffer[at + 2] = value >>> 8
    buffer[at + 3] = value
  }

  #putAscii(value: string, at: number): boolean {
    const buffer = this.#buffer
    let union = 0
    for (let i = 0; i < value.length; i++) {
      const code = value.charCodeAt(i)
      union |= code
      buffer[at + i] = code
    }
    return union < 0x80
  }

  #putText(value: string, length: number): void {
    const at = this.#room(length)
    this.#buffer.write(value, at, length, 'utf8')
  }

  #putRecords(value: RecordsPart): void {
    if (Buffer.isBuffer(value)) this.#putPart(value)
    else for (const part of value) this.#putPart(part)
  }

  #putPart(part: Buffer): void {
    if (part.length < EXTERNAL_BYTES_MIN) {
      this.raw(part)
      return
    }
    this.#parts ??= []
    if (this.#position > this.#start) this.#parts.push(this.#buffer.subarray(this.#start, this.#position))
    this.#parts.push(part)
    this.#partsBytes += this.#position - this.#start + part.length
    this.#start = this.#position
  }
}

function stringBytes(value: string, what: string): number {
  const length = Buffer.byteLength(value)
  if (length > 0x7fff) throw new EncodeError(`${what || 'string'}: ${length} bytes are too long for a string`)
  return length
}

function recordsBytes(value: RecordsPart, what: string): number {
  if (Buffer.isBuffer(value)) return value.length
  if (!Array.isArray(value)) failRange('records', value, what)
  let sum = 0
  for (const part of value) sum += part.length
  return sum
}

function varintBytes(value: number): number {
  let size = 1
  for (let rest = value >>> 7; rest > 0; rest >>>= 7) size++
  return size
}

function failRange(type: string, value: unknown, what: string): never {
  throw new EncodeError(`${what || 'value'}: ${String(value)} is no ${type}`)
}
