import { expect, test } from 'vitest'
import { batchVectors, namedBatchVectors } from '../../test/support/batch-vectors.ts'
import { Compression } from './compression.ts'
import { buildBatch } from './record.ts'
import * as batch from './record-batch.ts'
import { findDamage } from './record-batch-check.ts'

test.each(namedBatchVectors())('views the header that Kafka wrote, %s', (_name, vector) => {
  const bytes = Buffer.concat([Buffer.alloc(3), Buffer.from(vector.hex, 'hex'), Buffer.alloc(5)])
  expect({
    compression: batch.codecOf(bytes, 3),
    baseOffset: batch.baseOffsetOf(bytes, 3),
    lastOffset: batch.lastOffsetOf(bytes, 3),
    leaderEpoch: batch.leaderEpochOf(bytes, 3),
    timestampType: batch.timestampTypeOf(bytes, 3),
    maxTimestamp: batch.maxTimestampOf(bytes, 3),
    producerId: batch.producerIdOf(bytes, 3),
    producerEpoch: batch.producerEpochOf(bytes, 3),
    baseSequence: batch.baseSequenceOf(bytes, 3),
    transactional: batch.isTransactional(bytes, 3),
    control: batch.isControl(bytes, 3),
    crc: batch.crcOf(bytes, 3),
    computedCrc: batch.computeCrc(bytes, 3),
    count: batch.recordCountOf(bytes, 3),
    bytes: batch.batchBytesOf(bytes, 3),
    magic: batch.magicOf(bytes, 3),
    deleteHorizon: batch.hasDeleteHorizon(bytes, 3),
  }).toEqual({
    compression: Compression[vector.compression],
    baseOffset: vector.baseOffset,
    lastOffset: vector.lastOffset,
    leaderEpoch: vector.leaderEpoch,
    timestampType: vector.timestampType,
    maxTimestamp: vector.maxTimestamp,
    producerId: vector.producerId,
    producerEpoch: vector.producerEpoch,
    baseSequence: vector.baseSequence,
    transactional: vector.transactional,
    control: vector.control,
    crc: vector.crc,
    computedCrc: vector.crc,
    count: vector.records.length,
    bytes: vector.hex.length / 2,
    magic: 2,
    deleteHorizon: false,
  })
})

test('a stamp gives offset and epoch and leaves the checksum right', () => {
  const bytes = Buffer.concat([Buffer.alloc(7), buildBatch([{ value: 'a' }, { value: 'b' }])])
  batch.stampBatch(bytes, 7, 2 ** 53 - 2, 2 ** 31 - 1)
  expect(batch.baseOffsetOf(bytes, 7)).toBe(2 ** 53 - 2)
  expect(batch.lastOffsetOf(bytes, 7)).toBe(2 ** 53 - 1)
  expect(batch.leaderEpochOf(bytes, 7)).toBe(2 ** 31 - 1)
  expect(findDamage(bytes, 7, bytes.length)).toBeUndefined()
})

test('the append time replaces type and maximum, and the checksum follows', () => {
  const bytes = buildBatch([{ value: 'a', timestamp: 5 }], { compression: 'gzip' })
  batch.stampLogAppendTime(bytes, 0, 1_700_000_000_123)
  expect(batch.timestampTypeOf(bytes, 0)).toBe('LogAppendTime')
  expect(batch.maxTimestampOf(bytes, 0)).toBe(1_700_000_000_123)
  expect(batch.baseTimestampOf(bytes, 0)).toBe(5)
  expect(batch.codecOf(bytes, 0)).toBe(Compression.gzip)
  expect(findDamage(bytes, 0, bytes.length)).toBeUndefined()
})

test('a corrected maximum keeps the type', () => {
  const bytes = buildBatch([{ value: 'a', timestamp: 5 }], { maxTimestamp: 9 })
  batch.setMaxTimestamp(bytes, 0, -7)
  expect(batch.maxTimestampOf(bytes, 0)).toBe(-7)
  expect(batch.timestampTypeOf(bytes, 0)).toBe('CreateTime')
  expect(findDamage(bytes, 0, bytes.length)).toBeUndefined()
})

test('finds the batches of a buffer and leaves out a cut-off last one', () => {
  const batches = batchVectors()
    .slice(0, 4)
    .map(vector => Buffer.from(vector.hex, 'hex'))
  const bytes = Buffer.concat(batches)
  const [a, b, c] = batches.map(each => each.length)
  expect([...batch.batchPositions(bytes)]).toEqual([0, a, a! + b!, a! + b! + c!])
  expect([...batch.batchPositions(bytes, a, bytes.length - 1)]).toEqual([a, a! + b!])
  expect([...batch.batchPositions(bytes, 0, 11)]).toEqual([])
  expect([...batch.batchPositions(Buffer.alloc(100))]).toEqual([])
})

test('sequences begin again at 0 after 2^31−1', () => {
  const three = [{ value: 'a' }, { value: 'b' }, { value: 'c' }]
  const wrapping = buildBatch(three, { producerId: 1, producerEpoch: 0, baseSequence: 2 ** 31 - 2 })
  expect(batch.lastSequenceOf(wrapping, 0)).toBe(0)
  expect(
    batch.lastSequenceOf(buildBatch(three, { producerId: 1, producerEpoch: 0, baseSequence: 7 }), 0),
  ).toBe(9)
  expect(batch.lastSequenceOf(buildBatch(three), 0)).toBe(-1)
})

test.each([
  [2n ** 53n - 1n, 2 ** 53 - 1],
  [-(2n ** 53n) + 1n, -(2 ** 53) + 1],
  [2n ** 32n, 2 ** 32],
  [-(2n ** 32n) - 1n, -(2 ** 32) - 1],
  [-1n, -1],
  [0n, 0],
])('int64 %s is read and written exactly', (big, number) => {
  const bytes = Buffer.alloc(8)
  bytes.writeBigInt64BE(big)
  expect(batch.readInt64(bytes, 0)).toBe(number)
  const written = Buffer.alloc(8)
  batch.writeInt64(written, 0, number)
  expect(written).toEqual(bytes)
})

test.each([2n ** 53n, -(2n ** 53n), 2n ** 63n - 1n, -(2n ** 63n), 2n ** 53n + 1n])(
  'int64 %s is refused',
  big => {
    const bytes = Buffer.alloc(8)
    bytes.writeBigInt64BE(big)
    expect(() => batch.readInt64(bytes, 0)).toThrow('outside')
  },
)
