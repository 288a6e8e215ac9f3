import { expect, test } from 'vitest'
import { namedBatchVectors, type VectorRecord } from '../../test/support/batch-vectors.ts'
import { SeededRandom } from '../base/random.ts'
import { Compression, type CompressionName } from './compression.ts'
import { KafkaError } from './errors.ts'
import {
  type BatchRecord,
  buildBatch,
  iterateRecords,
  openRecords,
  readRecords,
  recompress,
} from './record.ts'
import * as batch from './record-batch.ts'
import { findDamage } from './record-batch-check.ts'
import { buildControlBatch, buildEndTransactionMarker, ControlType, controlTypeOf } from './record-control.ts'
import type { RecordInput } from './record-writer.ts'

const compressions = Object.keys(Compression) as CompressionName[]

test.each(namedBatchVectors())('reads what Kafka wrote and builds it again, %s', (_name, vector) => {
  const bytes = Buffer.from(vector.hex, 'hex')
  expect(readRecords(bytes).map(inVectorForm)).toEqual(vector.records)
  const rebuilt = buildBatch(recordsWithOwnTimestamps(bytes), {
    compression: vector.compression,
    leaderEpoch: vector.leaderEpoch,
    timestampType: vector.timestampType,
    maxTimestamp: vector.maxTimestamp,
    producerId: vector.producerId,
    producerEpoch: vector.producerEpoch,
    baseSequence: vector.baseSequence,
    isTransactional: vector.transactional,
    isControl: vector.control,
  })
  if (vector.compression === 'none') expect(rebuilt.toString('hex')).toBe(vector.hex)
  expect(findDamage(rebuilt, 0, rebuilt.length)).toBeUndefined()
  expect(rebuilt.subarray(21, 61)).toEqual(bytes.subarray(21, 61))
  expect(readRecords(rebuilt).map(inVectorForm)).toEqual(vector.records)
})

test.each(compressions)('any records come back as they were, %s', compression => {
  const seed = 0x5eed + Compression[compression]
  const random = new SeededRandom(seed)
  for (let round = 0; round < 40; round++) {
    const records = randomRecords(random)
    const bytes = buildBatch(records, { compression, baseOffset: records[0]!.offset })
    const read = readRecords(Buffer.concat([random.bytes(round), bytes]), round)
    expect(read.map(inVectorForm), `seed ${seed}, round ${round}`).toEqual(records.map(inVectorForm))
  }
})

test.each(compressions)('changes from %s to every other compression', from => {
  const records = randomRecords(new SeededRandom(77))
  const original = buildBatch(records, {
    compression: from,
    producerId: 5,
    producerEpoch: 1,
    baseSequence: 9,
  })
  for (const to of compressions) {
    const changed = recompress(original, 0, Compression[to])
    expect(findDamage(changed, 0, changed.length)).toBeUndefined()
    expect(batch.codecOf(changed, 0)).toBe(Compression[to])
    expect(changed.subarray(23, 61)).toEqual(original.subarray(23, 61))
    expect(readRecords(changed).map(inVectorForm)).toEqual(records.map(inVectorForm))
  }
})

test('keys, values and headers are slices of the batch, not copies', () => {
  const bytes = buildBatch([{ key: 'key', value: 'value', headers: [{ key: 'h', value: 'x' }] }])
  const [record] = readRecords(bytes)
  for (const slice of [record!.key, record!.value, record!.headers[0]!.key])
    expect(slice!.buffer).toBe(bytes.buffer)
})

test('null, empty and text are told apart', () => {
  const headers = [
    { key: '', value: null },
    { key: 'ä', value: '' },
  ]
  const [nulls, empty] = readRecords(buildBatch([{}, { key: '', value: '€', headers }]))
  expect(nulls).toEqual({ offset: 0, timestamp: -1, key: null, value: null, headers: [] })
  expect(empty!.key).toEqual(Buffer.alloc(0))
  expect(empty!.value!.toString()).toBe('€')
  expect(empty!.headers).toEqual([
    { key: Buffer.alloc(0), value: null },
    { key: Buffer.from('ä'), value: Buffer.alloc(0) },
  ])
})

test('a batch from which compaction took records keeps its offsets', () => {
  const kept = [
    { offset: 103, timestamp: 50, value: 'a' },
    { offset: 107, timestamp: 40, value: 'b' },
  ]
  const bytes = buildBatch(kept, { baseOffset: 100, lastOffset: 109, deleteHorizonMs: 9_000 })
  expect(batch.baseOffsetOf(bytes, 0)).toBe(100)
  expect(batch.lastOffsetOf(bytes, 0)).toBe(109)
  expect(batch.hasDeleteHorizon(bytes, 0)).toBe(true)
  expect(batch.baseTimestampOf(bytes, 0)).toBe(9_000)
  expect(batch.maxTimestampOf(bytes, 0)).toBe(50)
  expect(readRecords(bytes).map(({ offset, timestamp }) => [offset, timestamp])).toEqual([
    [103, 50],
    [107, 40],
  ])
  const empty = buildBatch([], { baseOffset: 100, lastOffset: 109, maxTimestamp: 50 })
  expect(batch.lastOffsetOf(empty, 0)).toBe(109)
  expect(readRecords(empty)).toEqual([])
})

test('with append time every record has the time of the batch', () => {
  const bytes = buildBatch([{ timestamp: 1 }, { timestamp: 2 }])
  batch.stampLogAppendTime(bytes, 0, 1_000)
  expect(readRecords(bytes).map(record => record.timestamp)).toEqual([1_000, 1_000])
})

test('an end-of-transaction marker is what Kafka writes', () => {
  const options = { producerId: 4242, producerEpoch: 5, baseOffset: 77, leaderEpoch: 3 }
  const bytes = buildEndTransactionMarker(ControlType.ABORT, 9, 1_700_000_000_000, options)
  const vector = namedBatchVectors().find(([, { control }]) => control)![1]
  expect(bytes.toString('hex')).toBe(vector.hex)
  expect(controlTypeOf(readRecords(bytes)[0]!.key)).toBe(ControlType.ABORT)
})

test('a control batch carries any type and value', () => {
  const bytes = buildControlBatch({ type: ControlType.LEADER_CHANGE, value: Buffer.from('v') }, 12)
  expect(batch.isControl(bytes, 0)).toBe(true)
  expect(batch.isTransactional(bytes, 0)).toBe(false)
  const [record] = readRecords(bytes)
  expect(controlTypeOf(record!.key)).toBe(ControlType.LEADER_CHANGE)
  expect(record!.value!.toString()).toBe('v')
  expect(() => controlTypeOf(Buffer.from([0, 0]))).toThrow('without a type')
  expect(() => controlTypeOf(null)).toThrow('without a type')
})

test('stops at the count in the header and refuses what is left over', () => {
  const bytes = buildBatch([{ value: 'a' }, { value: 'b' }])
  bytes.writeInt32BE(1, batch.RECORD_COUNT_AT)
  const records = iterateRecords(bytes)
  expect(records.next().value).toMatchObject({ offset: 0 })
  expect(() => records.next()).toThrow('more than 1 records')
  bytes.writeInt32BE(3, batch.RECORD_COUNT_AT)
  expect(() => readRecords(bytes)).toThrow('record 2 of the batch is malformed')
})

test.each(compressions)(
  'a batch whose records are cut off before they were stored is refused, %s',
  compression => {
    const whole = buildBatch(
      Array.from({ length: 50 }, (_, i) => ({ value: `value ${i}` })),
      { compression },
    )
    for (let length = batch.BATCH_HEADER_BYTES; length < whole.length; length++) {
      const cut = Buffer.from(whole.subarray(0, length))
      cut.writeInt32BE(length - batch.BATCH_LENGTH_END, batch.BATCH_LENGTH_AT)
      expect(() => readRecords(cut)).toThrow(KafkaError)
    }
  },
)

function inVectorForm(record: BatchRecord): VectorRecord {
  return {
    offset: record.offset,
    timestamp: record.timestamp,
    key: record.key?.toString('hex') ?? null,
    value: record.value?.toString('hex') ?? null,
    headers: record.headers.map(({ key, value }) => [key.toString(), value?.toString('hex') ?? null]),
  }
}

/** With append time a record still holds the time that its producer gave; the same bytes need it. */
function recordsWithOwnTimestamps(bytes: Buffer): RecordInput[] {
  const { cursor, baseTimestamp } = openRecords(bytes, 0)
  return readRecords(bytes).map(record => {
    cursor.next()
    return { ...record, timestamp: baseTimestamp + cursor.timestampDelta }
  })
}

function randomRecords(random: SeededRandom): BatchRecord[] {
  const field = () => (random.below(5) === 0 ? null : randomBytes(random))
  const baseOffset = random.below(3) * 2 ** 40
  return Array.from({ length: 1 + random.below(70) }, (_, index) => ({
    offset: baseOffset + index,
    timestamp:
      random.below(4) === 0 ? random.below(2 ** 31) * 2 ** 19 : 1_700_000_000_000 - random.below(9_999),
    key: field(),
    value: index % 20 === 0 ? field() : Buffer.from(`value ${index} value ${index}`),
    headers: Array.from({ length: random.below(3) }, () => ({ key: Buffer.from('header'), value: field() })),
  }))
}

/** Mostly short, and with repetitions, so that codecs have something to find. */
function randomBytes(random: SeededRandom): Buffer {
  const lengthMax = [1, 2, 63, 66, 200, 9_000, random.below(20) === 0 ? 80_000 : 300][random.below(7)]!
  const bytes = Buffer.alloc(random.below(lengthMax), random.bytes(1 + random.below(300)))
  for (let at = 0; at < bytes.length; at += 1 + random.below(90)) bytes[at] = random.below(256)
  return bytes
}
