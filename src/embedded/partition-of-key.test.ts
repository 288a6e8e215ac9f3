import { expect, test } from 'vitest'
import { murmur2, partitionOfKey } from './partition-of-key.ts'

test.each([
  ['', 275_646_681],
  ['21', -973_932_308],
  ['abc', 479_470_107],
  ['foobar', -790_332_482],
  ['a-little-bit-long-string', -985_981_536],
  ['a-little-bit-longer-string', -1_486_304_829],
])('hashes %j as the Java client does', (key, hash) => {
  expect(murmur2(Buffer.from(key))).toBe(hash)
})

test('puts a key into one partition, whatever the sign of its hash', () => {
  for (const key of ['21', 'abc', 'foobar']) {
    const partition = partitionOfKey(Buffer.from(key), 7)
    expect(partition).toBe(partitionOfKey(Buffer.from(key), 7))
    expect(partition).toBeGreaterThanOrEqual(0)
    expect(partition).toBeLessThan(7)
  }
})
