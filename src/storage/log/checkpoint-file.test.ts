import { expect, test } from 'vitest'
import { CorruptionError } from '../../base/disk.ts'
import { UnknownVersionError } from '../sealed-file.ts'
import { describeOffsetCheckpoint, formatOffsetCheckpoint, parseOffsetCheckpoint } from './checkpoint-file.ts'

const ENTRIES = [
  { topic: 'a', partition: 0, offset: 5 },
  { topic: 'b.c-d', partition: 12, offset: 9_007_199_254_740_991 },
]
const TEXT = '0\n2\na 0 5\nb.c-d 12 9007199254740991\n'

test('writes and reads a line for each partition', () => {
  expect(formatOffsetCheckpoint(ENTRIES).toString()).toBe(TEXT)
  expect(parseOffsetCheckpoint(Buffer.from(TEXT), 'f')).toEqual(ENTRIES)
  expect([...describeOffsetCheckpoint(Buffer.from(TEXT), 'f')][0]).toBe('topic: a partition: 0 offset: 5')
})

test('has no entries when it is empty', () => {
  expect(formatOffsetCheckpoint([]).toString()).toBe('0\n0\n')
  expect(parseOffsetCheckpoint(Buffer.from('0\n0\n'), 'f')).toEqual([])
  expect(parseOffsetCheckpoint(Buffer.alloc(0), 'f')).toEqual([])
})

test('takes a file cut anywhere for damage', () => {
  for (let length = 1; length < TEXT.length; length++) {
    expect(() => parseOffsetCheckpoint(Buffer.from(TEXT.slice(0, length)), 'f')).toThrow(CorruptionError)
  }
})

test.each([
  'x\n0\n',
  '0\nx\n',
  '0\n1\n',
  '0\n1\na 0 5\nb 0 5\n',
  '0\n1\na 0\n',
  '0\n1\na 0 5 6\n',
  '0\n1\na -1 5\n',
  '0\n1\na 0 9007199254740992\n',
  '0\n1\na 0 5e1\n',
])('takes %j for damage', text => {
  expect(() => parseOffsetCheckpoint(Buffer.from(text), 'f')).toThrow(CorruptionError)
})

test('says where the damage is', () => {
  expect(() => parseOffsetCheckpoint(Buffer.from('0\n2\na 0 5\nb x 7\n'), 'f')).toThrow(
    'f is damaged at position 10',
  )
})

test('does not take a newer version for damage', () => {
  expect(() => parseOffsetCheckpoint(Buffer.from('1\n0\n'), 'f')).toThrow(UnknownVersionError)
})
