import { expect, test } from 'vitest'
import { UsageError } from './failure.ts'
import { parseOffsetRange } from './offset-range.ts'
import { parseSeekList } from './seek-list.ts'
import { parseTime } from './time-text.ts'

const NOW = Date.parse('2026-03-02T12:00:00Z')
const HOUR = 3_600_000
const start = { at: 'start', shift: 0 }
const end = { at: 'end', shift: 0 }
const offset = (number: number) => ({ at: 'offset', offset: number })
const time = (timeMs: number) => ({ at: 'time', timeMs })

test.each([
  ['start', { from: start }],
  ['beginning', { from: start }],
  ['end', { from: end }],
  ['47', { from: offset(47) }],
  ['47:', { from: offset(47) }],
  ['+10', { from: { at: 'start', shift: 10 } }],
  ['start+10', { from: { at: 'start', shift: 10 } }],
  ['-10', { from: { at: 'end', shift: -10 } }],
  ['end-10', { from: { at: 'end', shift: -10 } }],
  [':end', { from: start, until: end }],
  [':90', { from: start, until: offset(90) }],
  ['47:90', { from: offset(47), until: offset(90) }],
  ['-10:end', { from: { at: 'end', shift: -10 }, until: end }],
  ['@1772323200000', { from: time(1_772_323_200_000) }],
  ['@1772323200', { from: time(1_772_323_200_000) }],
  ['@2026-03-01', { from: time(Date.parse('2026-03-01T00:00:00Z')) }],
  ['@2026-03-01T10:20:30Z', { from: time(Date.parse('2026-03-01T10:20:30Z')) }],
  ['@-2h', { from: time(NOW - 2 * HOUR) }],
  ['@-2h:', { from: time(NOW - 2 * HOUR) }],
  ['@-2h:-1h', { from: time(NOW - 2 * HOUR), until: time(NOW - HOUR) }],
  ['@:-1h', { from: start, until: time(NOW - HOUR) }],
  ['@-1d:end', { from: time(NOW - 24 * HOUR), until: end }],
  [
    '@2026-03-01T10:20:30Z:2026-03-01T11:00:00Z',
    { from: time(Date.parse('2026-03-01T10:20:30Z')), until: time(Date.parse('2026-03-01T11:00:00Z')) },
  ],
])('--offset %s is understood', (text, range) => {
  expect(parseOffsetRange(text, NOW)).toEqual(range)
})

test.each(['', 'x', ':', '@', '@:', '@yesterday', 'end+1', 'start-1', '1:2:3', '4.5', '--1', '@2026-13-45'])(
  '--offset %s is refused with what is allowed',
  text => {
    expect(() => parseOffsetRange(text, NOW)).toThrow(UsageError)
    expect(() => parseOffsetRange(text, NOW)).toThrow(/must be start, end, 47/)
  },
)

test('times may be fractions of a unit, or have a zone', () => {
  expect(parseTime('-1.5h', NOW)).toBe(NOW - 1.5 * HOUR)
  expect(parseTime('-250ms', NOW)).toBe(NOW - 250)
  expect(parseTime('2026-03-01T12:00:00+02:00', NOW)).toBe(Date.parse('2026-03-01T10:00:00Z'))
  for (const text of ['', '12', '2026', '-h', '2026-03-01T', 'now'])
    expect(parseTime(text, NOW)).toBeUndefined()
})

test('a file of offsets may have comments, spaces, and either form of lines', () => {
  const text = '# saved\n\ngreetings:0:47\nother.topic 3 12 # rpk\n'
  expect(parseSeekList(text, 'f')).toEqual([
    { topic: 'greetings', partition: 0, offset: 47 },
    { topic: 'other.topic', partition: 3, offset: 12 },
  ])
})

test('a bad line of such a file is named', () => {
  expect(() => parseSeekList('t:0:1\nt:0\n', 'offsets.txt')).toThrow(
    'offsets.txt:2: must be topic:partition:offset',
  )
  expect(() => parseSeekList('# nothing\n', 'offsets.txt')).toThrow('there is no offset in it')
})
