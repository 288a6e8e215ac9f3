import { expect, test } from 'vitest'
import { closeNames, suggestion } from './close-names.ts'
import { bytesText, pairLines, tableLines } from './table.ts'

test('columns are as wide as what is in them; numbers stand to the right, what is missing is a dash', () => {
  const rows = [
    ['greetings', 3, null],
    ['t', 12, 7],
  ]
  expect(tableLines(['NAME', 'PARTITIONS', 'LAG'], rows)).toEqual([
    'NAME       PARTITIONS  LAG',
    'greetings           3    -',
    't                  12    7',
  ])
  expect(tableLines(['NAME', 'LAG'], [])).toEqual(['NAME  LAG'])
})

test('pairs have their values in one column', () => {
  expect(
    pairLines([
      ['A', 1],
      ['LONG', ''],
    ]),
  ).toEqual(['A     1', 'LONG  -'])
})

test('sizes have a unit', () => {
  expect([0, 1023, 1536, 5 << 20, 3 * 2 ** 40].map(bytesText)).toEqual([
    '0 B',
    '1023 B',
    '1.5 KiB',
    '5.0 MiB',
    '3.0 TiB',
  ])
})

test('suggests names that are few typing errors away, or go on where the typing ended', () => {
  const names = ['greetings', 'orders', 'orders-dead', 'meetings', 'x']
  expect(closeNames('greetins', names)).toEqual(['greetings'])
  expect(closeNames('oredrs', names)).toEqual(['orders'])
  expect(closeNames('order', names)).toEqual(['orders', 'orders-dead'])
  expect(closeNames('payments', names)).toEqual([])
  expect(suggestion('Orders', names)).toBe(', did you mean orders?')
  expect(suggestion('zzz', names)).toBe('')
})
