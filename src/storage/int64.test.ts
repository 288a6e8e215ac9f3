import { expect, test } from 'vitest'
import { CorruptionError } from '../base/disk.ts'
import { readInt64, writeInt64 } from './int64.ts'

test('agrees with the big integers of the platform', () => {
  const bytes = Buffer.alloc(8)
  for (const value of [0, 1, -1, 2 ** 31, 2 ** 32, -(2 ** 32) - 1, 2 ** 53 - 1, -(2 ** 53) + 1]) {
    writeInt64(bytes, 0, value)
    expect(bytes.readBigInt64BE()).toBe(BigInt(value))
    expect(readInt64(bytes, 0, 'f')).toBe(value)
  }
})

test('refuses what a number cannot hold', () => {
  const bytes = Buffer.alloc(8)
  for (const value of [2n ** 53n, 2n ** 63n - 1n, -(2n ** 53n), -(2n ** 63n)]) {
    bytes.writeBigInt64BE(value)
    expect(() => readInt64(bytes, 0, 'f')).toThrow(CorruptionError)
  }
})
