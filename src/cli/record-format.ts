/**
 * Records as bytes, by a format: `%t %p %o %k=%v\n`.
 *
 *     %t topic          %p partition       %o offset          %d timestamp       %e leader epoch
 *     %k key            %v value           %h{%k=%v } headers
 *     %T %K %V          lengths of topic, key and value       %H number of headers
 *     %i count from 1   %a attributes      %x %y producer id and epoch
 *     %[ log start      %| last stable offset                 %] high watermark
 *
 * Text may be `{hex}` or `{base64}`, numbers as in number-encoding.ts, times also `{iso}`. Null is written as nothing.
 */
import type { HeaderInput } from '../protocol/record-writer.ts'
import { UsageError } from './failure.ts'
import { type FormatPart, parseFormat, unknownVerb } from './format-text.ts'
import { findNumberEncoding, NUMBER_ENCODINGS } from './number-encoding.ts'

/** What a format can say of a record; the numbers that nobody knows are −1. */
export interface ShownRecord {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly timestamp: number
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: readonly HeaderInput[]
  readonly leaderEpoch?: number
  readonly attributes?: number
  readonly producerId?: number
  readonly producerEpoch?: number
  readonly logStartOffset?: number
  readonly lastStableOffset?: number
  readonly highWatermark?: number
}

/** `count` is the record's number, from 1 on. */
export type RecordFormat = (record: ShownRecord, count: number) => Buffer

type Writer = (record: ShownRecord, count: number) => Buffer

const NOTHING = Buffer.alloc(0)

const texts: Readonly<Record<string, (record: ShownRecord) => Buffer | string | null>> = {
  t: ({ topic }) => topic,
  k: ({ key }) => key,
  v: ({ value }) => value,
}

const numbers: Readonly<Record<string, (record: ShownRecord, count: number) => number>> = {
  p: ({ partition }) => partition,
  o: ({ offset }) => offset,
  d: ({ timestamp }) => timestamp,
  e: ({ leaderEpoch = -1 }) => leaderEpoch,
  T: ({ topic }) => Buffer.byteLength(topic),
  K: ({ key }) => key?.length ?? 0,
  V: ({ value }) => value?.length ?? 0,
  H: ({ headers }) => headers.length,
  i: (_, count) => count,
  a: ({ attributes = -1 }) => attributes,
  x: ({ producerId = -1 }) => producerId,
  y: ({ producerEpoch = -1 }) => producerEpoch,
  '[': ({ logStartOffset = -1 }) => logStartOffset,
  '|': ({ lastStableOffset = -1 }) => lastStableOffset,
  ']': ({ highWatermark = -1 }) => highWatermark,
}

const VERBS = [...Object.keys(texts), 'h', ...Object.keys(numbers)].map(verb => `%${verb}`).join(' ')

export function compileFormat(format: string): RecordFormat {
  const writers = parseFormat(format).map(writerOf)
  return (record, count) => Buffer.concat(writers.map(write => write(record, count)))
}

function writerOf(part: FormatPart): Writer {
  if ('text' in part) return () => part.text
  const { verb, modifier } = part
  if (verb === 'h') return headersWriter(modifier)
  const text = texts[verb]
  if (text) {
    const encode = textEncoder(verb, modifier)
    return record => encode(text(record))
  }
  const number = numbers[verb]
  if (!number) throw unknownVerb(verb, VERBS)
  if (verb === 'd' && modifier === 'iso') return record => Buffer.from(isoText(record.timestamp))
  const encoding = findNumberEncoding(modifier ?? 'ascii')
  if (!encoding) {
    const also = verb === 'd' ? ', iso' : ''
    throw new UsageError(`format: %${verb}{${modifier}} is unknown; there are ${NUMBER_ENCODINGS}${also}`)
  }
  return (record, count) => encoding.write(number(record, count))
}

function textEncoder(verb: string, modifier: string | undefined): (text: Buffer | string | null) => Buffer {
  switch (modifier) {
    case undefined:
      return text => (text === null ? NOTHING : bytesOf(text))
    case 'hex':
    case 'base64':
      return text => (text === null ? NOTHING : Buffer.from(bytesOf(text).toString(modifier)))
    default:
      throw new UsageError(`format: %${verb}{${modifier}} is unknown; there are hex and base64`)
  }
}

/** The inner format is written once for each header, whose key and value are its `%k` and `%v`. */
function headersWriter(modifier: string | undefined): Writer {
  if (modifier === undefined) throw new UsageError('format: %h needs a format of its own, such as %h{%k=%v }')
  const writers = parseFormat(modifier).map(part => {
    if ('verb' in part && !'kvKV'.includes(part.verb)) throw unknownVerb(part.verb, '%k %v %K %V in %h{…}')
    return writerOf(part)
  })
  return (record, count) =>
    Buffer.concat(
      record.headers.flatMap(header => {
        const value = header.value === null ? null : bytesOf(header.value)
        const shown = { ...record, key: bytesOf(header.key), value }
        return writers.map(write => write(shown, count))
      }),
    )
}

export function bytesOf(text: Buffer | string): Buffer {
  return typeof text === 'string' ? Buffer.from(text) : text
}

function isoText(timestamp: number): string {
  const date = new Date(timestamp)
  return Number.isNaN(date.getTime()) || timestamp < 0 ? String(timestamp) : date.toISOString()
}
