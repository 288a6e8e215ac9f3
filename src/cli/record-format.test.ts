import { expect, test } from 'vitest'
import { UsageError } from './failure.ts'
import { compileFormat } from './record-format.ts'
import { RecordInput } from './record-input.ts'
import { recordJson } from './record-json.ts'

const record = {
  topic: 't',
  partition: 3,
  offset: 258,
  timestamp: Date.parse('2026-03-01T12:00:00.5Z'),
  key: Buffer.from('k1'),
  value: Buffer.from([0, 255, 10]) as Buffer | null,
  headers: [
    { key: 'a', value: Buffer.from('1') },
    { key: Buffer.from('b'), value: null },
  ],
  leaderEpoch: 5,
  highWatermark: 900,
}

const shown = (format: string, more = {}) =>
  compileFormat(format)({ ...record, ...more }, 7).toString('latin1')

test.each([
  ['%t-%p@%o\\n', 't-3@258\n'],
  ['%k=%v{hex}', 'k1=00ff0a'],
  ['%v{base64}', 'AP8K'],
  ['%v', '\x00\xff\n'],
  ['%h{%k:%v,}%H', 'a:1,b:,2'],
  ['%K %V %T %i %e %]', '2 3 1 7 5 900'],
  ['%d %d{iso}', '1772366400500 2026-03-01T12:00:00.500Z'],
  ['%o{hex16} %o{hex4}', '0102 2'],
  ['%o{big16}%o{little16}%p{byte}', '\x01\x02\x02\x01\x03'],
  ['%o{big64}', '\x00\x00\x00\x00\x00\x00\x01\x02'],
  ['%% %{ %} \\t\\\\\\x41\\0', '% { } \t\\A\x00'],
  ['%x %y %[', '-1 -1 -1'],
])('%s writes a record', (format, text) => {
  expect(shown(format)).toBe(text)
})

test('null is written as nothing', () => {
  expect(shown('%k|%v|%V', { key: null, value: null })).toBe('||0')
})

test.each([
  ['%q', '%q is unknown; there are %t %k %v'],
  ['%v{rot13}', 'there are hex and base64'],
  ['%o{hex5}', 'there are ascii, hex64'],
  ['%h', '%h needs a format of its own'],
  ['%h{%o}', '%o is unknown; there are %k %v'],
  ['%h{%k', 'a brace is not closed'],
  ['100%', 'a % stands at the end'],
  ['\\q', '\\q is unknown'],
])('%s is refused in words', (format, reason) => {
  expect(() => compileFormat(format)).toThrow(UsageError)
  expect(() => compileFormat(format)).toThrow(reason)
})

test('JSON has text where bytes are text, and base64 under another name where not', () => {
  expect(recordJson(record)).toEqual({
    topic: 't',
    partition: 3,
    offset: 258,
    timestamp: record.timestamp,
    key: 'k1',
    valueBase64: 'AP8K',
    headers: [
      { key: 'a', value: '1' },
      { key: 'b', value: null },
    ],
  })
  expect(recordJson({ ...record, value: null })).toMatchObject({ value: null })
  expect(recordJson(record, { metaOnly: true })).toMatchObject({ key: 'k1', valueBytes: 3 })
})

/** The input in pieces of so many bytes. */
function read(format: string, text: string, pieceBytes = text.length) {
  const input = new RecordInput(format)
  const bytes = Buffer.from(text, 'latin1')
  const records = []
  for (let at = 0; at < bytes.length; at += pieceBytes)
    records.push(...input.push(bytes.subarray(at, at + pieceBytes)))
  records.push(...input.finish())
  return records.map(({ key, value, headers, ...rest }) => ({
    key: key?.toString('latin1') ?? null,
    value: value?.toString('latin1') ?? null,
    ...(headers.length > 0 && { headers: headers.map(one => `${one.key}=${one.value}`) }),
    ...rest,
  }))
}

test.each([
  ['%v\\n', 'a\n\nb', [{ value: 'a' }, { value: '' }, { value: 'b' }]],
  [
    '%k:%v\\n',
    'x:1\ny:2:3\n',
    [
      { key: 'x', value: '1' },
      { key: 'y', value: '2:3' },
    ],
  ],
  ['%v', 'one\ntwo\n', [{ value: 'one\ntwo\n' }]],
  [
    '%K{2}%k%V{big16}%v',
    'ab\x00\x03x\nycd\x00\x00',
    [
      { key: 'ab', value: 'x\ny' },
      { key: 'cd', value: '' },
    ],
  ],
  ['%V %v\\n', '3 a\nb\n2 cd\n', [{ value: 'a\nb' }, { value: 'cd' }]],
  ['%p %d %v\\n', '2 1772366400500 x\n', [{ value: 'x', partition: 2, timestamp: 1_772_366_400_500 }]],
  ['%h{%k:%v,}\\t%v\\n', 'a:1,b:2\tx\n\ty\n', [{ value: 'x', headers: ['a=1', 'b=2'] }, { value: 'y' }]],
  ['%H %h{%k:%v,}%v\\n', '2 a:1,b:2,x\n0 y\n', [{ value: 'x', headers: ['a=1', 'b=2'] }, { value: 'y' }]],
  ['%k{hex} %v{base64}\\n', '6b31 AP8K\n', [{ key: 'k1', value: '\x00\xff\n' }]],
  ['<%v>', '<a><b>', [{ value: 'a' }, { value: 'b' }]],
])('%s cuts the input, whatever pieces it comes in', (format, text, records) => {
  const whole = records.map(one => ({ key: null, ...one }))
  expect(read(format, text)).toEqual(whole)
  expect(read(format, text, 1)).toEqual(whole)
  expect(read(format, text, 3)).toEqual(whole)
})

test.each([
  ['%k:%v\\n', 'a:1\nb\n', 'there is no ":" behind %k in the record that ends with "b"'],
  ['%V{big16}%v', '\x00\x09abc', 'the input ends in the middle of a record'],
  ['%p %v\\n', 'x y\n', '%p reads "x": that is no number'],
  ['<%v>\\n', 'oops\n', 'stands where "<" should'],
])('%s tells where the input does not fit', (format, text, reason) => {
  expect(() => read(format, text)).toThrow(reason)
})

test.each([
  ['%k%v', 'where does %k end?'],
  ['%o %v\\n', '%o is unknown; there are %k %v'],
  ['%v{gzip}', 'there are hex and base64'],
  ['', 'there is nothing in it'],
])('the input format %j is refused in words', (format, reason) => {
  expect(() => new RecordInput(format)).toThrow(UsageError)
  expect(() => new RecordInput(format)).toThrow(reason)
})
