import { expect, test } from 'vitest'
import { SeededRandom } from '../../base/random.ts'
import { CleanerKeys } from './cleaner-keys.ts'

test('the last offset of each key is found, and -1 for a key that was not there', () => {
  const keys = new CleanerKeys(1 << 20)
  keys.put(Buffer.from('a'), 3)
  keys.put(Buffer.from('b'), 4)
  keys.put(Buffer.from('a'), 7)
  expect([keys.find(Buffer.from('a')), keys.find(Buffer.from('b')), keys.find(Buffer.from('c'))]).toEqual([
    7, 4, -1,
  ])
  expect([keys.size, keys.latestOffset]).toEqual([2, 7])
})

test('an empty key is a key', () => {
  const keys = new CleanerKeys(1 << 20)
  expect(keys.find(Buffer.alloc(0))).toBe(-1)
  keys.put(Buffer.alloc(0), 2 ** 52)
  expect(keys.find(Buffer.alloc(0))).toBe(2 ** 52)
})

test('a hundred thousand keys of random lengths are kept apart', () => {
  const seed = Date.now() >>> 0
  const random = new SeededRandom(seed)
  const keys = new CleanerKeys(16 << 20)
  const truth = new Map<string, number>()
  for (let offset = 0; offset < 100_000; offset++) {
    const key = random.bytes(random.below(6))
    truth.set(key.toString('hex'), offset)
    keys.put(key, offset)
  }
  expect(keys.size, `seed ${seed}`).toBe(truth.size)
  for (const [key, offset] of truth) expect(keys.find(Buffer.from(key, 'hex')), `seed ${seed}`).toBe(offset)
})

test('a full table takes known keys still, refuses new ones, and says how far it came', () => {
  const keys = new CleanerKeys(0)
  let count = 0
  while (keys.put(Buffer.from(`key ${count}`), count)) count++
  expect(count).toBe(768)
  expect(keys.latestOffset).toBe(767)
  expect(keys.put(Buffer.from('key 0'), 1_000)).toBe(true)
  expect(keys.find(Buffer.from('key 0'))).toBe(1_000)
})

test('the bound counts the old table and the new one while it grows', () => {
  const bytesMax = 1 << 20
  const keys = new CleanerKeys(bytesMax)
  let count = 0
  while (keys.put(Buffer.from(`key ${count}`), count)) count++
  const slots = Math.floor(bytesMax / 36)
  expect(count).toBe(Math.ceil(slots * 0.75))
})
