import { expect, test } from 'vitest'
import { namedBatchVectors } from '../../test/support/batch-vectors.ts'
import { SeededRandom } from '../base/random.ts'
import { decompress } from './compression.ts'
import { type ErrorName, KafkaError } from './errors.ts'
import { buildBatch } from './record.ts'
import * as batch from './record-batch.ts'
import {
  type BatchRules,
  checkBatch,
  findDamage,
  walkRecordBytes,
  walkRecords,
} from './record-batch-check.ts'
import type { RecordInput } from './record-writer.ts'

const NOW = 1_700_000_000_000
const HOUR = 3_600_000
const rules: BatchRules = {
  batchBytesMax: 1_048_588,
  requireKeys: false,
  timestampBeforeMaxMs: Number.POSITIVE_INFINITY,
  timestampAfterMaxMs: HOUR,
}
const two: RecordInput[] = [
  { timestamp: NOW, key: 'k', value: 'v' },
  { timestamp: NOW + 1, key: 'l', value: 'w' },
]
const FIRST_RECORD = batch.BATCH_HEADER_BYTES

test.each(namedBatchVectors())('accepts what Kafka wrote, %s', (_name, vector) => {
  const bytes = Buffer.from(vector.hex, 'hex')
  expect(findDamage(bytes, 0, bytes.length)).toBeUndefined()
  if (vector.control || vector.timestampType === 'LogAppendTime') return
  batch.stampBatch(bytes, 0, 0, -1)
  expect(prove(bytes)).toBe(vector.maxTimestamp)
})

/** Every lie comes with a right checksum, unless the checksum is the lie. */
const lies: [lie: string, error: ErrorName, bytes: Buffer][] = [
  ['a wrong checksum', 'CORRUPT_MESSAGE', lie(bytes => bytes.writeInt8(99, 70), { stampsCrc: false })],
  ['nothing', 'INVALID_RECORD', Buffer.alloc(0)],
  ['less than a length', 'INVALID_RECORD', buildBatch(two).subarray(0, 11)],
  ['less than a header', 'INVALID_RECORD', buildBatch(two).subarray(0, 40)],
  ['a missing last byte', 'INVALID_RECORD', buildBatch(two).subarray(0, -1)],
  ['a length beyond all memory', 'INVALID_RECORD', field(batch.BATCH_LENGTH_AT, 0x7fff_ffff)],
  ['length 0', 'CORRUPT_MESSAGE', field(batch.BATCH_LENGTH_AT, 0)],
  ['length −1', 'CORRUPT_MESSAGE', field(batch.BATCH_LENGTH_AT, -1)],
  ['the least length', 'CORRUPT_MESSAGE', field(batch.BATCH_LENGTH_AT, -0x8000_0000)],
  ['a length shorter than a header', 'CORRUPT_MESSAGE', field(batch.BATCH_LENGTH_AT, 48)],
  ['a length one too short', 'CORRUPT_MESSAGE', field(batch.BATCH_LENGTH_AT, buildBatch(two).length - 13)],
  ['magic 0', 'INVALID_RECORD', lie(bytes => bytes.writeInt8(0, batch.MAGIC_AT))],
  ['magic 1', 'INVALID_RECORD', lie(bytes => bytes.writeInt8(1, batch.MAGIC_AT))],
  ['magic 3', 'CORRUPT_MESSAGE', lie(bytes => bytes.writeInt8(3, batch.MAGIC_AT))],
  ['magic −1', 'CORRUPT_MESSAGE', lie(bytes => bytes.writeInt8(-1, batch.MAGIC_AT))],
  ['an unknown attribute', 'INVALID_RECORD', attributes(0x80)],
  ['an unknown high attribute', 'INVALID_RECORD', attributes(0x4000)],
  ['codec 5', 'INVALID_RECORD', attributes(5)],
  ['codec 7', 'INVALID_RECORD', attributes(7)],
  ['a control flag', 'INVALID_RECORD', attributes(batch.Attribute.CONTROL)],
  ['a delete horizon', 'INVALID_RECORD', attributes(batch.Attribute.DELETE_HORIZON)],
  ['the append time', 'INVALID_TIMESTAMP', attributes(batch.Attribute.LOG_APPEND_TIME)],
  ['a transaction without a producer', 'INVALID_RECORD', attributes(batch.Attribute.TRANSACTIONAL)],
  ['count 0', 'INVALID_RECORD', field(batch.RECORD_COUNT_AT, 0)],
  ['count −1', 'INVALID_RECORD', field(batch.RECORD_COUNT_AT, -1)],
  ['a count too high', 'INVALID_RECORD', field(batch.RECORD_COUNT_AT, 3)],
  ['a count too low', 'INVALID_RECORD', field(batch.RECORD_COUNT_AT, 1)],
  ['the greatest count', 'INVALID_RECORD', field(batch.RECORD_COUNT_AT, 0x7fff_ffff)],
  ['a last offset delta of −1', 'INVALID_RECORD', field(batch.LAST_OFFSET_DELTA_AT, -1)],
  ['no records at all', 'INVALID_RECORD', buildBatch([])],
  ['a base offset', 'INVALID_RECORD', buildBatch(two, { baseOffset: 5 })],
  ['a base offset beyond numbers', 'INVALID_RECORD', int64(0, 2n ** 62n)],
  ['producer id −2', 'INVALID_RECORD', int64(batch.PRODUCER_ID_AT, -2n)],
  ['a producer id beyond numbers', 'INVALID_RECORD', int64(batch.PRODUCER_ID_AT, 2n ** 53n)],
  ['a producer without an epoch', 'INVALID_RECORD', buildBatch(two, { producerId: 5, baseSequence: 0 })],
  ['a producer without a sequence', 'INVALID_RECORD', buildBatch(two, { producerId: 5, producerEpoch: 0 })],
  ['a base timestamp beyond numbers', 'INVALID_RECORD', int64(batch.BASE_TIMESTAMP_AT, 2n ** 60n)],
  ['a compressed batch from the far future', 'INVALID_TIMESTAMP', gzipped({ maxTimestamp: NOW + HOUR + 1 })],
  ['too many bytes', 'MESSAGE_TOO_LARGE', buildBatch([{ value: Buffer.alloc(1_048_577) }])],
  ['one record more than it has', 'INVALID_RECORD', counted(3)],
  ['one record less than it has', 'INVALID_RECORD', counted(1)],
  [
    'bytes behind the last record',
    'INVALID_RECORD',
    withRecords(buildBatch(two).subarray(FIRST_RECORD), [0, 0]),
  ],
  ['offset deltas from 5 on', 'INVALID_RECORD', poke(3, 10)],
  ['a record length of −1', 'INVALID_RECORD', poke(0, 1)],
  ['a record that ends behind the batch', 'INVALID_RECORD', poke(0, 0x7e)],
  ['a record length too short', 'INVALID_RECORD', poke(0, 12)],
  ['a key length of −2', 'INVALID_RECORD', poke(4, 3)],
  ['a key that ends behind its record', 'INVALID_RECORD', poke(4, 0x7e)],
  ['a value length of −2', 'INVALID_RECORD', poke(6, 3)],
  ['a value that ends behind its record', 'INVALID_RECORD', poke(6, 0x7e)],
  ['a header count of −1', 'INVALID_RECORD', poke(8, 1)],
  ['headers that are not there', 'INVALID_RECORD', poke(8, 0x7e)],
  ['two billion headers', 'INVALID_RECORD', records([0x16, 0, 0, 0, 1, 1, 0xfe, 0xff, 0xff, 0xff, 0x0f, 0])],
  ['a header without a key', 'INVALID_RECORD', records([16, 0, 0, 0, 1, 1, 2, 1, 0])],
  ['a header value of length −2', 'INVALID_RECORD', records([16, 0, 0, 0, 1, 1, 2, 0, 3])],
  ['a varint without an end', 'INVALID_RECORD', records([0x80, 0x80, 0x80, 0x80, 0x80, 0])],
  ['a varint cut off by the end', 'INVALID_RECORD', records([0x80])],
  ['a varlong without an end', 'INVALID_RECORD', records([30, 0, ...Array(10).fill(0x80), 0, 0, 1, 1, 0])],
  ['a timestamp delta of −2^63', 'INVALID_RECORD', records([30, 0, ...Array(9).fill(0xff), 1, 0, 1, 1, 0])],
  ['a key of 2 GiB', 'INVALID_RECORD', records([0x16, 0, 0, 0, 0xfe, 0xff, 0xff, 0xff, 0x0f, 1, 0, 0])],
]

test.each(lies)('refuses %s with %s', (_lie, error, bytes) => {
  expect(errorOf(() => prove(bytes))).toBe(error)
})

test('a batch in the middle of a buffer ends where it says, whatever follows', () => {
  const bytes = Buffer.concat([Buffer.alloc(9, 0xff), buildBatch(two), Buffer.alloc(9, 0xff)])
  expect(checkBatch(bytes, 9, bytes.length, rules, NOW)).toBe(bytes.length - 18)
  expect(walkRecords(bytes, 9, rules, NOW)).toBe(NOW + 1)
  const lastValueLength = bytes.length - 9 - 3
  bytes[lastValueLength] = 4
  expect(() => walkRecords(bytes, 9, rules, NOW)).toThrow('record 1 of the batch is malformed')
})

test('the walk finds the true maximum, of which the header may know nothing', () => {
  const times = [5, NOW, -1, 7].map(timestamp => ({ timestamp }))
  expect(prove(buildBatch(times, { maxTimestamp: 3 }))).toBe(NOW)
  expect(prove(buildBatch([{}, {}]))).toBe(-1)
  expect(prove(buildBatch([{ timestamp: -500 }]))).toBe(-1)
})

test('timestamps are held to the bounds of the topic', () => {
  const bounded = { ...rules, timestampBeforeMaxMs: HOUR }
  const times = (...all: number[]) => buildBatch(all.map(timestamp => ({ timestamp })))
  const error = (bytes: Buffer) => errorOf(() => walkRecords(bytes, 0, bounded, NOW))
  expect(error(times(NOW - HOUR, -1, NOW + HOUR))).toBe('none')
  expect(error(times(NOW, NOW + HOUR + 1))).toBe('INVALID_TIMESTAMP')
  expect(error(times(NOW, NOW - HOUR - 1))).toBe('INVALID_TIMESTAMP')
  const unbounded = { ...rules, timestampAfterMaxMs: Number.POSITIVE_INFINITY }
  expect(walkRecords(times(NOW + 9 * HOUR), 0, unbounded, NOW)).toBe(NOW + 9 * HOUR)
  expect(walkRecords(times(0, -(2 ** 51)), 0, unbounded, NOW)).toBe(0)
})

test('a sum of base and delta that a number cannot hold is refused', () => {
  const unbounded = { ...rules, timestampAfterMaxMs: Number.POSITIVE_INFINITY }
  const bytes = buildBatch([{ timestamp: 2 ** 53 - 1 }, { timestamp: 2 ** 53 + 1 }])
  expect(errorOf(() => walkRecords(bytes, 0, unbounded, NOW))).toBe('INVALID_TIMESTAMP')
})

test('a compacted topic takes no record without a key, compressed or not', () => {
  const compacted = { ...rules, requireKeys: true }
  const keyless = [{ key: 'a' }, { value: 'b' }]
  for (const compression of ['none', 'zstd'] as const) {
    expect(() => prove(buildBatch(keyless, { compression }), compacted)).toThrow(
      'record 1 of the batch: a compacted',
    )
    expect(prove(buildBatch([{ key: '' }], { compression }), compacted)).toBe(-1)
  }
})

test('epoch and sequence mean nothing without a producer id: kafkajs writes zeros', () => {
  expect(prove(buildBatch(two, { producerEpoch: 0, baseSequence: 0 }))).toBe(NOW + 1)
})

test('a length whose varint is longer than necessary is read, as Kafka does', () => {
  expect(prove(records([0x8c, 0x80, 0x80, 0, 0, 0, 0, 1, 1, 0]))).toBe(NOW)
})

test('whatever bytes change, the answer is an error of the protocol and comes quickly', () => {
  const seed = 0xbadc0de
  const random = new SeededRandom(seed)
  const headers = [{ key: 'name', value: 'value' }]
  const original = buildBatch([...two, { timestamp: NOW, value: Buffer.alloc(300), headers }])
  for (let round = 0; round < 20_000; round++) {
    const bytes = Buffer.from(original)
    for (let changes = 1 + random.below(3); changes > 0; changes--) {
      bytes[FIRST_RECORD + random.below(bytes.length - FIRST_RECORD)] = random.below(256)
    }
    batch.stampCrc(bytes, 0)
    const error = errorOf(() => prove(bytes))
    expect(['none', 'INVALID_RECORD', 'INVALID_TIMESTAMP'], `seed ${seed}, round ${round}`).toContain(error)
  }
})

function prove(bytes: Buffer, by: BatchRules = rules): number {
  checkBatch(bytes, 0, bytes.length, by, NOW)
  const codec = batch.codecOf(bytes, 0)
  if (codec === 0) return walkRecords(bytes, 0, by, NOW)
  const inflated = decompress(codec, bytes.subarray(FIRST_RECORD))
  return walkRecordBytes(bytes, 0, inflated, 0, inflated.length, by, NOW)
}

function errorOf(run: () => unknown): ErrorName | 'none' {
  try {
    run()
    return 'none'
  } catch (error) {
    if (error instanceof KafkaError) return error.error
    throw error
  }
}

function lie(change: (bytes: Buffer) => void, { stampsCrc = true } = {}): Buffer {
  const bytes = buildBatch(two)
  change(bytes)
  if (stampsCrc && batch.batchBytesOf(bytes, 0) === bytes.length) batch.stampCrc(bytes, 0)
  return bytes
}

function field(at: number, value: number): Buffer {
  return lie(bytes => bytes.writeInt32BE(value, at))
}

function int64(at: number, value: bigint): Buffer {
  return lie(bytes => bytes.writeBigInt64BE(value, at))
}

function attributes(value: number): Buffer {
  return lie(bytes => bytes.writeInt16BE(value, batch.ATTRIBUTES_AT))
}

/** Header and last offset agree on a count that the records belie. */
function counted(count: number): Buffer {
  return lie(bytes => {
    bytes.writeInt32BE(count, batch.RECORD_COUNT_AT)
    bytes.writeInt32BE(count - 1, batch.LAST_OFFSET_DELTA_AT)
  })
}

/** Changes a byte of the first record: length 0, time 2, offset 3, key length 4, value length 6, headers 8. */
function poke(at: number, value: number): Buffer {
  return lie(bytes => bytes.writeUInt8(value, FIRST_RECORD + at))
}

function withRecords(start: Buffer, more: number[]): Buffer {
  const bytes = Buffer.concat([buildBatch(two).subarray(0, FIRST_RECORD), start, Buffer.from(more)])
  bytes.writeInt32BE(bytes.length - batch.BATCH_LENGTH_END, batch.BATCH_LENGTH_AT)
  batch.stampCrc(bytes, 0)
  return bytes
}

/** A batch of one record with these bytes. */
function records(bytes: number[]): Buffer {
  const built = buildBatch([{ timestamp: NOW }])
  const changed = Buffer.concat([built.subarray(0, FIRST_RECORD), Buffer.from(bytes)])
  changed.writeInt32BE(changed.length - batch.BATCH_LENGTH_END, batch.BATCH_LENGTH_AT)
  batch.stampCrc(changed, 0)
  return changed
}

function gzipped(options: { maxTimestamp: number }): Buffer {
  return buildBatch(two, { ...options, compression: 'gzip' })
}
