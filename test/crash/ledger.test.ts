import { expect, test } from 'vitest'
import { Ledger, type LogRecord } from './ledger.ts'

const log = (...numbers: number[]): LogRecord[] => numbers.map((number, offset) => ({ offset, number }))

function judged(ledger: Ledger, records: LogRecord[]): string[] {
  ledger.demand()
  return [...ledger.take(records), ...ledger.finish()]
}

test('a log with every acknowledged number once and in order is right, unacknowledged ones at its end included', () => {
  const ledger = new Ledger(0)
  ledger.acknowledge(0, 3, 0)
  ledger.acknowledge(3, 1, undefined)
  ledger.show(4)
  expect(judged(ledger, log(0, 1, 2, 3, 4, 5))).toEqual([])
})

test('gaps between offsets are right, as internal batches leave them', () => {
  const ledger = new Ledger(0)
  ledger.acknowledge(0, 2, 1)
  const records = [
    { offset: 1, number: 0 },
    { offset: 5, number: 1 },
  ]
  expect(judged(ledger, records)).toEqual([])
})

test.each([
  ['a lost tail', log(0, 1), 'partition 7: lost 2 acknowledged records: 2 to 3'],
  ['a hole', log(0, 2, 3), 'partition 7: numbers 1 to 1 missing before offset 1'],
  ['a repetition', log(0, 1, 1, 2, 3), 'partition 7: number 1 again or late at offset 2'],
  ['a swap', log(0, 2, 1, 3), 'partition 7: number 1 again or late at offset 2'],
  ['an empty log', [], 'partition 7: lost 4 acknowledged records: 0 to 3'],
])('%s is found', (_what, records, problem) => {
  const ledger = new Ledger(7)
  ledger.acknowledge(0, 4, undefined)
  expect(judged(ledger, records)).toContain(problem)
})

test('a record at another offset than was acknowledged is found', () => {
  const ledger = new Ledger(0)
  ledger.acknowledge(0, 1, 5)
  expect(judged(ledger, log(0))).toEqual(['partition 0: number 0 stands at offset 0, acknowledged was 5'])
})

test('a record that a consumer was shown and that is gone is found', () => {
  const ledger = new Ledger(0)
  ledger.show(1)
  expect(judged(ledger, log(0))).toEqual(['partition 0: lost 1 records that a consumer was shown'])
})

test('the log is judged in pieces, and again from its start after a rewind', () => {
  const ledger = new Ledger(0)
  ledger.acknowledge(0, 4, 0)
  expect(ledger.take(log(0, 1))).toEqual([])
  expect(ledger.nextOffset).toBe(2)
  ledger.rewind()
  expect(ledger.nextOffset).toBe(0)
  expect(judged(ledger, log(0, 1, 3, 2))).toHaveLength(2)
})

test('what is acknowledged after the crash is not demanded of a check that reads what was there before', () => {
  const ledger = new Ledger(0)
  ledger.acknowledge(0, 2, 0)
  ledger.demand()
  ledger.acknowledge(2, 2, 2)
  expect([...ledger.take(log(0, 1)), ...ledger.finish()]).toEqual([])
})
