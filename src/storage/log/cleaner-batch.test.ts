import { expect, test } from 'vitest'
import type { CompressionName } from '../../protocol/compression.ts'
import { type BatchOptions, buildBatch, readRecords } from '../../protocol/record.ts'
import {
  BASE_TIMESTAMP_AT,
  baseOffsetOf,
  baseSequenceOf,
  codecOf,
  hasDeleteHorizon,
  lastOffsetOf,
  leaderEpochOf,
  maxTimestampOf,
  producerEpochOf,
  producerIdOf,
  readInt64,
  recordCountOf,
  timestampTypeOf,
} from '../../protocol/record-batch.ts'
import { findDamage } from '../../protocol/record-batch-check.ts'
import { buildControlBatch, buildEndTransactionMarker, ControlType } from '../../protocol/record-control.ts'
import type { RecordInput } from '../../protocol/record-writer.ts'
import { type CleaningRules, cleanBatch } from './cleaner-batch.ts'
import { CleanerKeys } from './cleaner-keys.ts'

const NOW = 1_700_000_000_000
const DAY = 86_400_000

/** The keys were last written at these offsets; nothing above `latest` was looked at. */
function rulesOf(
  offsets: Record<string, number>,
  more: Partial<CleaningRules> = {},
  latest = 1_000,
): CleaningRules {
  const keys = new CleanerKeys(1 << 16)
  for (const [key, offset] of Object.entries(offsets).sort((a, b) => a[1] - b[1]))
    keys.put(Buffer.from(key), offset)
  keys.latestOffset = latest
  return { keys, nowMs: NOW, deleteRetentionMs: DAY, floor: 1_000, lastOffsets: new Map(), ...more }
}

const abc: RecordInput[] = [
  { key: 'a', value: '1', timestamp: NOW - 3, headers: [{ key: 'h', value: 'x' }] },
  { key: 'b', value: '2', timestamp: NOW - 1 },
  { key: 'c', value: '3', timestamp: NOW - 2 },
]

function clean(
  records: readonly RecordInput[],
  rules: CleaningRules,
  options: BatchOptions = {},
): Buffer | undefined {
  const cleaned = cleanBatch(buildBatch(records, { baseOffset: 10, leaderEpoch: 3, ...options }), 0, rules)
  if (cleaned) expect(findDamage(cleaned, 0, cleaned.length)).toBeUndefined()
  return cleaned
}

function linesOf(batch: Buffer | undefined): string[] | undefined {
  return batch && readRecords(batch).map(({ offset, key, value }) => `${offset} ${key}=${value}`)
}

test('a batch of which every record is its key’s last stays as it is, byte for byte', () => {
  const batch = buildBatch(abc, { baseOffset: 10 })
  const cleaned = cleanBatch(batch, 0, rulesOf({ a: 10, b: 11, c: 12 }))
  expect(cleaned?.buffer).toBe(batch.buffer)
  expect(cleaned).toEqual(batch)
})

test('records go whose key was written again, and the others keep offset, time, value and headers', () => {
  const cleaned = clean(abc, rulesOf({ a: 10, b: 50, c: 12 }))!
  expect(readRecords(cleaned)).toEqual(
    readRecords(buildBatch(abc, { baseOffset: 10 })).filter(({ offset }) => offset !== 11),
  )
  expect(maxTimestampOf(cleaned, 0)).toBe(NOW - 2)
})

test('base offset, last offset, epoch and sequences never change', () => {
  const options = { producerId: 5, producerEpoch: 2, baseSequence: 7 }
  const cleaned = clean(abc, rulesOf({ a: 50, b: 11, c: 51 }), options)!
  expect(linesOf(cleaned)).toEqual(['11 b=2'])
  const at = [baseOffsetOf, lastOffsetOf, leaderEpochOf, producerIdOf, producerEpochOf, baseSequenceOf]
  expect(at.map(read => read(cleaned, 0))).toEqual([10, 12, 3, 5, 2, 7])
})

test('a batch of which nothing is left goes', () => {
  expect(clean(abc, rulesOf({ a: 50, b: 51, c: 52 }))).toBeUndefined()
})

test('the last batch of a producer stays, empty, so that its sequence is known', () => {
  const options = { producerId: 5, producerEpoch: 2, baseSequence: 7 }
  const gone = { a: 50, b: 51, c: 52 }
  const cleaned = clean(abc, rulesOf(gone, { lastOffsets: new Map([[5, 12]]) }), options)!
  expect([recordCountOf(cleaned, 0), lastOffsetOf(cleaned, 0), baseSequenceOf(cleaned, 0)]).toEqual([
    0, 12, 7,
  ])
  expect(maxTimestampOf(cleaned, 0)).toBe(NOW - 1)
  expect(clean(abc, rulesOf(gone, { lastOffsets: new Map([[5, 99]]) }), options)).toBeUndefined()
})

test('an emptied batch goes when its producer has written another', () => {
  const rules = rulesOf({ a: 50, b: 51, c: 52 }, { lastOffsets: new Map([[5, 12]]) })
  const empty = clean(abc, rules, { producerId: 5, producerEpoch: 2, baseSequence: 7 })!
  expect(cleanBatch(empty, 0, rules)).toEqual(empty)
  expect(cleanBatch(empty, 0, rulesOf({}, { lastOffsets: new Map([[5, 60]]) }))).toBeUndefined()
})

test('records above what the round has looked at stay, also those without a key', () => {
  const records = [{ key: 'a', value: '1' }, { value: '2' }, { key: 'c', value: '3' }]
  expect(linesOf(clean(records, rulesOf({}, {}, 10)))).toEqual(['10 a=1', '11 null=2', '12 c=3'])
})

test('a record without a key goes', () => {
  expect(linesOf(clean([{ value: 'x' }, { key: 'a', value: '1' }], rulesOf({ a: 11 })))).toEqual(['11 a=1'])
})

test('a tombstone stays when it is first met, and the batch learns when it may go', () => {
  const cleaned = clean([{ key: 'a', value: null, timestamp: NOW - 5 }], rulesOf({ a: 10 }))!
  expect(hasDeleteHorizon(cleaned, 0)).toBe(true)
  expect(readInt64(cleaned, BASE_TIMESTAMP_AT)).toBe(NOW + DAY)
  expect(readRecords(cleaned)[0]).toMatchObject({ offset: 10, timestamp: NOW - 5, value: null })
})

test('a tombstone goes at its horizon, and not before', () => {
  const cleaned = clean([{ key: 'a', value: null, timestamp: NOW - 5 }], rulesOf({ a: 10 }))!
  expect(cleanBatch(cleaned, 0, rulesOf({ a: 10 }, { nowMs: NOW + DAY - 1 }))).toEqual(cleaned)
  expect(cleanBatch(cleaned, 0, rulesOf({ a: 10 }, { nowMs: NOW + DAY }))).toBeUndefined()
})

test('a horizon stays what it was when other records of the batch go', () => {
  const batch = clean(
    [
      { key: 'a', value: null },
      { key: 'b', value: '1' },
    ],
    rulesOf({ a: 10, b: 11 }),
  )!
  const later = cleanBatch(batch, 0, rulesOf({ a: 10, b: 50 }, { nowMs: NOW + 1_000 }))!
  expect(linesOf(later)).toEqual(['10 a=null'])
  expect(readInt64(later, BASE_TIMESTAMP_AT)).toBe(NOW + DAY)
})

test('a tombstone at or above the compaction floor outlives its horizon', () => {
  const batch = clean([{ key: 'a', value: null }], rulesOf({ a: 10 }))!
  const late = { nowMs: NOW + 2 * DAY }
  expect(cleanBatch(batch, 0, rulesOf({ a: 10 }, { ...late, floor: 10 }))).toEqual(batch)
  expect(cleanBatch(batch, 0, rulesOf({ a: 10 }, { ...late, floor: 11 }))).toBeUndefined()
})

test('a tombstone that the round has not looked at gets no horizon yet', () => {
  const records: RecordInput[] = [
    { key: 'a', value: null },
    { key: 'b', value: null },
  ]
  expect(hasDeleteHorizon(clean(records, rulesOf({ a: 10 }, {}, 10))!, 0)).toBe(false)
})

test('a tombstone that may never go gets no horizon', () => {
  const cleaned = clean([{ key: 'a', value: null }], rulesOf({ a: 10 }, { deleteRetentionMs: Infinity }))!
  expect(hasDeleteHorizon(cleaned, 0)).toBe(false)
})

test('an empty value is no tombstone', () => {
  expect(hasDeleteHorizon(clean([{ key: 'a', value: '' }], rulesOf({ a: 10 }))!, 0)).toBe(false)
})

test.each(['gzip', 'snappy', 'lz4', 'zstd'] as CompressionName[])(
  'a %s batch is compressed by it again',
  name => {
    const cleaned = clean(abc, rulesOf({ a: 10, b: 50, c: 12 }), { compression: name })!
    expect(linesOf(cleaned)).toEqual(['10 a=1', '12 c=3'])
    expect(codecOf(cleaned, 0)).toBe(['none', 'gzip', 'snappy', 'lz4', 'zstd'].indexOf(name))
  },
)

test('log append time is the time of what stays', () => {
  const options: BatchOptions = { timestampType: 'LogAppendTime', maxTimestamp: NOW + 7 }
  const cleaned = clean(abc, rulesOf({ a: 10, b: 50, c: 12 }), options)!
  expect(timestampTypeOf(cleaned, 0)).toBe('LogAppendTime')
  expect(readRecords(cleaned).map(({ timestamp }) => timestamp)).toEqual([NOW + 7, NOW + 7])
})

test('control batches stay, whatever their keys', () => {
  const marker = buildEndTransactionMarker(ControlType.COMMIT, 1, NOW, { producerId: 5, producerEpoch: 0 })
  const leader = buildControlBatch({ type: ControlType.LEADER_CHANGE, value: Buffer.alloc(8) }, NOW)
  for (const batch of [marker, leader]) expect(cleanBatch(batch, 0, rulesOf({}))).toEqual(batch)
})

test('a batch that inflates beyond all measure is refused', () => {
  const bomb = [{ key: 'a', value: Buffer.alloc(40 << 20) }]
  expect(() => clean(bomb, rulesOf({ a: 10 }), { compression: 'gzip' })).toThrow(/more than/)
})
