/**
 * Steps through the records of a batch without allocating, from bytes that are not compressed (or no longer).
 *
 *   record: length varint, attributes int8, timestamp delta varlong, offset delta varint,
 *           key length varint, key, value length varint, value, header count varint, headers
 *   header: key length varint, key, value length varint, value
 *
 * Each step proves that the record's parts fill its announced length exactly and that it ends within the batch,
 * so a key or value read afterwards lies inside. Lengths of −1 mean null; any other negative one is refused.
 * A varint may have at most 5 bytes, a varlong 10, and a delta must fit into a number.
 */
import { KafkaError } from './errors.ts'

export interface Header {
  /** Text by convention, but kept as bytes, so that a rewritten record stays what it was. */
  readonly key: Buffer
  readonly value: Buffer | null
}

export class RecordCursor {
  /** Relative to the base timestamp and base offset of the batch. */
  timestampDelta = 0
  offsetDelta = 0
  /** Lengths are −1 for null. */
  keyBytes = -1
  valueBytes = -1
  headerCount = 0
  #bytes: Buffer = NO_BYTES
  #position = 0
  #end = 0
  #index = -1
  #keyAt = 0
  #valueAt = 0
  #headersAt = 0
  /** Where the varint that was read last ends; a field, because a pair of value and position would be allocated. */
  #after = 0

  /** Starts before the first record of `bytes[start, end)`. */
  open(bytes: Buffer, start: number, end: number): this {
    this.#bytes = bytes
    this.#position = start
    this.#end = end
    this.#index = -1
    return this
  }

  /** Lets go of the bytes, so that a cursor that lives long does not keep them. */
  close(): void {
    this.open(NO_BYTES, 0, 0)
  }

  /**
   * Goes to the next record, which must exist: the header says how many there are. One function, and varints of one
   * byte taken here and not by a call: this is a third faster, and it is the broker's only work per record. Past the
   * end a read gives undefined, which counts as zero; that the parts then do not fill the length is found at the end.
   */
  next(): void {
    const bytes = this.#bytes
    let at = this.#position
    this.#index++
    let zigzag = bytes[at++]!
    if (zigzag >= 0x80) {
      zigzag = this.#longVarint(zigzag, at)
      at = this.#after
    }
    const length = unzigzag(zigzag)
    const end = at + length
    if (length < 0 || end > this.#end) this.#fail(`its length of ${length} bytes reaches past the batch`)
    zigzag = bytes[at + 1]!
    at += 2
    if (zigzag < 0x80) {
      this.timestampDelta = unzigzag(zigzag)
    } else {
      this.timestampDelta = this.#longVarlong(zigzag, at)
      at = this.#after
    }
    zigzag = bytes[at++]!
    if (zigzag >= 0x80) {
      zigzag = this.#longVarint(zigzag, at)
      at = this.#after
    }
    this.offsetDelta = unzigzag(zigzag)
    zigzag = bytes[at++]!
    if (zigzag >= 0x80) {
      zigzag = this.#longVarint(zigzag, at)
      at = this.#after
    }
    const keyBytes = unzigzag(zigzag)
    this.keyBytes = keyBytes
    this.#keyAt = at
    if (keyBytes > 0) at += keyBytes
    zigzag = bytes[at++]!
    if (zigzag >= 0x80) {
      zigzag = this.#longVarint(zigzag, at)
      at = this.#after
    }
    const valueBytes = unzigzag(zigzag)
    this.valueBytes = valueBytes
    this.#valueAt = at
    if (valueBytes > 0) at += valueBytes
    zigzag = bytes[at++]!
    if (zigzag >= 0x80) {
      zigzag = this.#longVarint(zigzag, at)
      at = this.#after
    }
    const headerCount = unzigzag(zigzag)
    this.headerCount = headerCount
    this.#headersAt = at
    if (headerCount > 0) at = this.#skipHeaders(headerCount, at, end)
    if (keyBytes < -1 || valueBytes < -1 || headerCount < 0) this.#fail('a length or count is negative')
    if (at !== end) this.#fail('its parts do not fill its length')
    this.#position = end
  }

  /** True when no byte is left over behind the records read so far. */
  get isAtEnd(): boolean {
    return this.#position === this.#end
  }

  get key(): Buffer | null {
    return this.keyBytes < 0 ? null : this.#bytes.subarray(this.#keyAt, this.#keyAt + this.keyBytes)
  }

  get value(): Buffer | null {
    return this.valueBytes < 0 ? null : this.#bytes.subarray(this.#valueAt, this.#valueAt + this.valueBytes)
  }

  get headers(): Header[] {
    const headers: Header[] = []
    this.#after = this.#headersAt
    for (let i = 0; i < this.headerCount; i++) {
      const key = this.#slice(this.#varint(this.#after))!
      headers.push({ key, value: this.#slice(this.#varint(this.#after)) })
    }
    return headers
  }

  /** A header takes two bytes at least, so the record's end bounds the loop whatever the count says. */
  #skipHeaders(count: number, start: number, end: number): number {
    this.#after = start
    for (let i = 0; i < count && this.#after < end; i++) {
      const keyBytes = this.#varint(this.#after)
      if (keyBytes < 0) this.#fail('a header has no key')
      const valueBytes = this.#varint(this.#after + keyBytes)
      if (valueBytes < -1) this.#fail('the length of a header value is negative')
      if (valueBytes > 0) this.#after += valueBytes
      if (i === count - 1) return this.#after
    }
    return this.#fail(`it ends before its ${count} headers`)
  }

  #slice(length: number): Buffer | null {
    if (length < 0) return null
    const start = this.#after
    this.#after += length
    return this.#bytes.subarray(start, this.#after)
  }

  #varint(at: number): number {
    const first = this.#bytes[at]!
    if (first >= 0x80) return unzigzag(this.#longVarint(first, at + 1))
    this.#after = at + 1
    return unzigzag(first)
  }

  /** The rest of a number of up to 32 bits, whose first byte said that more follow. */
  #longVarint(first: number, start: number): number {
    const bytes = this.#bytes
    let at = start
    let byte = bytes[at++]!
    let zigzag = (first & 0x7f) | ((byte & 0x7f) << 7)
    for (let shift = 14; byte >= 0x80; shift += 7) {
      if (shift > 28) this.#fail('a varint has more than 5 bytes')
      byte = bytes[at++]!
      zigzag |= (byte & 0x7f) << shift
    }
    this.#after = at
    return zigzag
  }

  /** The same for up to 64 bits, decoded; what a number does not hold exactly is refused. */
  #longVarlong(first: number, start: number): number {
    const bytes = this.#bytes
    let at = start
    let byte = bytes[at++]!
    let zigzag = (first & 0x7f) | ((byte & 0x7f) << 7)
    for (let shift = 14; byte >= 0x80 && shift < 28; shift += 7) {
      byte = bytes[at++]!
      zigzag |= (byte & 0x7f) << shift
    }
    this.#after = at
    if (byte < 0x80) return unzigzag(zigzag)
    for (let scale = 2 ** 28; byte >= 0x80; scale *= 0x80) {
      if (scale > 2 ** 63) this.#fail('a varlong has more than 10 bytes')
      byte = bytes[at++]!
      zigzag += (byte & 0x7f) * scale
    }
    this.#after = at
    if (zigzag > Number.MAX_SAFE_INTEGER) this.#fail('its timestamp delta lies outside ±2^52')
    return zigzag % 2 === 0 ? zigzag / 2 : -(zigzag + 1) / 2
  }

  #fail(reason: string): never {
    throw new KafkaError('INVALID_RECORD', `record ${this.#index} of the batch is malformed: ${reason}`)
  }
}

const NO_BYTES = Buffer.alloc(0)

function unzigzag(value: number): number {
  return (value >>> 1) ^ -(value & 1)
}
