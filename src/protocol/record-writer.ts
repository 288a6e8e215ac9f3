/** Writes single records in the format that record-cursor.ts reads: first their size, then their bytes. */

export interface HeaderInput {
  readonly key: Buffer | string
  readonly value: Buffer | string | null
}

/** A record to be written. Without an offset it follows the one before it; without a timestamp it has none. */
export interface RecordInput {
  readonly offset?: number
  readonly timestamp?: number
  readonly key?: Buffer | string | null
  readonly value?: Buffer | string | null
  readonly headers?: readonly HeaderInput[]
}

type Bytes = Buffer | string | null | undefined

/** The size of a record with the length in front of it. */
export function recordBytes(record: RecordInput, timestampDelta: number, offsetDelta: number): number {
  const body = bodyBytes(record, timestampDelta, offsetDelta)
  return varintBytes(body) + body
}

/** Writes a record at a position and gives the position behind it. */
export function writeRecord(
  bytes: Buffer,
  start: number,
  record: RecordInput,
  timestampDelta: number,
  offsetDelta: number,
): number {
  const { key, value, headers = [] } = record
  let at = writeVarint(bytes, start, bodyBytes(record, timestampDelta, offsetDelta))
  bytes[at++] = 0 // attributes: Kafka uses none
  at = writeVarint(bytes, at, timestampDelta)
  at = writeVarint(bytes, at, offsetDelta)
  at = writeBytes(bytes, at, key)
  at = writeBytes(bytes, at, value)
  at = writeVarint(bytes, at, headers.length)
  for (const header of headers) at = writeBytes(bytes, writeBytes(bytes, at, header.key), header.value)
  return at
}

function bodyBytes(record: RecordInput, timestampDelta: number, offsetDelta: number): number {
  const { key, value, headers = [] } = record
  let total = 1 + varintBytes(timestampDelta) + varintBytes(offsetDelta) + fieldBytes(key) + fieldBytes(value)
  total += varintBytes(headers.length)
  for (const header of headers) total += fieldBytes(header.key) + fieldBytes(header.value)
  return total
}

function fieldBytes(field: Bytes): number {
  const length = lengthOf(field)
  return varintBytes(length) + Math.max(0, length)
}

function lengthOf(field: Bytes): number {
  if (field === null || field === undefined) return -1
  return typeof field === 'string' ? Buffer.byteLength(field) : field.length
}

function writeBytes(bytes: Buffer, start: number, field: Bytes): number {
  const length = lengthOf(field)
  const at = writeVarint(bytes, start, length)
  if (field === null || field === undefined) return at
  if (typeof field === 'string') bytes.write(field, at)
  else field.copy(bytes, at)
  return at + length
}

/** Zigzag by arithmetic, not by bits: timestamp deltas may be wider than 32 bits. Exact within ±2^52. */
function zigzag(value: number): number {
  return value >= 0 ? value * 2 : -value * 2 - 1
}

function varintBytes(value: number): number {
  let count = 1
  for (let rest = zigzag(value); rest >= 0x80; rest = Math.floor(rest / 0x80)) count++
  return count
}

function writeVarint(bytes: Buffer, start: number, value: number): number {
  let at = start
  let rest = zigzag(value)
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes[at++] = (rest % 0x80) | 0x80
  bytes[at++] = rest
  return at
}
