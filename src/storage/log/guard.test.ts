import { expect, test } from 'vitest'
import { CorruptionError } from '../../base/disk.ts'
import { SeededRandom } from '../../base/random.ts'
import { describeGuard, GUARD_BLOCK_BYTES, Guard, GuardBuilder } from './guard.ts'

const random = new SeededRandom(7)
const BLOCK = GUARD_BLOCK_BYTES
const SEGMENT = random.bytes(3 * BLOCK + 1_234)

function guardOf(segment: Buffer): Guard {
  const builder = new GuardBuilder(500)
  builder.add(segment)
  return Guard.parse(builder.format(), 'f')
}

test('finds nothing wrong with what it was built from, in whatever pieces', () => {
  const builder = new GuardBuilder(500)
  for (let at = 0; at < SEGMENT.length; ) {
    const end = Math.min(SEGMENT.length, at + 1 + random.below(40_000))
    builder.add(SEGMENT.subarray(at, end))
    at = end
  }
  const guard = Guard.parse(builder.format(), 'f')
  expect(guard.baseOffset).toBe(500)
  expect(guard.segmentBytes).toBe(SEGMENT.length)
  expect(guard.blockCount).toBe(4)
  expect(guard.findDamage(0, SEGMENT)).toBeUndefined()
})

test('finds the block of any flipped bit', () => {
  const guard = guardOf(SEGMENT)
  for (const at of [0, BLOCK - 1, BLOCK, 2 * BLOCK + 17, SEGMENT.length - 1]) {
    const bytes = Buffer.from(SEGMENT)
    bytes[at]! ^= 0x10
    expect(guard.findDamage(0, bytes)).toBe(Math.floor(at / BLOCK) * BLOCK)
  }
})

test('finds swapped blocks', () => {
  const swapped = Buffer.concat([
    SEGMENT.subarray(BLOCK, 2 * BLOCK),
    SEGMENT.subarray(0, BLOCK),
    SEGMENT.subarray(2 * BLOCK),
  ])
  expect(guardOf(SEGMENT).findDamage(0, swapped)).toBe(0)
})

test('checks the whole blocks of a part, and leaves its edges', () => {
  const guard = guardOf(SEGMENT)
  const bytes = Buffer.from(SEGMENT)
  bytes[10]! ^= 1
  bytes[2 * BLOCK + 10]! ^= 1
  expect(guard.findDamage(1, bytes.subarray(1, 2 * BLOCK + 100))).toBeUndefined()
  expect(guard.findDamage(1, bytes.subarray(1, 3 * BLOCK))).toBe(2 * BLOCK)
  expect(guard.findDamage(3 * BLOCK, bytes.subarray(3 * BLOCK))).toBeUndefined()
})

test('says what to read in order to check a part', () => {
  const guard = guardOf(SEGMENT)
  expect(guard.rangeAround(BLOCK + 5, 10)).toEqual({ start: BLOCK, end: 2 * BLOCK })
  expect(guard.rangeAround(BLOCK - 5, 10)).toEqual({ start: 0, end: 2 * BLOCK })
  expect(guard.rangeAround(3 * BLOCK, 1)).toEqual({ start: 3 * BLOCK, end: SEGMENT.length })
})

test('takes bytes behind the segment for damage', () => {
  const grown = Buffer.concat([SEGMENT, Buffer.from([0])])
  expect(guardOf(SEGMENT).findDamage(0, grown)).toBe(SEGMENT.length)
})

test('guards an empty segment and one of whole blocks', () => {
  expect(guardOf(Buffer.alloc(0)).blockCount).toBe(0)
  const whole = SEGMENT.subarray(0, 2 * BLOCK)
  expect(guardOf(whole).blockCount).toBe(2)
  expect(guardOf(whole).findDamage(0, whole)).toBeUndefined()
})

test('is written in the middle of a segment, and goes on', () => {
  const builder = new GuardBuilder(0)
  builder.add(SEGMENT.subarray(0, BLOCK + 10))
  expect(Guard.parse(builder.format(), 'f').findDamage(0, SEGMENT.subarray(0, BLOCK + 10))).toBeUndefined()
  builder.add(SEGMENT.subarray(BLOCK + 10))
  expect(Guard.parse(builder.format(), 'f').findDamage(0, SEGMENT)).toBeUndefined()
})

test('is itself guarded', () => {
  const builder = new GuardBuilder(500)
  builder.add(SEGMENT)
  const bytes = builder.format()
  bytes[bytes.length - 1]! ^= 1
  expect(() => Guard.parse(bytes, 'f')).toThrow(CorruptionError)
})

test('prints a line for each block', () => {
  const builder = new GuardBuilder(500)
  builder.add(Buffer.from('123456789'))
  expect([...describeGuard(builder.format(), 'f')]).toEqual([
    'version: 1 baseOffset: 500 segmentBytes: 9 blocks: 1',
    `position: 0 size: 9 crc: ${0xe3069283}`,
  ])
})
