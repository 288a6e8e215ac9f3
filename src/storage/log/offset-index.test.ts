import { expect, test } from 'vitest'
import { CorruptionError } from '../../base/disk.ts'
import { OffsetIndex } from './offset-index.ts'

function indexOf(...entries: [offset: number, position: number][]): OffsetIndex {
  const index = new OffsetIndex(1_000)
  for (const [offset, position] of entries) index.append(offset, position)
  return index
}

function parse(bytes: Buffer, logBytes = 10_000): OffsetIndex {
  return OffsetIndex.parse(Buffer.from(bytes), { baseOffset: 1_000, logBytes, file: 'f' })
}

test('finds the position of the greatest entry at or below an offset', () => {
  const index = indexOf([1_010, 100], [1_020, 200], [1_030, 300])
  const found = [1_000, 1_009, 1_010, 1_015, 1_020, 1_029, 1_030, 9_999].map(offset => index.lookup(offset))
  expect(found).toEqual([0, 0, 100, 100, 200, 200, 300, 300])
})

test('begins at the first byte when it is empty', () => {
  const index = indexOf()
  expect(index.lookup(1_234)).toBe(0)
  expect(index.lastOffset).toBe(999)
  expect(index.last).toBeUndefined()
})

test('finds the last position in a range', () => {
  const index = indexOf([1_010, 100], [1_020, 200], [1_030, 300])
  expect(index.lastPositionIn(0, 299)).toBe(200)
  expect(index.lastPositionIn(100, 199)).toBeUndefined()
  expect(index.lastPositionIn(0, 99)).toBeUndefined()
  expect(index.lastPositionIn(299, 300)).toBe(300)
})

test('grows, and comes back from its bytes', () => {
  const index = indexOf()
  for (let i = 1; i <= 1_000; i++) index.append(1_000 + i * 3, i * 7)
  const read = parse(index.bytes())
  expect(read.entryCount).toBe(1_000)
  expect(read.last).toEqual({ offset: 4_000, position: 7_000 })
  read.append(4_001, 7_001)
  expect(read.bytes().subarray(0, 8_000)).toEqual(index.bytes())
  expect(read.lookup(5_000)).toBe(7_001)
})

test('drops the entries of batches that reach the cut', () => {
  const cut = (offset: number) => {
    const index = indexOf([1_010, 100], [1_020, 200])
    index.truncateTo(offset)
    return index.lastOffset
  }
  expect([1_000, 1_010, 1_011, 1_020, 1_021].map(cut)).toEqual([999, 999, 1_010, 1_010, 1_020])
})

test('goes on behind a cut', () => {
  const index = indexOf([1_010, 100], [1_020, 200])
  index.truncateTo(1_015)
  index.append(1_016, 150)
  expect(index.bytes()).toEqual(indexOf([1_010, 100], [1_016, 150]).bytes())
})

test('skips the zeros that Kafka preallocates', () => {
  const bytes = Buffer.concat([indexOf([1_010, 256]).bytes(), Buffer.alloc(8 * 1_000)])
  expect(parse(bytes).entryCount).toBe(1)
  expect(parse(Buffer.alloc(80)).entryCount).toBe(0)
})

test.each([
  ['an odd size', Buffer.alloc(12), 12],
  [
    'a hole',
    Buffer.concat([indexOf([1_010, 100]).bytes(), Buffer.alloc(8), indexOf([1_030, 300]).bytes()]),
    8,
  ],
  ['an offset twice', Buffer.concat([indexOf([1_010, 100]).bytes(), indexOf([1_010, 200]).bytes()]), 8],
  ['a position that falls', Buffer.concat([indexOf([1_010, 100]).bytes(), indexOf([1_020, 50]).bytes()]), 12],
  ['an offset below the segment', Buffer.from('ffffffff00000001', 'hex'), 0],
  ['a position beyond the log', indexOf([1_010, 100], [1_020, 10_000]).bytes(), 12],
])('takes %s for damage', (_, bytes, position) => {
  expect(() => parse(bytes)).toThrow(CorruptionError)
  expect(() => parse(bytes)).toThrow(`at position ${position}`)
})

test('stops the program that appends out of order', () => {
  expect(() => indexOf([1_010, 100], [1_010, 200])).toThrow('out of order')
  expect(() => indexOf([1_010, 0])).toThrow('out of range')
  expect(() => indexOf([1_000 + 2 ** 31, 100])).toThrow('out of order')
})
