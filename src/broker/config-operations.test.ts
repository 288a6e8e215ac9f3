import { expect, test } from 'vitest'
import { applyOperations, type Operation } from './config-operations.ts'
import { int, list } from './config-setting.ts'

const settings = { names: list('a,b'), none: list(null), size: int(1) }
const find = (name: string) => settings[name as keyof typeof settings]

function apply(present: Record<string, string>, ...operations: [string, number, string | null][]) {
  const wanted = operations.map(([name, operation, value]): Operation => ({ name, operation, value }))
  return Object.fromEntries(applyOperations(new Map(Object.entries(present)), wanted, find))
}

test('sets and deletes', () => {
  expect(apply({ size: '1', names: 'x' }, ['size', 0, '2'], ['names', 1, null])).toEqual({ size: '2' })
  expect(apply({}, ['size', 1, null])).toEqual({})
})

test('appends what is not in the list yet', () => {
  expect(apply({ names: 'x, y' }, ['names', 2, 'y,z'])).toEqual({ names: 'x,y,z' })
  expect(apply({}, ['names', 2, 'c'])).toEqual({ names: 'a,b,c' })
  expect(apply({}, ['none', 2, 'c'])).toEqual({ none: 'c' })
})

test('subtracts what is in the list', () => {
  expect(apply({ names: 'x,y' }, ['names', 3, 'y,z'])).toEqual({ names: 'x' })
  expect(apply({}, ['names', 3, 'a,b'])).toEqual({ names: '' })
})

test.each([
  [['size', 2, '1'], "Can't APPEND to key size because its type is not LIST."],
  [['nosuch', 3, '1'], "Can't SUBTRACT to key nosuch because its type is not LIST."],
  [['size', 4, '1'], 'Unknown operations type 4'],
] as const)('refuses %o', ([name, operation, value], message) => {
  expect(() => apply({}, [name, operation, value])).toThrow(message)
})
