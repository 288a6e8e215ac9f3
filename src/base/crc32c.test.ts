import { createRequire } from 'node:module'
import { expect, test } from 'vitest'
import { crc32c, crc32cByTable, NATIVE_AFTER_BYTES } from './crc32c.ts'
import { SeededRandom } from './random.ts'

const isNativeLoaded = () =>
  Object.keys(createRequire(import.meta.url).cache).some(path => path.includes('@node-rs'))

test('loads the native module when there is enough to do, and goes on with the same numbers', () => {
  const bytes = new SeededRandom(3).bytes(NATIVE_AFTER_BYTES / 2)
  const whole = crc32cByTable(bytes, 0, bytes.length)
  expect(crc32c(bytes, 0, bytes.length)).toBe(whole)
  expect(isNativeLoaded()).toBe(false)
  expect(crc32c(bytes, 0, bytes.length)).toBe(whole)
  expect(isNativeLoaded()).toBe(true)
})

test('gives the checksums of RFC 3720', () => {
  const ascending = Buffer.from(Array.from({ length: 32 }, (_, i) => i))
  const of = (bytes: Buffer) => crc32c(bytes, 0, bytes.length)
  expect(of(Buffer.from('123456789'))).toBe(0xe3069283)
  expect(of(Buffer.alloc(32))).toBe(0x8a9136aa)
  expect(of(Buffer.alloc(32, 0xff))).toBe(0x62a8ab43)
  expect(of(ascending)).toBe(0x46dd794e)
  expect(of(ascending.toReversed() as Buffer)).toBe(0x113fdb5c)
  expect(of(Buffer.alloc(0))).toBe(0)
})

test('gives the same with and without the native module, at every size and place', () => {
  const bytes = new SeededRandom(1).bytes(4_000)
  for (let size = 0; size < 600; size++) {
    const start = size % 17
    expect(crc32c(bytes, start, start + size)).toBe(crc32cByTable(bytes, start, start + size))
  }
  expect(crc32c(bytes, 0, 4_000)).toBe(crc32cByTable(bytes, 0, 4_000))
})

test('goes on over parts, whichever way each of them takes', () => {
  const bytes = new SeededRandom(2).bytes(2_000)
  const whole = crc32c(bytes, 0, 2_000)
  for (const cut of [0, 1, 7, 100, 300, 1_000, 1_950, 2_000]) {
    expect(crc32c(bytes, cut, 2_000, crc32c(bytes, 0, cut))).toBe(whole)
    expect(crc32cByTable(bytes, cut, 2_000, crc32cByTable(bytes, 0, cut))).toBe(whole)
  }
})
