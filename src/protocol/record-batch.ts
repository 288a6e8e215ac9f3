/**
 * A record batch (magic 2), looked at and stamped where it lies.
 *
 *   0 base offset int64          27 base timestamp int64
 *   8 batch length int32         35 max timestamp int64
 *  12 leader epoch int32         43 producer id int64
 *  16 magic int8                 51 producer epoch int16
 *  17 crc uint32                 53 base sequence int32
 *  21 attributes int16           57 record count int32
 *  23 last offset delta int32    61 records
 *
 * A batch is named by a buffer and the position `at` of its first byte; nothing here allocates. The checksum covers
 * everything from the attributes on, so offset and leader epoch are stamped without touching it. The accessors
 * trust that a whole header lies at the position: `checkBatch` or `findDamage` (record-batch-check.ts) come first.
 * docs/formats/record-batch.md has the full table.
 */
import { crc32c } from '../base/crc32c.ts'
import { KafkaError } from './errors.ts'

export const BATCH_HEADER_BYTES = 61
/** Base offset and length: the part of a batch that its length does not count. */
export const BATCH_LENGTH_END = 12
export const BATCH_MAGIC = 2

export const NO_TIMESTAMP = -1
export const NO_PRODUCER_ID = -1
export const NO_PRODUCER_EPOCH = -1
export const NO_SEQUENCE = -1

export const BATCH_LENGTH_AT = 8
export const LEADER_EPOCH_AT = 12
export const MAGIC_AT = 16
export const CRC_AT = 17
export const ATTRIBUTES_AT = 21
export const LAST_OFFSET_DELTA_AT = 23
export const BASE_TIMESTAMP_AT = 27
export const MAX_TIMESTAMP_AT = 35
export const PRODUCER_ID_AT = 43
export const PRODUCER_EPOCH_AT = 51
export const BASE_SEQUENCE_AT = 53
export const RECORD_COUNT_AT = 57

/** Bits of the attributes; the lowest three are the codec. */
export const Attribute = {
  CODEC_MASK: 0x07,
  LOG_APPEND_TIME: 0x08,
  TRANSACTIONAL: 0x10,
  CONTROL: 0x20,
  DELETE_HORIZON: 0x40,
} as const

export type TimestampType = 'CreateTime' | 'LogAppendTime'

export function baseOffsetOf(buffer: Buffer, at: number): number {
  return readInt64(buffer, at)
}

/** The whole size, header and all. */
export function batchBytesOf(buffer: Buffer, at: number): number {
  return BATCH_LENGTH_END + readInt32(buffer, at + BATCH_LENGTH_AT)
}

export function leaderEpochOf(buffer: Buffer, at: number): number {
  return readInt32(buffer, at + LEADER_EPOCH_AT)
}

export function magicOf(buffer: Buffer, at: number): number {
  return (buffer[at + MAGIC_AT]! << 24) >> 24
}

/** The checksum as it is written in the header. */
export function crcOf(buffer: Buffer, at: number): number {
  return readInt32(buffer, at + CRC_AT) >>> 0
}

/** The checksum as it should be. */
export function computeCrc(buffer: Buffer, at: number): number {
  return crc32c(buffer, at + ATTRIBUTES_AT, at + batchBytesOf(buffer, at))
}

export function attributesOf(buffer: Buffer, at: number): number {
  return readInt16(buffer, at + ATTRIBUTES_AT)
}

/** The number of the compression codec: 0 none, 1 gzip, 2 snappy, 3 lz4, 4 zstd. */
export function codecOf(buffer: Buffer, at: number): number {
  return buffer[at + ATTRIBUTES_AT + 1]! & Attribute.CODEC_MASK
}

export function timestampTypeOf(buffer: Buffer, at: number): TimestampType {
  return hasAttribute(buffer, at, Attribute.LOG_APPEND_TIME) ? 'LogAppendTime' : 'CreateTime'
}

export function isTransactional(buffer: Buffer, at: number): boolean {
  return hasAttribute(buffer, at, Attribute.TRANSACTIONAL)
}

export function isControl(buffer: Buffer, at: number): boolean {
  return hasAttribute(buffer, at, Attribute.CONTROL)
}

/** True when the base timestamp is the time after which tombstones and markers of the batch may go (KIP-534). */
export function hasDeleteHorizon(buffer: Buffer, at: number): boolean {
  return hasAttribute(buffer, at, Attribute.DELETE_HORIZON)
}

export function lastOffsetDeltaOf(buffer: Buffer, at: number): number {
  return readInt32(buffer, at + LAST_OFFSET_DELTA_AT)
}

export function lastOffsetOf(buffer: Buffer, at: number): number {
  return baseOffsetOf(buffer, at) + lastOffsetDeltaOf(buffer, at)
}

export function baseTimestampOf(buffer: Buffer, at: number): number {
  return readInt64(buffer, at + BASE_TIMESTAMP_AT)
}

export function maxTimestampOf(buffer: Buffer, at: number): number {
  return readInt64(buffer, at + MAX_TIMESTAMP_AT)
}

export function producerIdOf(buffer: Buffer, at: number): number {
  return readInt64(buffer, at + PRODUCER_ID_AT)
}

export function producerEpochOf(buffer: Buffer, at: number): number {
  return readInt16(buffer, at + PRODUCER_EPOCH_AT)
}

export function baseSequenceOf(buffer: Buffer, at: number): number {
  return readInt32(buffer, at + BASE_SEQUENCE_AT)
}

/** The sequence of the last record; sequences go on at 0 after 2^31−1. */
export function lastSequenceOf(buffer: Buffer, at: number): number {
  const base = baseSequenceOf(buffer, at)
  return base === NO_SEQUENCE ? NO_SEQUENCE : (base + lastOffsetDeltaOf(buffer, at)) % 0x8000_0000
}

export function recordCountOf(buffer: Buffer, at: number): number {
  return readInt32(buffer, at + RECORD_COUNT_AT)
}

/** The positions of the whole batches in `buffer[start, end)`; what follows the last whole one is left out. */
export function* batchPositions(buffer: Buffer, start = 0, end = buffer.length): Generator<number, void> {
  for (let at = start; at + BATCH_LENGTH_END <= end; ) {
    const next = at + batchBytesOf(buffer, at)
    if (next < at + BATCH_HEADER_BYTES || next > end) return
    yield at
    at = next
  }
}

/** Gives a batch its place in the log. Both fields lie outside the checksum. */
export function stampBatch(buffer: Buffer, at: number, baseOffset: number, leaderEpoch: number): void {
  writeInt64(buffer, at, baseOffset)
  writeInt32(buffer, at + LEADER_EPOCH_AT, leaderEpoch)
}

/** Makes the broker's clock the time of every record, as `message.timestamp.type=LogAppendTime` wants. */
export function stampLogAppendTime(buffer: Buffer, at: number, nowMs: number): void {
  buffer[at + ATTRIBUTES_AT + 1]! |= Attribute.LOG_APPEND_TIME
  setMaxTimestamp(buffer, at, nowMs)
}

/** Puts the true maximum in, where a producer wrote another one. */
export function setMaxTimestamp(buffer: Buffer, at: number, maxTimestamp: number): void {
  writeInt64(buffer, at + MAX_TIMESTAMP_AT, maxTimestamp)
  stampCrc(buffer, at)
}

export function stampCrc(buffer: Buffer, at: number): void {
  writeInt32(buffer, at + CRC_AT, computeCrc(buffer, at))
}

/** Refuses what a number cannot hold exactly, rather than round it. */
export function readInt64(buffer: Buffer, at: number): number {
  const value = readInt32(buffer, at) * 0x1_0000_0000 + (readInt32(buffer, at + 4) >>> 0)
  if (!Number.isSafeInteger(value)) {
    throw new KafkaError('INVALID_RECORD', `int64 at byte ${at} lies outside ±(2^53−1)`)
  }
  return value
}

export function writeInt64(buffer: Buffer, at: number, value: number): void {
  const high = Math.floor(value / 0x1_0000_0000)
  writeInt32(buffer, at, high)
  writeInt32(buffer, at + 4, value - high * 0x1_0000_0000)
}

/** Buffer's own methods check each position again and cost three times as much. */
function readInt32(buffer: Buffer, at: number): number {
  return (buffer[at]! << 24) | (buffer[at + 1]! << 16) | (buffer[at + 2]! << 8) | buffer[at + 3]!
}

function readInt16(buffer: Buffer, at: number): number {
  return ((buffer[at]! << 24) | (buffer[at + 1]! << 16)) >> 16
}

function writeInt32(buffer: Buffer, at: number, value: number): void {
  buffer[at] = value >>> 24
  buffer[at + 1] = value >>> 16
  buffer[at + 2] = value >>> 8
  buffer[at + 3] = value
}

function hasAttribute(buffer: Buffer, at: number, bit: number): boolean {
  return (buffer[at + ATTRIBUTES_AT + 1]! & bit) !== 0
}
