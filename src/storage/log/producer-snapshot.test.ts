import { expect, test } from 'vitest'
import { crc32c } from '../../base/crc32c.ts'
import { CorruptionError } from '../../base/disk.ts'
import { UnknownVersionError } from '../sealed-file.ts'
import {
  firstSequenceOf,
  formatProducerSnapshot,
  type ProducerEntry,
  parseProducerSnapshot,
} from './producer-snapshot.ts'

const FIRST: ProducerEntry = {
  producerId: 2 ** 40,
  producerEpoch: 32_767,
  lastSequence: 2 ** 31 - 1,
  lastOffset: 2 ** 45,
  offsetDelta: 9,
  lastTimestamp: 1_795_000_000_000,
  coordinatorEpoch: 3,
  currentTxnFirstOffset: 2 ** 45 - 9,
}
const SECOND: ProducerEntry = {
  producerId: 0,
  producerEpoch: 0,
  lastSequence: -1,
  lastOffset: -1,
  offsetDelta: 0,
  lastTimestamp: -1,
  coordinatorEpoch: -1,
  currentTxnFirstOffset: -1,
}
const WHOLE = formatProducerSnapshot([FIRST, SECOND])

test('comes back from its bytes', () => {
  expect(WHOLE).toHaveLength(10 + 2 * 46)
  expect(parseProducerSnapshot(WHOLE, 'f')).toEqual([FIRST, SECOND])
  expect(parseProducerSnapshot(formatProducerSnapshot([]), 'f')).toEqual([])
})

test('takes every flipped bit of what the checksum covers for damage', () => {
  for (let bit = 2 * 8; bit < WHOLE.length * 8; bit++) {
    const bytes = Buffer.from(WHOLE)
    bytes[bit >> 3]! ^= 1 << (bit & 7)
    expect(() => parseProducerSnapshot(bytes, 'f')).toThrow(CorruptionError)
  }
})

test('takes a file cut anywhere for damage', () => {
  for (let length = 0; length < WHOLE.length; length++) {
    expect(() => parseProducerSnapshot(WHOLE.subarray(0, length), 'f')).toThrow(CorruptionError)
  }
})

test('does not take a newer version for damage', () => {
  const bytes = Buffer.from(WHOLE)
  bytes.writeInt16BE(2, 0)
  expect(() => parseProducerSnapshot(bytes, 'f')).toThrow(UnknownVersionError)
})

test('allocates nothing for a count that the size does not bear out', () => {
  const bytes = Buffer.from(WHOLE)
  bytes.writeInt32BE(2 ** 31 - 1, 6)
  bytes.writeUInt32BE(crc32c(bytes, 6, bytes.length), 2)
  expect(() => parseProducerSnapshot(bytes, 'f')).toThrow('does not fit 2147483647 producers')
})

test('refuses a producer that knows more of the log than the name says, or stands there twice', () => {
  const name = '/data/t-0/00000000000000000100.snapshot'
  const at = (lastOffset: number) => formatProducerSnapshot([{ ...SECOND, lastOffset, lastSequence: 0 }])
  expect(parseProducerSnapshot(at(99), name)).toHaveLength(1)
  expect(() => parseProducerSnapshot(at(100), name)).toThrow(CorruptionError)
  expect(() => parseProducerSnapshot(formatProducerSnapshot([FIRST, FIRST]), 'f')).toThrow(CorruptionError)
})

test('counts back to the first sequence over 2^31−1', () => {
  expect(firstSequenceOf({ ...FIRST, lastSequence: 2, offsetDelta: 4 })).toBe(2 ** 31 - 2)
  expect(firstSequenceOf({ ...FIRST, lastSequence: 4, offsetDelta: 4 })).toBe(0)
})
