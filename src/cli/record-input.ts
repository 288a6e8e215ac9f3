/**
 * Cuts a stream of bytes into records, by a format such as `%k\t%v\n` (the letters are rpk's).
 *
 * A field ends where the text behind it in the format begins, or has the length that was read before it:
 *
 *     %k key, %v value          %K %V their lengths, in whatever form numbers have; %V{8} is always 8
 *     %p partition, %d timestamp in milliseconds
 *     %h{%k:%v,} headers, as many as there are in front of the next text; or as many as %H has said
 *
 * Text may be `{hex}` or `{base64}`. A field at the very end of the format takes all that is left of the input. The text at the end of
 * the format may be missing behind the last record.
 */
import type { HeaderInput } from '../protocol/record-writer.ts'
import { InputError, UsageError } from './failure.ts'
import { type FormatPart, parseFormat, unknownVerb } from './format-text.ts'
import { findNumberEncoding, NUMBER_ENCODINGS, type NumberEncoding } from './number-encoding.ts'

export interface InputRecord {
  /** Null when the format has none. */
  key: Buffer | null
  value: Buffer | null
  headers: HeaderInput[]
  partition?: number
  timestamp?: number
}

/** Far more than a broker takes: who needs more has a wrong format. */
const RECORD_BYTES_MAX = 64 << 20

type Verb = 'k' | 'v' | 'p' | 'd' | 'K' | 'V' | 'H' | 'h'

type Step =
  | { readonly text: Buffer; readonly isLast: boolean }
  | {
      readonly verb: Verb
      /** The text behind it, at which it ends. */
      readonly until: Buffer | undefined
      /** The text behind it is the last thing in the format. */
      readonly isLast: boolean
      /** The text at the end of every record, which it must not reach beyond. */
      readonly stop: Buffer | undefined
      /** Its length stands before it. */
      readonly isSized: boolean
      readonly number: NumberEncoding | undefined
      /** A length that is always the same. */
      readonly fixed: number | undefined
      readonly encoding: 'hex' | 'base64' | undefined
      readonly headers: readonly Step[]
    }

const sizes: Readonly<Record<string, string>> = { k: 'K', v: 'V', h: 'H' }
const VERBS = '%k %v %K %V %p %d %h{…} %H'

/** Bytes, and where in them a record is being looked for. */
interface Cursor {
  readonly bytes: Buffer
  at: number
  /** Nothing follows. */
  readonly isEnd: boolean
}

/** The rest of the record has not come yet. */
class Incomplete extends Error {}

export class RecordInput {
  readonly #steps: readonly Step[]
  #pending: Buffer = Buffer.alloc(0)

  constructor(format: string) {
    this.#steps = compile(parseFormat(format), '')
    if (this.#steps.length === 0) throw new UsageError('format: there is nothing in it')
  }

  /** The records that are whole with these bytes. */
  *push(chunk: Buffer): Generator<InputRecord> {
    this.#pending = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk])
    yield* this.#take(false)
    if (this.#pending.length > RECORD_BYTES_MAX)
      throw new InputError(`a record of more than ${RECORD_BYTES_MAX >> 20} MiB: is the format right?`)
  }

  /** What is left when the input has ended. */
  *finish(): Generator<InputRecord> {
    yield* this.#take(true)
  }

  *#take(isEnd: boolean): Generator<InputRecord> {
    const cursor: Cursor = { bytes: this.#pending, at: 0, isEnd }
    while (cursor.at < cursor.bytes.length) {
      const start = cursor.at
      const record = readRecord(this.#steps, cursor)
      if (!record) {
        cursor.at = start
        break
      }
      if (cursor.at === start) throw new InputError('the format reads nothing: a record must have an end')
      this.#pending = cursor.bytes.subarray(cursor.at)
      yield record
    }
    this.#pending = cursor.bytes.subarray(cursor.at)
    if (isEnd && this.#pending.length > 0) throw new InputError('the input ends in the middle of a record')
  }
}

/** Undefined when the record's end has not come yet. */
function readRecord(steps: readonly Step[], cursor: Cursor): InputRecord | undefined {
  const record: InputRecord = { key: null, value: null, headers: [] }
  try {
    readSteps(steps, cursor, record)
    return record
  } catch (error) {
    if (error instanceof Incomplete && !cursor.isEnd) return undefined
    if (error instanceof Incomplete) throw new InputError('the input ends in the middle of a record')
    throw error
  }
}

function readSteps(steps: readonly Step[], cursor: Cursor, record: InputRecord): void {
  const lengths = new Map<string, number>()
  for (const step of steps) {
    if ('text' in step) {
      skipText(step.text, cursor, step.isLast)
      continue
    }
    if (step.verb === 'h') {
      record.headers.push(...readHeaders(step, cursor, lengths.get('H')))
      continue
    }
    if (step.fixed !== undefined) {
      lengths.set(step.verb, step.fixed)
      continue
    }
    const bytes = step.isSized
      ? takeBytes(cursor, lengths.get(sizes[step.verb]!) ?? 0)
      : readField(step, cursor)
    place(step, bytes, record, lengths)
  }
}

type FieldStep = Extract<Step, { verb: Verb }>

function place(step: FieldStep, bytes: Buffer, record: InputRecord, lengths: Map<string, number>): void {
  const { verb } = step
  if (verb === 'k') record.key = decoded(bytes, step)
  else if (verb === 'v') record.value = decoded(bytes, step)
  else {
    const value = step.number!.read(bytes)
    if (value === undefined || (value < 0 && verb !== 'd'))
      throw new InputError(
        `%${verb} reads ${JSON.stringify(bytes.toString('latin1', 0, 40))}: that is no number`,
      )
    if (verb === 'p') record.partition = value
    else if (verb === 'd') record.timestamp = value
    else lengths.set(verb, value)
  }
}

function decoded(bytes: Buffer, { encoding }: FieldStep): Buffer {
  return encoding === undefined ? bytes : Buffer.from(bytes.toString('latin1').trim(), encoding)
}

function readField(step: FieldStep, cursor: Cursor): Buffer {
  if (step.number?.bytes !== undefined) return takeBytes(cursor, step.number.bytes)
  if (step.until === undefined) return takeRest(cursor)
  const end = cursor.bytes.indexOf(step.until, cursor.at)
  const stop = step.stop === undefined ? -1 : cursor.bytes.indexOf(step.stop, cursor.at)
  if (stop >= 0 && (end < 0 || stop < end)) throw missingText(step, cursor.bytes.subarray(cursor.at, stop))
  if (end < 0) {
    if (cursor.isEnd && step.isLast) return takeRest(cursor)
    throw new Incomplete()
  }
  return takeBytes(cursor, end - cursor.at)
}

function missingText({ verb, until }: FieldStep, bytes: Buffer): InputError {
  const [wanted, found] = [
    JSON.stringify(until!.toString('latin1')),
    JSON.stringify(bytes.toString('utf8', 0, 60)),
  ]
  return new InputError(`there is no ${wanted} behind %${verb} in the record that ends with ${found}`)
}

/** A field at the end of the format ends with the input. */
function takeRest(cursor: Cursor): Buffer {
  if (!cursor.isEnd) throw new Incomplete()
  return takeBytes(cursor, cursor.bytes.length - cursor.at)
}

function takeBytes(cursor: Cursor, length: number): Buffer {
  if (cursor.at + length > cursor.bytes.length) throw new Incomplete()
  const bytes = cursor.bytes.subarray(cursor.at, cursor.at + length)
  cursor.at += length
  return bytes
}

function skipText(text: Buffer, cursor: Cursor, isLast: boolean): void {
  const left = cursor.bytes.length - cursor.at
  if (left === 0 && cursor.isEnd && isLast) return
  if (left < text.length) throw new Incomplete()
  if (cursor.bytes.compare(text, 0, text.length, cursor.at, cursor.at + text.length) !== 0) {
    const found = cursor.bytes.toString('latin1', cursor.at, cursor.at + Math.max(10, text.length))
    const [wanted, got] = [JSON.stringify(text.toString('latin1')), JSON.stringify(found)]
    throw new InputError(`the input does not follow the format: ${got} stands where ${wanted} should`)
  }
  cursor.at += text.length
}

function readHeaders(step: FieldStep, cursor: Cursor, count: number | undefined): HeaderInput[] {
  const headers: HeaderInput[] = []
  if (count !== undefined) {
    for (let i = 0; i < count; i++) headers.push(readHeader(step.headers, cursor))
    return headers
  }
  const bytes = readField(step, cursor)
  const inner: Cursor = { bytes, at: 0, isEnd: true }
  while (inner.at < bytes.length) headers.push(readHeader(step.headers, inner))
  return headers
}

function readHeader(steps: readonly Step[], cursor: Cursor): HeaderInput {
  const start = cursor.at
  const header: InputRecord = { key: null, value: null, headers: [] }
  readSteps(steps, cursor, header)
  if (cursor.at === start) throw new InputError('the format of a header reads nothing')
  return { key: header.key ?? '', value: header.value }
}

function compile(parts: readonly FormatPart[], within: '' | 'h'): Step[] {
  const sized = new Set<string>()
  const last = parts.at(-1)
  const end = last && 'text' in last ? last.text : undefined
  return parts.map((part, at): Step => {
    const isLast = at + 1 >= parts.length - 1
    if ('text' in part) return { text: part.text, isLast: at === parts.length - 1 }
    const { verb, modifier } = part
    const allowed = within === 'h' ? 'kvKV' : 'kvKVpdhH'
    if (!allowed.includes(verb)) throw unknownVerb(verb, within === 'h' ? '%k %v %K %V in %h{…}' : VERBS)
    const next = parts[at + 1]
    const until = next && 'text' in next ? next.text : undefined
    const isSized = sized.has(sizes[verb] ?? '')
    if ('KVH'.includes(verb)) sized.add(verb)
    const stop = isLast ? undefined : end
    const step = { verb: verb as Verb, until, isLast, stop, isSized, ...modifiersOf(verb, modifier) }
    const hasEnd = isSized || until !== undefined || next === undefined || step.number?.bytes !== undefined
    if (!hasEnd && step.fixed === undefined) throw endlessVerb(verb)
    return step
  })
}

function modifiersOf(verb: string, modifier: string | undefined) {
  const none = { number: undefined, fixed: undefined, encoding: undefined, headers: [] }
  if (verb === 'h') {
    if (modifier === undefined)
      throw new UsageError('format: %h needs a format of its own, such as %h{%k:%v,}')
    return { ...none, headers: compile(parseFormat(modifier), 'h') }
  }
  if (verb === 'k' || verb === 'v') {
    if (modifier !== undefined && modifier !== 'hex' && modifier !== 'base64')
      throw new UsageError(`format: %${verb}{${modifier}} is unknown; there are hex and base64`)
    return { ...none, encoding: modifier as 'hex' | 'base64' | undefined }
  }
  if ('KVH'.includes(verb) && /^\d{1,9}$/.test(modifier ?? '')) return { ...none, fixed: Number(modifier) }
  const number = findNumberEncoding(modifier ?? 'ascii')
  if (!number) throw new UsageError(`format: %${verb}{${modifier}} is unknown; there are ${NUMBER_ENCODINGS}`)
  return { ...none, number }
}

function endlessVerb(verb: string): UsageError {
  const size = sizes[verb]
  const also = size === undefined ? '' : `, or its length before it (%${size}{big32}%${verb})`
  return new UsageError(`format: where does %${verb} end? Put a text behind it, such as %${verb}\\t${also}`)
}
