import { expect, test } from 'vitest'
import { parseProperties } from './config-properties.ts'

const pairs = (source: string) => parseProperties(source).map(({ name, text }) => [name, text])

test('reads names and values, whichever sign stands between them', () => {
  expect(pairs('a=1\nb = 2\nc:3\nd 4\ne\t=\t5\nf')).toEqual([
    ['a', '1'],
    ['b', '2'],
    ['c', '3'],
    ['d', '4'],
    ['e', '5'],
    ['f', ''],
  ])
})

test('keeps what follows the first sign', () => {
  expect(pairs('listeners=PLAINTEXT://:9092,B://:9093\nx==y')).toEqual([
    ['listeners', 'PLAINTEXT://:9092,B://:9093'],
    ['x', '=y'],
  ])
})

test('skips comments and blank lines', () => {
  expect(pairs('# one\n\n   ! two\n  \t\n a=1 # not a comment')).toEqual([['a', '1 # not a comment']])
})

test('joins lines that end in a backslash, and counts from the first', () => {
  const source = '# top\nlog.dirs=/a,\\\n   /b,\\\r\n\t/c\nlast=\\\\\nnext=1'
  expect(parseProperties(source)).toEqual([
    { name: 'log.dirs', text: '/a,/b,/c', line: 2 },
    { name: 'last', text: '\\', line: 5 },
    { name: 'next', text: '1', line: 6 },
  ])
})

test('keeps a line that looks like a comment when it continues another', () => {
  expect(pairs('a=1\\\n#2')).toEqual([['a', '1#2']])
})

test('undoes escapes in names and values', () => {
  expect(pairs('a\\ b\\=c=\\t\\u00e9\\:\\z\\\\')).toEqual([['a b=c', '\té:z\\']])
})

test('reads files that begin with a byte order mark or end in carriage returns', () => {
  expect(pairs('\uFEFFa=1\rb=2\r\n')).toEqual([
    ['a', '1'],
    ['b', '2'],
  ])
})

test('names the line of a broken escape', () => {
  expect(() => parseProperties('a=1\nb=\\u12')).toThrow('line 2: \\u needs four hexadecimal digits')
})
