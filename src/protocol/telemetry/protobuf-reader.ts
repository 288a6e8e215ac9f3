/**
 * A cursor over a message in protocol buffers' encoding: tag, then a varint, 4 or 8 bytes, or a length and so many bytes. Every step is
 * checked against the end, and a part never reaches beyond the message that holds it. A message and its parts together have a bounded
 * number of fields, because an empty part costs its sender two bytes and us an object. What is wrong is a `DecodeError`.
 */
import { DecodeError } from '../reader.ts'

export const WireType = { VARINT: 0, FIXED64: 1, BYTES: 2, FIXED32: 5 } as const

const VARINT_BYTES_MAX = 10
/** Fields of a message with all its parts. */
const FIELDS_MAX = 100_000

export class ProtobufReader {
  readonly #buffer: Buffer
  readonly #end: number
  /** Shared by all parts of a message. */
  readonly #budget: { fieldsLeft: number }
  #position: number

  constructor(buffer: Buffer, start = 0, end = buffer.length, budget = { fieldsLeft: FIELDS_MAX }) {
    this.#buffer = buffer
    this.#position = start
    this.#end = end
    this.#budget = budget
  }

  get isAtEnd(): boolean {
    return this.#position >= this.#end
  }

  /** The next field's number times 8, plus how its value is written. */
  tag(): number {
    if (this.#budget.fieldsLeft-- === 0) this.#fail(`it has more than ${FIELDS_MAX} fields`)
    const tag = Number(this.varint())
    if (tag < 8 || tag > 0xffff_ffff) this.#fail('no field has this number')
    return tag
  }

  varint(): bigint {
    let value = 0n
    for (let i = 0; i < VARINT_BYTES_MAX; i++) {
      const byte = this.#buffer[this.#take(1)]!
      value |= BigInt(byte & 0x7f) << BigInt(7 * i)
      if (byte < 0x80) return BigInt.asUintN(64, value)
    }
    return this.#fail('a varint has more than 10 bytes')
  }

  double(): number {
    return this.#buffer.readDoubleLE(this.#take(8))
  }

  /** A whole number of 64 bits; rounded where a double cannot hold it. */
  fixed64(): number {
    return Number(this.#buffer.readBigInt64LE(this.#take(8)))
  }

  text(): string {
    const { start, end } = this.#part()
    return this.#buffer.toString('utf8', start, end)
  }

  message(): ProtobufReader {
    const { start, end } = this.#part()
    return new ProtobufReader(this.#buffer, start, end, this.#budget)
  }

  /** Steps over the value of a field that is not wanted. */
  skip(tag: number): void {
    switch (tag & 7) {
      case WireType.VARINT:
        this.varint()
        return
      case WireType.FIXED64:
        this.#take(8)
        return
      case WireType.BYTES:
        this.#part()
        return
      case WireType.FIXED32:
        this.#take(4)
        return
      default:
        this.#fail(`a value cannot be written in way ${tag & 7}`)
    }
  }

  #part(): { start: number; end: number } {
    const length = this.varint()
    if (length > BigInt(this.#end - this.#position))
      this.#fail(`a part of ${length} bytes reaches beyond the end`)
    const start = this.#take(Number(length))
    return { start, end: this.#position }
  }

  #take(bytes: number): number {
    const start = this.#position
    if (start + bytes > this.#end) this.#fail('it ends too early')
    this.#position = start + bytes
    return start
  }

  #fail(reason: string): never {
    throw new DecodeError('telemetry', reason, this.#position)
  }
}
