/**
 * Which records are to be read, as `--offset` says it (the forms are rpk's):
 *
 *     start, end       from the beginning, or only what comes from now on
 *     47, 47:          from offset 47
 *     +10, -10         from 10 behind the start, the last 10
 *     :end, :90        from the start until what is the end now, until offset 90
 *     47:90, 47:end    both
 *     @TIME, @T1:T2    from a time, between two times; @:TIME until a time
 *
 * The end is not part of what is read. kcat's `beginning` is understood as well.
 */
import { UsageError } from './failure.ts'
import { parseTime, TIME_EXAMPLES } from './time-text.ts'

/** A place in a partition. */
export type OffsetPlace =
  | { readonly at: 'start' | 'end'; readonly shift: number }
  | { readonly at: 'offset'; readonly offset: number }
  | { readonly at: 'time'; readonly timeMs: number }

export interface OffsetRange {
  readonly from: OffsetPlace
  readonly until?: OffsetPlace
}

export const START: OffsetPlace = { at: 'start', shift: 0 }
export const END: OffsetPlace = { at: 'end', shift: 0 }

export function parseOffsetRange(text: string, nowMs: number): OffsetRange {
  const range = text.startsWith('@') ? parseTimes(text.slice(1), nowMs) : parseOffsets(text)
  if (range) return range
  throw new UsageError(
    `--offset ${text}: must be start, end, 47, +10, -10, :end, 47:90, @TIME or @TIME:TIME; a time is ${TIME_EXAMPLES}`,
  )
}

function parseOffsets(text: string): OffsetRange | undefined {
  const colon = text.indexOf(':')
  if (colon < 0) {
    const from = parseFrom(text)
    return from && { from }
  }
  const [first, last] = [text.slice(0, colon), text.slice(colon + 1)]
  const from = first === '' ? START : parseFrom(first)
  if (!from || (first === '' && last === '')) return undefined
  if (last === '') return { from }
  const until = last === 'end' ? END : parseExact(last)
  return until && { from, until }
}

function parseFrom(text: string): OffsetPlace | undefined {
  if (text === 'start' || text === 'beginning' || text === 'earliest') return START
  if (text === 'end' || text === 'latest') return END
  const shift = /^(start|end)?([+-])(\d{1,15})$/.exec(text)
  if (!shift) return parseExact(text)
  const [, word, sign, digits] = shift
  const isFromEnd = sign === '-'
  // start-5 and end+5 lie outside what there is.
  if ((word === 'start' && isFromEnd) || (word === 'end' && !isFromEnd)) return undefined
  return isFromEnd ? { at: 'end', shift: -Number(digits) } : { at: 'start', shift: Number(digits) }
}

function parseExact(text: string): OffsetPlace | undefined {
  return /^\d{1,15}$/.test(text) ? { at: 'offset', offset: Number(text) } : undefined
}

/** A time has colons of its own: the one between two times is where both sides are times. */
function parseTimes(text: string, nowMs: number): OffsetRange | undefined {
  const whole = parsePlace(text, nowMs)
  if (whole) return { from: whole }
  for (let colon = text.indexOf(':'); colon >= 0; colon = text.indexOf(':', colon + 1)) {
    const [first, last] = [text.slice(0, colon), text.slice(colon + 1)]
    const from = first === '' ? START : parsePlace(first, nowMs)
    if (!from || (first === '' && last === '')) continue
    if (last === '') return { from }
    const until = last === 'end' ? END : parsePlace(last, nowMs)
    if (until) return { from, until }
  }
  return undefined
}

function parsePlace(text: string, nowMs: number): OffsetPlace | undefined {
  const timeMs = parseTime(text, nowMs)
  return timeMs === undefined ? undefined : { at: 'time', timeMs }
}
