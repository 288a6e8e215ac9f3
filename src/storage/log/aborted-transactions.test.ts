import { expect, test } from 'vitest'
import { CorruptionError } from '../../base/disk.ts'
import { UnknownVersionError } from '../sealed-file.ts'
import { AbortedTransactions } from './aborted-transactions.ts'

/** Producer 1 aborts 10…20, producer 2 5…30 (open around it), producer 1 again 40…45. */
function someAborted(): AbortedTransactions {
  const aborted = new AbortedTransactions()
  aborted.append({ producerId: 1, firstOffset: 10, lastOffset: 20, lastStableOffset: 5 })
  aborted.append({ producerId: 2, firstOffset: 5, lastOffset: 30, lastStableOffset: 31 })
  aborted.append({ producerId: 1, firstOffset: 40, lastOffset: 45, lastStableOffset: 46 })
  return aborted
}

function firstOffsets(fetchOffset: number, endOffset: number): number[] {
  return someAborted()
    .collect(fetchOffset, endOffset)
    .transactions.map(({ firstOffset }) => firstOffset)
}

test('collects the transactions that overlap a range', () => {
  expect(firstOffsets(0, 5)).toEqual([])
  expect(firstOffsets(0, 6)).toEqual([5])
  expect(firstOffsets(20, 21)).toEqual([10, 5])
  expect(firstOffsets(21, 40)).toEqual([5])
  expect(firstOffsets(31, 40)).toEqual([])
  expect(firstOffsets(30, 41)).toEqual([5, 40])
  expect(firstOffsets(46, 99)).toEqual([])
})

test('says when later segments must be asked too', () => {
  expect(someAborted().collect(0, 31).isComplete).toBe(true)
  expect(someAborted().collect(0, 46).isComplete).toBe(true)
  expect(someAborted().collect(0, 47).isComplete).toBe(false)
  expect(new AbortedTransactions().collect(0, 1)).toEqual({ transactions: [], isComplete: false })
})

test('forgets the transactions whose marker was cut', () => {
  const aborted = someAborted()
  expect(aborted.truncateTo(46)).toBe(false)
  expect(aborted.truncateTo(30)).toBe(true)
  expect(aborted.entries.map(({ lastOffset }) => lastOffset)).toEqual([20])
})

test('comes back from its bytes', () => {
  const bytes = someAborted().format()
  expect(bytes).toHaveLength(3 * 34)
  expect(AbortedTransactions.parse(bytes, 'f', 20).entries).toEqual(someAborted().entries)
  expect(AbortedTransactions.parse(Buffer.alloc(0), 'f', 20).entries).toEqual([])
})

test('takes a cut entry, or a marker before its segment, for damage', () => {
  const bytes = someAborted().format()
  expect(() => AbortedTransactions.parse(bytes.subarray(0, 40), 'f', 20)).toThrow(CorruptionError)
  expect(() => AbortedTransactions.parse(bytes, 'f', 21)).toThrow(CorruptionError)
  expect(() => AbortedTransactions.parse(Buffer.concat([bytes, bytes]), 'f', 20)).toThrow(CorruptionError)
})

test('does not take a newer version for damage', () => {
  const bytes = someAborted().format()
  bytes.writeInt16BE(1, 34)
  expect(() => AbortedTransactions.parse(bytes, 'f', 20)).toThrow(UnknownVersionError)
})

test('stops the program that appends markers out of order', () => {
  const late = { producerId: 3, firstOffset: 41, lastOffset: 45, lastStableOffset: 46 }
  expect(() => someAborted().append(late)).toThrow('out of order')
})
