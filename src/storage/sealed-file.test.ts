import { expect, test } from 'vitest'
import { CorruptionError } from '../base/disk.ts'
import { openSealedFile, sealFile, UnknownVersionError } from './sealed-file.ts'

const BODY = Buffer.from('what it holds')

test('gives back the body and the version', () => {
  const { version, body } = openSealedFile('LHXX', 2, sealFile('LHXX', 1, BODY), 'f')
  expect(version).toBe(1)
  expect(body).toEqual(BODY)
})

test('takes every flipped bit for damage, those of the version too', () => {
  const whole = sealFile('LHXX', 1, BODY)
  for (let bit = 0; bit < whole.length * 8; bit++) {
    const bytes = Buffer.from(whole)
    bytes[bit >> 3]! ^= 1 << (bit & 7)
    expect(() => openSealedFile('LHXX', 1, bytes, 'f')).toThrow(CorruptionError)
  }
})

test('takes a file cut anywhere, or grown, for damage', () => {
  const whole = sealFile('LHXX', 1, BODY)
  for (let length = 0; length < whole.length; length++) {
    expect(() => openSealedFile('LHXX', 1, whole.subarray(0, length), 'f')).toThrow(CorruptionError)
  }
  const grown = Buffer.concat([whole, Buffer.alloc(4_096)])
  expect(() => openSealedFile('LHXX', 1, grown, 'f')).toThrow(CorruptionError)
})

test('names file and version when a newer program wrote it', () => {
  const bytes = sealFile('LHXX', 3, BODY)
  expect(() => openSealedFile('LHXX', 2, bytes, '/data/t-0/x')).toThrow(UnknownVersionError)
  expect(() => openSealedFile('LHXX', 2, bytes, '/data/t-0/x')).toThrow(
    '/data/t-0/x has format version 3; this program knows versions up to 2',
  )
})

test('refuses a file of another kind', () => {
  expect(() => openSealedFile('LHYY', 1, sealFile('LHXX', 1, BODY), 'f')).toThrow('begin with LHYY')
})
