/**
 * Records as values: read from a batch, whatever its compression, and built into one.
 *
 * What is read are slices of the batch (or of its decompressed bytes), not copies. What is built is one buffer of
 * exactly its size, outside Node's shared pool. The format of a record stands in record-cursor.ts.
 */

import type { InflateLimits } from './compression.ts'
import { Compression, type CompressionName, compress, decompress, INFLATE_LIMITS } from './compression.ts'
import { KafkaError } from './errors.ts'
import {
  ATTRIBUTES_AT,
  Attribute,
  attributesOf,
  BASE_SEQUENCE_AT,
  BASE_TIMESTAMP_AT,
  BATCH_HEADER_BYTES,
  BATCH_LENGTH_AT,
  BATCH_LENGTH_END,
  BATCH_MAGIC,
  baseOffsetOf,
  baseTimestampOf,
  batchBytesOf,
  codecOf,
  LAST_OFFSET_DELTA_AT,
  LEADER_EPOCH_AT,
  MAGIC_AT,
  MAX_TIMESTAMP_AT,
  maxTimestampOf,
  NO_PRODUCER_EPOCH,
  NO_PRODUCER_ID,
  NO_SEQUENCE,
  NO_TIMESTAMP,
  PRODUCER_EPOCH_AT,
  PRODUCER_ID_AT,
  RECORD_COUNT_AT,
  recordCountOf,
  stampCrc,
  type TimestampType,
  timestampTypeOf,
  writeInt64,
} from './record-batch.ts'
import { type Header, RecordCursor } from './record-cursor.ts'
import { type RecordInput, recordBytes, writeRecord } from './record-writer.ts'

/** A record as it is read. */
export interface BatchRecord {
  readonly offset: number
  readonly timestamp: number
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: readonly Header[]
}

export interface BatchOptions {
  readonly compression?: CompressionName
  readonly compressionLevel?: number
  readonly baseOffset?: number
  /** Later than the last record's where compaction took records off the end. */
  readonly lastOffset?: number
  readonly leaderEpoch?: number
  readonly timestampType?: TimestampType
  /** By default the largest of the records; must be given for LogAppendTime and for a batch without records. */
  readonly maxTimestamp?: number
  readonly producerId?: number
  readonly producerEpoch?: number
  readonly baseSequence?: number
  readonly isTransactional?: boolean
  readonly isControl?: boolean
  /** When tombstones and markers of the batch may go; it takes the place of the base timestamp (KIP-534). */
  readonly deleteHorizonMs?: number
}

/** A cursor's view of a batch, for those who need not all of every record. */
export interface OpenBatch {
  readonly cursor: RecordCursor
  readonly count: number
  readonly baseOffset: number
  readonly baseTimestamp: number
  /** With LogAppendTime the time of every record. */
  readonly appendTimestamp: number | undefined
}

/** Opens the records of a batch, decompressed where necessary; call `cursor.next()` once for each. */
export function openRecords(buffer: Buffer, at: number, limits: InflateLimits = INFLATE_LIMITS): OpenBatch {
  const codec = codecOf(buffer, at)
  const start = at + BATCH_HEADER_BYTES
  const end = at + batchBytesOf(buffer, at)
  const cursor = new RecordCursor()
  if (codec === Compression.none) {
    cursor.open(buffer, start, end)
  } else {
    const bytes = decompress(codec, buffer.subarray(start, end), limits)
    cursor.open(bytes, 0, bytes.length)
  }
  const isAppendTime = timestampTypeOf(buffer, at) === 'LogAppendTime'
  return {
    cursor,
    count: recordCountOf(buffer, at),
    baseOffset: baseOffsetOf(buffer, at),
    baseTimestamp: baseTimestampOf(buffer, at),
    appendTimestamp: isAppendTime ? maxTimestampOf(buffer, at) : undefined,
  }
}

/** The records of one batch, one at a time. */
export function* iterateRecords(
  buffer: Buffer,
  at = 0,
  limits: InflateLimits = INFLATE_LIMITS,
): Generator<BatchRecord, void> {
  const batch = openRecords(buffer, at, limits)
  for (let index = 0; index < batch.count; index++) {
    batch.cursor.next()
    yield currentRecord(batch)
  }
  if (!batch.cursor.isAtEnd)
    throw new KafkaError('INVALID_RECORD', `batch holds more than ${batch.count} records`)
}

export function readRecords(buffer: Buffer, at = 0, limits: InflateLimits = INFLATE_LIMITS): BatchRecord[] {
  return [...iterateRecords(buffer, at, limits)]
}

/** The record at which the cursor stands. */
export function currentRecord(batch: OpenBatch): BatchRecord {
  const { cursor } = batch
  return {
    offset: batch.baseOffset + cursor.offsetDelta,
    timestamp: batch.appendTimestamp ?? batch.baseTimestamp + cursor.timestampDelta,
    key: cursor.key,
    value: cursor.value,
    headers: cursor.headers,
  }
}

/** Builds a batch. Offsets, timestamps and deltas are as given; nothing is checked against a producer's rules. */
export function buildBatch(records: readonly RecordInput[], options: BatchOptions = {}): Buffer {
  const codec = Compression[options.compression ?? 'none']
  const baseOffset = options.baseOffset ?? records[0]?.offset ?? 0
  const baseTimestamp = options.deleteHorizonMs ?? records[0]?.timestamp ?? NO_TIMESTAMP
  const headBytes = codec === Compression.none ? BATCH_HEADER_BYTES : 0
  let bytes = writeRecords(records, baseOffset, baseTimestamp, headBytes)
  if (codec !== Compression.none) bytes = withHeaderRoom(compress(codec, bytes, options.compressionLevel))
  const lastRecordOffset = records.at(-1)?.offset ?? baseOffset + Math.max(0, records.length - 1)
  bytes.writeInt32BE(bytes.length - BATCH_LENGTH_END, BATCH_LENGTH_AT)
  bytes.writeInt32BE(options.leaderEpoch ?? -1, LEADER_EPOCH_AT)
  bytes[MAGIC_AT] = BATCH_MAGIC
  bytes.writeInt16BE(attributesFrom(codec, options), ATTRIBUTES_AT)
  bytes.writeInt32BE((options.lastOffset ?? lastRecordOffset) - baseOffset, LAST_OFFSET_DELTA_AT)
  writeInt64(bytes, 0, baseOffset)
  writeInt64(bytes, BASE_TIMESTAMP_AT, baseTimestamp)
  writeInt64(bytes, MAX_TIMESTAMP_AT, options.maxTimestamp ?? largestTimestamp(records))
  writeInt64(bytes, PRODUCER_ID_AT, options.producerId ?? NO_PRODUCER_ID)
  bytes.writeInt16BE(options.producerEpoch ?? NO_PRODUCER_EPOCH, PRODUCER_EPOCH_AT)
  bytes.writeInt32BE(options.baseSequence ?? NO_SEQUENCE, BASE_SEQUENCE_AT)
  bytes.writeInt32BE(records.length, RECORD_COUNT_AT)
  stampCrc(bytes, 0)
  return bytes
}

/** The same batch with its records compressed by another codec; only attributes, length and checksum change. */
export function recompress(buffer: Buffer, at: number, codec: number, level?: number): Buffer {
  const records = buffer.subarray(at + BATCH_HEADER_BYTES, at + batchBytesOf(buffer, at))
  const compressed = compress(codec, decompress(codecOf(buffer, at), records), level)
  const bytes = withHeaderRoom(compressed)
  buffer.copy(bytes, 0, at, at + BATCH_HEADER_BYTES)
  bytes.writeInt32BE(bytes.length - BATCH_LENGTH_END, BATCH_LENGTH_AT)
  bytes.writeInt16BE((attributesOf(buffer, at) & ~Attribute.CODEC_MASK) | codec, ATTRIBUTES_AT)
  stampCrc(bytes, 0)
  return bytes
}

function writeRecords(
  records: readonly RecordInput[],
  baseOffset: number,
  baseTimestamp: number,
  headBytes: number,
): Buffer {
  let total = headBytes
  for (const [index, record] of records.entries()) {
    const offsetDelta = (record.offset ?? baseOffset + index) - baseOffset
    total += recordBytes(record, (record.timestamp ?? NO_TIMESTAMP) - baseTimestamp, offsetDelta)
  }
  const bytes = Buffer.allocUnsafeSlow(total)
  let at = headBytes
  for (const [index, record] of records.entries()) {
    const offsetDelta = (record.offset ?? baseOffset + index) - baseOffset
    at = writeRecord(bytes, at, record, (record.timestamp ?? NO_TIMESTAMP) - baseTimestamp, offsetDelta)
  }
  return bytes
}

function withHeaderRoom(compressed: Buffer): Buffer {
  const bytes = Buffer.allocUnsafeSlow(BATCH_HEADER_BYTES + compressed.length)
  compressed.copy(bytes, BATCH_HEADER_BYTES)
  return bytes
}

function attributesFrom(codec: number, options: BatchOptions): number {
  return (
    codec |
    (options.timestampType === 'LogAppendTime' ? Attribute.LOG_APPEND_TIME : 0) |
    (options.isTransactional ? Attribute.TRANSACTIONAL : 0) |
    (options.isControl ? Attribute.CONTROL : 0) |
    (options.deleteHorizonMs === undefined ? 0 : Attribute.DELETE_HORIZON)
  )
}

function largestTimestamp(records: readonly RecordInput[]): number {
  let largest = NO_TIMESTAMP
  for (const { timestamp = NO_TIMESTAMP } of records) if (timestamp > largest) largest = timestamp
  return largest
}
