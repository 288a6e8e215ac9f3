import { expect, test } from 'vitest'
import { CorruptionError } from '../../base/disk.ts'
import { TimeIndex } from './time-index.ts'

const NOON = 1_795_000_000_000

function indexOf(...entries: [timestamp: number, offset: number][]): TimeIndex {
  const index = new TimeIndex(1_000)
  for (const [timestamp, offset] of entries) index.maybeAppend(timestamp, offset)
  return index
}

function parse(bytes: Buffer, endOffset = 2_000): TimeIndex {
  return TimeIndex.parse(Buffer.from(bytes), { baseOffset: 1_000, endOffset, file: 'f' })
}

test('finds the offset of the greatest time at or below the asked one', () => {
  const index = indexOf([NOON, 1_010], [NOON + 5, 1_020])
  const found = [0, NOON - 1, NOON, NOON + 4, NOON + 5, NOON + 99].map(time => index.lookup(time))
  expect(found).toEqual([1_000, 1_000, 1_010, 1_010, 1_020, 1_020])
})

test('takes an entry only if its time is above the last one', () => {
  const index = indexOf([NOON, 1_010])
  expect(index.maybeAppend(NOON, 1_020)).toBe(false)
  expect(index.maybeAppend(NOON - 1, 1_020)).toBe(false)
  expect(index.maybeAppend(NOON + 1, 1_010)).toBe(true)
  expect(index.entryCount).toBe(2)
})

test('takes no entry for batches without a timestamp', () => {
  expect(indexOf([-1, 1_010]).entryCount).toBe(0)
})

test('comes back from its bytes, and goes on', () => {
  const index = indexOf()
  for (let i = 1; i <= 500; i++) index.maybeAppend(NOON + i, 1_000 + i)
  const read = parse(index.bytes())
  expect(read.lastTimestamp).toBe(NOON + 500)
  expect(read.lastOffset).toBe(1_500)
  expect(read.maybeAppend(NOON + 500, 1_501)).toBe(false)
  expect(read.maybeAppend(NOON + 501, 1_501)).toBe(true)
  expect(read.lookup(NOON + 600)).toBe(1_501)
})

test('drops the entries that name the cut or a later offset, and remembers the time before', () => {
  const index = indexOf([NOON, 1_010], [NOON + 5, 1_020])
  index.truncateTo(1_020)
  expect(index.lastTimestamp).toBe(NOON)
  expect(index.maybeAppend(NOON + 1, 1_015)).toBe(true)
  index.truncateTo(1_000)
  expect(index.lastTimestamp).toBe(-1)
  expect(index.bytes()).toHaveLength(0)
})

test('skips the zeros that Kafka preallocates', () => {
  expect(parse(Buffer.concat([indexOf([NOON, 1_000]).bytes(), Buffer.alloc(120)])).entryCount).toBe(1)
})

test.each([
  ['an odd size', Buffer.alloc(13)],
  ['a time twice', Buffer.concat([indexOf([NOON, 1_010]).bytes(), indexOf([NOON, 1_020]).bytes()])],
  ['an offset that falls', Buffer.concat([indexOf([1, 1_010]).bytes(), indexOf([2, 1_009]).bytes()])],
  ['an offset beyond the log', indexOf([NOON, 2_000]).bytes()],
  ['a time beyond 2^53', Buffer.from('7fffffffffffffff00000001', 'hex')],
])('takes %s for damage', (_, bytes) => {
  expect(() => parse(bytes)).toThrow(CorruptionError)
})

test('stops the program that appends out of order', () => {
  expect(() => indexOf([NOON, 1_010], [NOON + 1, 1_009])).toThrow('out of order')
})
