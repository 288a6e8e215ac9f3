/**
 * What is checked before a batch may enter a log (reliability of the log starts here).
 *
 * `findDamage` asks whether the bytes are what somebody once wrote: length, magic, checksum. Recovery and scrubbing
 * use it alone. `checkBatch` adds what the header must say to be true, and `walkRecords` proves the records of an
 * uncompressed batch one by one without allocating. Errors are those that Kafka answers; docs/formats/record-batch.md
 * lists them.
 */
import { KafkaError } from './errors.ts'
import {
  Attribute,
  attributesOf,
  BATCH_HEADER_BYTES,
  BATCH_LENGTH_AT,
  BATCH_LENGTH_END,
  BATCH_MAGIC,
  baseOffsetOf,
  baseSequenceOf,
  baseTimestampOf,
  batchBytesOf,
  codecOf,
  computeCrc,
  crcOf,
  isControl,
  isTransactional,
  lastOffsetDeltaOf,
  MAGIC_AT,
  magicOf,
  maxTimestampOf,
  NO_PRODUCER_ID,
  NO_TIMESTAMP,
  producerEpochOf,
  producerIdOf,
  recordCountOf,
} from './record-batch.ts'
import { RecordCursor } from './record-cursor.ts'

/** What a topic demands of the batches of its producers. One object for many batches. */
export interface BatchRules {
  /** `max.message.bytes`. */
  readonly batchBytesMax: number
  /** A compacted topic takes no record without a key. */
  readonly requireKeys: boolean
  /** `message.timestamp.before.max.ms` and `.after.max.ms`; Infinity where the broker's clock is stamped in. */
  readonly timestampBeforeMaxMs: number
  readonly timestampAfterMaxMs: number
}

const CODEC_MAX = 4
const ATTRIBUTE_BITS_KNOWN = 0x7f

/**
 * What is wrong with the bytes of the batch at a position, or undefined. A batch is whole when its length is
 * plausible and ends before `end`, its magic is 2 and its checksum is right.
 */
export function findDamage(buffer: Buffer, at: number, end: number): string | undefined {
  const available = end - at
  if (available < BATCH_LENGTH_END) return `${available} bytes are too few for a batch`
  const length = buffer.readInt32BE(at + BATCH_LENGTH_AT)
  if (length > available - BATCH_LENGTH_END) return `batch of ${length} bytes is cut off after ${available}`
  if (length > MAGIC_AT - BATCH_LENGTH_END) {
    const magic = magicOf(buffer, at)
    if (magic !== BATCH_MAGIC) return `magic ${magic} instead of ${BATCH_MAGIC}`
  }
  if (length < BATCH_HEADER_BYTES - BATCH_LENGTH_END) return `batch length ${length} is less than a header's`
  const crc = computeCrc(buffer, at)
  if (crc !== crcOf(buffer, at)) return `CRC ${hex(crcOf(buffer, at))} in the header, ${hex(crc)} computed`
  return undefined
}

/**
 * Checks all of a producer's batch that can be known without its records, and gives its size in bytes.
 * The caller sees by the size whether anything follows, which Produce does not allow. The timestamps of the header
 * count only where the records are compressed; otherwise `walkRecords` finds the true ones.
 */
export function checkBatch(
  buffer: Buffer,
  at: number,
  end: number,
  rules: BatchRules,
  nowMs: number,
): number {
  refuseIncomplete(buffer, at, end)
  const damage = findDamage(buffer, at, end)
  if (damage !== undefined) throw new KafkaError('CORRUPT_MESSAGE', damage)
  const bytes = batchBytesOf(buffer, at)
  if (bytes > rules.batchBytesMax) {
    throw new KafkaError('MESSAGE_TOO_LARGE', `batch of ${bytes} bytes, allowed are ${rules.batchBytesMax}`)
  }
  checkAttributes(buffer, at)
  checkOffsets(buffer, at)
  checkProducer(buffer, at)
  if (codecOf(buffer, at) !== 0) {
    checkTimestamp(baseTimestampOf(buffer, at), rules, nowMs)
    checkTimestamp(maxTimestampOf(buffer, at), rules, nowMs)
  }
  return bytes
}

/**
 * Proves the records of an uncompressed batch that `checkBatch` has passed, and gives their largest timestamp
 * (−1 where none has one). Where it differs from the header's, `setMaxTimestamp` puts it right.
 */
export function walkRecords(buffer: Buffer, at: number, rules: BatchRules, nowMs: number): number {
  return walkRecordBytes(
    buffer,
    at,
    buffer,
    at + BATCH_HEADER_BYTES,
    at + batchBytesOf(buffer, at),
    rules,
    nowMs,
  )
}

/** The same for records that were decompressed into `bytes[start, end)`. */
export function walkRecordBytes(
  buffer: Buffer,
  at: number,
  bytes: Buffer,
  start: number,
  end: number,
  rules: BatchRules,
  nowMs: number,
): number {
  const count = recordCountOf(buffer, at)
  const baseTimestamp = baseTimestampOf(buffer, at)
  let smallest = Infinity
  let largest = NO_TIMESTAMP
  walker.open(bytes, start, end)
  for (let index = 0; index < count; index++) {
    walker.next()
    if (walker.offsetDelta !== index) failRecord(index, `it has offset delta ${walker.offsetDelta}`)
    if (rules.requireKeys && walker.keyBytes < 0)
      failRecord(index, 'a compacted topic takes none without a key')
    const timestamp = baseTimestamp + walker.timestampDelta
    if (timestamp > largest) largest = timestamp
    if (timestamp < smallest && timestamp !== NO_TIMESTAMP) smallest = timestamp
  }
  const isWhole = walker.isAtEnd
  walker.close()
  if (!isWhole) throw new KafkaError('INVALID_RECORD', `batch holds more than its ${count} records`)
  if (smallest !== Infinity) checkTimestamp(smallest, rules, nowMs)
  checkTimestamp(largest, rules, nowMs)
  return largest
}

/** The one cursor of all walks: a walk never waits, so there is never a second one under way. */
const walker = new RecordCursor()

/**
 * What Kafka does not even take for a batch gets an error that clients do not retry: bytes that end before the batch
 * does, and the formats from before Kafka 0.11.
 */
function refuseIncomplete(buffer: Buffer, at: number, end: number): void {
  const available = end - at
  if (available < BATCH_LENGTH_END || batchBytesOf(buffer, at) > available) {
    throw new KafkaError('INVALID_RECORD', `no whole record batch in ${available} bytes`)
  }
  const magic = available > MAGIC_AT ? magicOf(buffer, at) : BATCH_MAGIC
  if (magic === 0 || magic === 1) {
    throw new KafkaError('INVALID_RECORD', `magic ${magic}: only record batches with magic 2 are accepted`)
  }
}

function checkAttributes(buffer: Buffer, at: number): void {
  const attributes = attributesOf(buffer, at)
  if ((attributes & ~ATTRIBUTE_BITS_KNOWN) !== 0) {
    throw new KafkaError('INVALID_RECORD', `unknown bits in attributes ${hex(attributes & 0xffff)}`)
  }
  const codec = codecOf(buffer, at)
  if (codec > CODEC_MAX) throw new KafkaError('INVALID_RECORD', `unknown compression codec ${codec}`)
  if (isControl(buffer, at)) {
    throw new KafkaError('INVALID_RECORD', 'clients are not allowed to write control records')
  }
  if ((attributes & Attribute.DELETE_HORIZON) !== 0) {
    throw new KafkaError('INVALID_RECORD', 'clients are not allowed to set a delete horizon')
  }
  if ((attributes & Attribute.LOG_APPEND_TIME) !== 0) {
    throw new KafkaError(
      'INVALID_TIMESTAMP',
      'clients are not allowed to set the timestamp type LogAppendTime',
    )
  }
}

function checkOffsets(buffer: Buffer, at: number): void {
  const count = recordCountOf(buffer, at)
  const lastOffsetDelta = lastOffsetDeltaOf(buffer, at)
  if (count <= 0) throw new KafkaError('INVALID_RECORD', `record count ${count} is not positive`)
  if (lastOffsetDelta !== count - 1) {
    throw new KafkaError(
      'INVALID_RECORD',
      `last offset delta ${lastOffsetDelta} does not fit ${count} records`,
    )
  }
  const baseOffset = baseOffsetOf(buffer, at)
  if (baseOffset !== 0) throw new KafkaError('INVALID_RECORD', `base offset ${baseOffset} instead of 0`)
}

/** Without a producer id, epoch and sequence mean nothing, and some clients write zeros there. */
function checkProducer(buffer: Buffer, at: number): void {
  const producerId = producerIdOf(buffer, at)
  if (producerId === NO_PRODUCER_ID) {
    if (!isTransactional(buffer, at)) return
    throw new KafkaError('INVALID_RECORD', 'transactional batch without a producer id')
  }
  const epoch = producerEpochOf(buffer, at)
  const sequence = baseSequenceOf(buffer, at)
  if (producerId < 0 || epoch < 0 || sequence < 0) {
    throw new KafkaError(
      'INVALID_RECORD',
      `producer id ${producerId} with epoch ${epoch} and base sequence ${sequence}`,
    )
  }
}

function checkTimestamp(timestamp: number, rules: BatchRules, nowMs: number): void {
  const ahead = timestamp - nowMs
  if (ahead <= rules.timestampAfterMaxMs && -ahead <= rules.timestampBeforeMaxMs) {
    if (Number.isSafeInteger(timestamp)) return
  } else if (timestamp === NO_TIMESTAMP) return
  throw new KafkaError(
    'INVALID_TIMESTAMP',
    `timestamp ${timestamp} is out of range, the broker's clock says ${nowMs}`,
  )
}

function failRecord(index: number, reason: string): never {
  throw new KafkaError('INVALID_RECORD', `record ${index} of the batch: ${reason}`)
}

function hex(value: number): string {
  return `0x${value.toString(16)}`
}
