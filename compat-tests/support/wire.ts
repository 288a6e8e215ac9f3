/**
 * Kafka's wire format by hand, for the checks that no client makes and for the crash loops' own producer and reader.
 * It shares no code with the broker on purpose: a mistake in the broker's codec must not cancel out here. Only what
 * these tests send and read is here, in old, inflexible versions unless a check is about a flexible one.
 */
import { connect, type Socket } from 'node:net'
import { crc32c } from '@node-rs/crc32'

export class Writer {
  readonly #parts: Buffer[] = []

  raw(bytes: Buffer): this {
    this.#parts.push(bytes)
    return this
  }

  #number(length: number, fill: (buffer: Buffer) => void): this {
    const buffer = Buffer.alloc(length)
    fill(buffer)
    return this.raw(buffer)
  }

  int8 = (value: number) => this.#number(1, buffer => buffer.writeInt8(value))
  int16 = (value: number) => this.#number(2, buffer => buffer.writeInt16BE(value))
  int32 = (value: number) => this.#number(4, buffer => buffer.writeInt32BE(value))
  uint32 = (value: number) => this.#number(4, buffer => buffer.writeUInt32BE(value))
  int64 = (value: number | bigint) => this.#number(8, buffer => buffer.writeBigInt64BE(BigInt(value)))

  uvarint(value: number): this {
    const bytes: number[] = []
    let rest = value
    for (; rest >= 0x80; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80)
    bytes.push(rest)
    return this.raw(Buffer.from(bytes))
  }

  /** Zigzag, as in records. */
  varint = (value: number) => this.uvarint(value >= 0 ? value * 2 : -value * 2 - 1)

  string(value: string | null): this {
    if (value === null) return this.int16(-1)
    const bytes = Buffer.from(value)
    return this.int16(bytes.length).raw(bytes)
  }

  compactString(value: string | null): this {
    if (value === null) return this.uvarint(0)
    const bytes = Buffer.from(value)
    return this.uvarint(bytes.length + 1).raw(bytes)
  }

  bytes = (value: Buffer) => this.int32(value.length).raw(value)

  array<T>(items: readonly T[], write: (item: T) => void): this {
    this.int32(items.length)
    for (const item of items) write(item)
    return this
  }

  done = () => Buffer.concat(this.#parts)
}

export class Reader {
  #at = 0
  readonly bytes: Buffer

  constructor(bytes: Buffer) {
    this.bytes = bytes
  }

  get remaining() {
    return this.bytes.length - this.#at
  }

  #advance(length: number): number {
    if (length > this.remaining) throw new RangeError(`${length} bytes wanted, ${this.remaining} left`)
    this.#at += length
    return this.#at - length
  }

  int8 = () => this.bytes.readInt8(this.#advance(1))
  int16 = () => this.bytes.readInt16BE(this.#advance(2))
  int32 = () => this.bytes.readInt32BE(this.#advance(4))
  int64 = () => Number(this.bytes.readBigInt64BE(this.#advance(8)))

  raw(length: number): Buffer {
    const start = this.#advance(length)
    return this.bytes.subarray(start, start + length)
  }

  uvarint(): number {
    let value = 0
    for (let factor = 1; ; factor *= 128) {
      const byte = this.raw(1)[0]!
      value += (byte & 0x7f) * factor
      if (byte < 0x80) return value
    }
  }

  varint(): number {
    const value = this.uvarint()
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2
  }

  string(): string | null {
    const length = this.int16()
    return length < 0 ? null : this.raw(length).toString()
  }

  nullableBytes(): Buffer | null {
    const length = this.int32()
    return length < 0 ? null : this.raw(length)
  }

  array<T>(read: () => T): T[] {
    return Array.from({ length: Math.max(0, this.int32()) }, read)
  }
}

/** A connection that speaks whole frames. Requests may be sent before earlier answers have come. */
export class Connection {
  readonly #socket: Socket
  readonly #waiting: { resolve: (frame: Buffer) => void; reject: (error: Error) => void }[] = []
  readonly #unread: Buffer[] = []
  #received = Buffer.alloc(0)
  #failure: Error | undefined
  #correlationId = 0

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.setNoDelay(true)
    socket.on('data', (chunk: Buffer) => this.#receive(chunk))
    socket.on('error', error => this.#fail(error))
    socket.on('close', () => this.#fail(new Error('connection closed')))
  }

  static open(host: string, port: number): Promise<Connection> {
    return new Promise((resolve, reject) => {
      const socket = connect(port, host)
      socket.once('error', reject)
      socket.once('connect', () => resolve(new Connection(socket)))
    })
  }

  #receive(chunk: Buffer): void {
    this.#received = this.#received.length === 0 ? Buffer.from(chunk) : Buffer.concat([this.#received, chunk])
    while (this.#received.length >= 4) {
      const end = 4 + this.#received.readInt32BE(0)
      if (this.#received.length < end) return
      const frame = this.#received.subarray(4, end)
      this.#received = this.#received.subarray(end)
      const waiter = this.#waiting.shift()
      if (waiter) waiter.resolve(frame)
      else this.#unread.push(frame)
    }
  }

  #fail(error: Error): void {
    this.#failure ??= error
    for (const { reject } of this.#waiting.splice(0)) reject(this.#failure)
  }

  /** Sends bytes as they are, without a length in front. */
  send(bytes: Buffer): void {
    this.#socket.write(bytes)
  }

  sendFrame(body: Buffer): void {
    this.send(new Writer().int32(body.length).raw(body).done())
  }

  /** The next frame from the broker, without its length; rejects when the connection has ended. */
  nextFrame(): Promise<Buffer> {
    const unread = this.#unread.shift()
    if (unread) return Promise.resolve(unread)
    if (this.#failure) return Promise.reject(this.#failure)
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }))
  }

  /** Sends a request with header v1 (or v2 if flexible) and gives a reader that stands behind the correlation id. */
  async request(apiKey: number, version: number, body: Buffer, isFlexible = false): Promise<Reader> {
    const correlationId = ++this.#correlationId
    const header = new Writer().int16(apiKey).int16(version).int32(correlationId).string('compat')
    if (isFlexible) header.uvarint(0)
    this.sendFrame(header.raw(body).done())
    const reader = new Reader(await this.nextFrame())
    const answered = reader.int32()
    if (answered !== correlationId) throw new Error(`answer ${answered} to request ${correlationId}`)
    return reader
  }

  close(): void {
    this.#socket.destroy()
  }
}

export interface ProducerIdentity {
  producerId: number
  producerEpoch: number
}

export interface BatchOptions extends Partial<ProducerIdentity> {
  baseSequence?: number
  attributes?: number
  timestamp?: number
}

export interface WireRecord {
  key?: Buffer | null
  value: Buffer | null
}

/** A record batch of magic 2, uncompressed, all records at one time. */
export function recordBatch(records: readonly WireRecord[], options: BatchOptions = {}): Buffer {
  const { producerId = -1, producerEpoch = -1, baseSequence = -1, attributes = 0 } = options
  const timestamp = options.timestamp ?? Date.now()
  const nullableBytes = (writer: Writer, bytes: Buffer | null | undefined) =>
    bytes == null ? writer.varint(-1) : writer.varint(bytes.length).raw(bytes)
  const body = new Writer()
  body
    .int16(attributes)
    .int32(records.length - 1)
    .int64(timestamp)
    .int64(timestamp)
  body.int64(producerId).int16(producerEpoch).int32(baseSequence).int32(records.length)
  for (const [delta, { key, value }] of records.entries()) {
    const record = new Writer().int8(0).varint(0).varint(delta)
    nullableBytes(record, key)
    nullableBytes(record, value)
    const bytes = record.varint(0).done()
    body.varint(bytes.length).raw(bytes)
  }
  const checked = body.done()
  const guarded = new Writer().int32(-1).int8(2).uint32(crc32c(checked)).raw(checked).done()
  return new Writer().int64(0).int32(guarded.length).raw(guarded).done()
}

export interface ReadRecord {
  offset: number
  value: Buffer | null
}

/** The records of the whole uncompressed batches in `bytes`; a cut last batch is left out, as clients do. */
export function readBatches(bytes: Buffer): ReadRecord[] {
  const records: ReadRecord[] = []
  for (let at = 0; at + 12 <= bytes.length; ) {
    const end = at + 12 + bytes.readInt32BE(at + 8)
    if (end > bytes.length) break
    const batch = new Reader(bytes.subarray(at, end))
    const baseOffset = batch.int64()
    batch.raw(4 + 4 + 1)
    const crc = batch.raw(4).readUInt32BE(0)
    if (crc32c(bytes.subarray(at + 21, end)) !== crc)
      throw new Error(`wrong CRC of the batch at ${baseOffset}`)
    batch.raw(2 + 4 + 8 + 8 + 8 + 2 + 4)
    for (const record of batch.array(() => readRecord(batch)))
      records.push({ offset: baseOffset + record.delta, value: record.value })
    at = end
  }
  return records
}

function readRecord(batch: Reader): { delta: number; value: Buffer | null } {
  const record = new Reader(batch.raw(batch.varint()))
  record.int8()
  record.varint()
  const delta = record.varint()
  const nullableBytes = () => {
    const length = record.varint()
    return length < 0 ? null : record.raw(length)
  }
  nullableBytes()
  return { delta, value: nullableBytes() }
}
