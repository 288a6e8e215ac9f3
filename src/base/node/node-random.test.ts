import { expect, test } from 'vitest'
import { NodeRandom } from './node-random.ts'

test('gives whole numbers in their range, and bytes that differ', () => {
  const random = new NodeRandom()
  for (let i = 0; i < 1_000; i++) {
    const word = random.u32()
    expect(Number.isInteger(word) && word >= 0 && word < 2 ** 32).toBe(true)
    const digit = random.below(3)
    expect([0, 1, 2]).toContain(digit)
  }
  expect(random.below(1)).toBe(0)
  expect(random.bytes(16)).toHaveLength(16)
  expect(random.bytes(16).equals(random.fork().bytes(16))).toBe(false)
})
