import { expect, test } from 'vitest'
import { CorruptionError } from '../../base/disk.ts'
import { describeLeaderEpochs, LeaderEpochs } from './leader-epochs.ts'

const UNKNOWN = { epoch: -1, endOffset: -1 }

function epochsOf(...starts: [epoch: number, startOffset: number][]): LeaderEpochs {
  const epochs = new LeaderEpochs()
  for (const [epoch, startOffset] of starts) epochs.assign(epoch, startOffset)
  return epochs
}

function pairs(epochs: LeaderEpochs): number[][] {
  return epochs.entries.map(({ epoch, startOffset }) => [epoch, startOffset])
}

test('notes where an epoch began, once', () => {
  const epochs = epochsOf([0, 0])
  expect(epochs.assign(0, 5)).toBe(false)
  expect(epochs.assign(2, 10)).toBe(true)
  expect(epochs.assign(2, 11)).toBe(false)
  expect(pairs(epochs)).toEqual([
    [0, 0],
    [2, 10],
  ])
  expect(epochs.latestEpoch).toBe(2)
})

test('drops what contradicts a new epoch', () => {
  const behind = epochsOf([0, 0], [1, 10], [3, 20])
  expect(behind.assign(4, 10)).toBe(true)
  expect(pairs(behind)).toEqual([
    [0, 0],
    [4, 10],
  ])
  const higher = epochsOf([0, 0], [1, 10], [3, 20])
  expect(higher.assign(2, 30)).toBe(true)
  expect(pairs(higher)).toEqual([
    [0, 0],
    [1, 10],
    [2, 30],
  ])
})

test('knows the epoch at any offset', () => {
  const epochs = epochsOf([1, 5], [2, 10], [7, 12])
  expect([0, 4, 5, 9, 10, 11, 12, 99].map(offset => epochs.epochAt(offset))).toEqual([
    -1, -1, 1, 1, 2, 2, 7, 7,
  ])
  expect(new LeaderEpochs().epochAt(0)).toBe(-1)
})

test('answers the end of the greatest epoch at or below the asked one', () => {
  const epochs = epochsOf([1, 5], [2, 10], [7, 12])
  expect(epochs.endOffsetFor(1, 20)).toEqual({ epoch: 1, endOffset: 10 })
  expect(epochs.endOffsetFor(2, 20)).toEqual({ epoch: 2, endOffset: 12 })
  expect(epochs.endOffsetFor(5, 20)).toEqual({ epoch: 2, endOffset: 12 })
  expect(epochs.endOffsetFor(7, 20)).toEqual({ epoch: 7, endOffset: 20 })
})

test('answers the log start for an epoch older than all it knows, and nothing for a newer one', () => {
  const epochs = epochsOf([1, 5], [2, 10])
  expect(epochs.endOffsetFor(0, 20)).toEqual({ epoch: 0, endOffset: 5 })
  expect(epochs.endOffsetFor(3, 20)).toEqual(UNKNOWN)
  expect(epochs.endOffsetFor(-1, 20)).toEqual(UNKNOWN)
  expect(new LeaderEpochs().endOffsetFor(0, 0)).toEqual(UNKNOWN)
})

test('answers for a leader without an append as if its term began at the log end', () => {
  const epochs = epochsOf([1, 5])
  expect(epochs.endOffsetFor(4, 20, 4)).toEqual({ epoch: 4, endOffset: 20 })
  expect(epochs.endOffsetFor(2, 20, 4)).toEqual({ epoch: 1, endOffset: 20 })
  expect(epochs.endOffsetFor(1, 20, 4)).toEqual({ epoch: 1, endOffset: 20 })
  expect(epochs.endOffsetFor(5, 20, 4)).toEqual(UNKNOWN)
  expect(new LeaderEpochs().endOffsetFor(4, 20, 4)).toEqual({ epoch: 4, endOffset: 20 })
})

test('forgets the epochs behind a cut', () => {
  const epochs = epochsOf([1, 5], [2, 10])
  expect(epochs.truncateFromEnd(11)).toBe(false)
  expect(epochs.truncateFromEnd(10)).toBe(true)
  expect(pairs(epochs)).toEqual([[1, 5]])
  expect(epochs.truncateFromEnd(0)).toBe(true)
  expect(pairs(epochs)).toEqual([])
})

test('keeps the epoch at a new log start, moved there', () => {
  const epochs = epochsOf([1, 5], [2, 10], [3, 20])
  expect(epochs.truncateFromStart(4)).toBe(false)
  expect(epochs.truncateFromStart(5)).toBe(false)
  expect(epochs.truncateFromStart(15)).toBe(true)
  expect(pairs(epochs)).toEqual([
    [2, 15],
    [3, 20],
  ])
  expect(epochs.truncateFromStart(20)).toBe(true)
  expect(pairs(epochs)).toEqual([[3, 20]])
})

test('is written and read as text', () => {
  const bytes = epochsOf([1, 5], [2, 10]).format()
  expect(bytes.toString()).toBe('0\n2\n1 5\n2 10\n')
  expect(pairs(LeaderEpochs.parse(bytes, 'f'))).toEqual([
    [1, 5],
    [2, 10],
  ])
  expect([...describeLeaderEpochs(bytes, 'f')]).toEqual([
    'epoch: 1 startOffset: 5',
    'epoch: 2 startOffset: 10',
  ])
})

test.each(['0\n2\n1 5\n1 6\n', '0\n2\n1 5\n2 5\n', '0\n1\n2147483648 0\n', '0\n1\n1\n', '0\n1\n-1 0\n'])(
  'takes %j for damage',
  text => {
    expect(() => LeaderEpochs.parse(Buffer.from(text), 'f')).toThrow(CorruptionError)
  },
)
