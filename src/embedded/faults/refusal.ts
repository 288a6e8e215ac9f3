import type { AnyBody } from '../../broker/context.ts'
import type { AnyField, Fields } from '../../protocol/schema.ts'
import { type AnswerShape, type Level, MESSAGE_FIELD, partitionOf, topicOf } from './answer-shape.ts'

/**
 * An error for a part of a request, or for all of it, as the API would answer it: made of the request and of the answer's schema.
 *
 * What the request names one by one is taken out of it before it is served, and its error is put into the answer behind (`takeOut`,
 * `putIn`). Where the answer chooses what it tells of, as Metadata of all topics does, the request is served, and the error is written
 * over what came out (`writeOver`).
 */
export interface Refusal {
  readonly shape: AnswerShape
  /** Where the error is told: 0 for the whole answer, 1 for the entries of the outermost list, and so on. */
  readonly depth: number
  readonly code: number
  readonly text: string
  readonly part: Part
}

/** What is meant: everything, but for what is given here. */
export interface Part {
  readonly topic: string | undefined
  readonly partition: number | undefined
  readonly findTopicName: (topicId: string) => string | undefined
}

interface Place {
  readonly topic?: string | undefined
  readonly partition?: number | undefined
}

const NOWHERE: Place = {}

/** Whether a request is about the part; one that asks for all is. */
export function isAbout(shape: AnswerShape, request: AnyBody, part: Part): boolean {
  if (part.topic === undefined && part.partition === undefined) return true
  const isWithin = (owner: AnyBody, index: number, outer: Place): boolean => {
    const level = shape.levels[index]
    if (level?.names === undefined) return part.topic === undefined || outer.topic === part.topic
    const entries = owner[level.names.list] as readonly unknown[] | null
    if (entries === null) return true
    return entries.some(entry => {
      const place = placeOf(level, entry, outer, part)
      if (place.topic !== undefined && part.topic !== undefined && place.topic !== part.topic) return false
      if (level.tellsOf === 'partition') return covers(part, place)
      return isWithin(entry as AnyBody, index + 1, place)
    })
  }
  return isWithin(request, 0, NOWHERE)
}

/** Whether the request names everything down to the depth at which the error is told. */
export function isNamed({ shape, depth }: Refusal, request: AnyBody): boolean {
  if (shape.tellsMore) return false
  const isWithin = (owner: AnyBody, index: number): boolean => {
    if (index === depth) return true
    const names = shape.levels[index]?.names
    const entries = names && (owner[names.list] as readonly unknown[] | null)
    if (!entries?.length) return false
    return index + 1 === depth || entries.every(entry => isWithin(entry as AnyBody, index + 1))
  }
  return isWithin(request, 0)
}

/** The request without what is refused, null when nothing of it is left; and an answer that holds the refused alone. */
export function takeOut(refusal: Refusal, request: AnyBody): { rest: AnyBody | null; answer: AnyBody } {
  const { shape, depth } = refusal
  if (depth === 0) return { rest: null, answer: blank(shape.fields, shape.error, request, refusal) }
  const level = shape.levels[0]!
  const names = level.names!.list
  const { rest, refused } = split(refusal, 0, request[names] as readonly unknown[], NOWHERE)
  return {
    rest: rest.length > 0 ? { ...request, [names]: rest } : null,
    answer: { ...blank(shape.fields, undefined, request, refusal), [level.list]: refused },
  }
}

/** Puts refused entries into the answer of what was left. */
export function putIn(shape: AnswerShape, answer: AnyBody, refused: AnyBody): AnyBody {
  const join = (to: AnyBody, from: AnyBody, index: number): AnyBody => {
    const level = shape.levels[index]
    if (level === undefined) return to
    const entries = [...((to[level.list] ?? []) as readonly AnyBody[])]
    for (const entry of (from[level.list] ?? []) as readonly AnyBody[]) {
      const at = entries.findIndex(other =>
        level.names?.keys.every(key => other[key.answer] === entry[key.answer]),
      )
      if (at < 0 || index + 1 === shape.levels.length) entries.push(entry)
      else entries[at] = join(entries[at]!, entry, index + 1)
    }
    return { ...to, [level.list]: entries }
  }
  return join(answer, refused, 0)
}

/** The answer with the error in place of what it said of the part. */
export function writeOver(refusal: Refusal, answer: AnyBody): AnyBody {
  const { shape, depth, part } = refusal
  const write = (owner: AnyBody, index: number, outer: Place): AnyBody => {
    const { list, ...level } = shape.levels[index]!
    const entries = (owner[list] ?? []) as readonly AnyBody[]
    const written = entries.map(entry => {
      const place = placeOf(level, entry, outer, part)
      if (index + 1 < depth) return write(entry, index + 1, place)
      return covers(part, place) ? { ...entry, ...errorIn(level.fields, level.error, refusal) } : entry
    })
    return { ...owner, [list]: written }
  }
  if (depth > 0) return write(answer, 0, NOWHERE)
  return { ...answer, ...errorIn(shape.fields, shape.error, refusal) }
}

function split(refusal: Refusal, index: number, entries: readonly unknown[], outer: Place) {
  const { shape, depth, part } = refusal
  const level = shape.levels[index]!
  const rest: unknown[] = []
  const refused: AnyBody[] = []
  for (const entry of entries) {
    const place = placeOf(level, entry, outer, part)
    if (index + 1 === depth) {
      if (covers(part, place)) refused.push(entryFor(level, entry, level.error, refusal))
      else rest.push(entry)
      continue
    }
    const inner = shape.levels[index + 1]!
    const names = inner.names!.list
    const parts = split(refusal, index + 1, (entry as AnyBody)[names] as readonly unknown[], place)
    if (parts.refused.length === 0) {
      rest.push(entry)
      continue
    }
    refused.push({ ...entryFor(level, entry, undefined, refusal), [inner.list]: parts.refused })
    if (parts.rest.length > 0) rest.push({ ...(entry as AnyBody), [names]: parts.rest })
  }
  return { rest, refused }
}

function placeOf(level: Pick<Level, 'tellsOf'>, entry: unknown, outer: Place, part: Part): Place {
  if (level.tellsOf === 'topic') return { ...outer, topic: topicOf(entry, part.findTopicName) }
  if (level.tellsOf === 'partition') return { ...outer, partition: partitionOf(entry) }
  return outer
}

function covers(part: Part, place: Place): boolean {
  if (part.topic !== undefined && part.topic !== place.topic) return false
  return part.partition === undefined || part.partition === place.partition
}

/** An entry of the answer for one that the request names. */
function entryFor(level: Level, entry: unknown, error: string | undefined, refusal: Refusal): AnyBody {
  const keys = level.names!.keys.map(({ request, answer }) => [
    answer,
    request === null ? entry : (entry as AnyBody)[request],
  ])
  return { ...blank(level.fields, error, {}, refusal), ...Object.fromEntries(keys) }
}

/** A body that says nothing but the error; what has the same name and type in the request is repeated. */
function blank(fields: Fields, error: string | undefined, request: AnyBody, refusal: Refusal): AnyBody {
  const { version } = refusal.shape
  const body: Record<string, unknown> = {}
  for (const [name, field] of Object.entries(fields)) {
    const isRepeated = field.kind === 'string' && typeof request[name] === 'string'
    if (isRepeated) body[name] = request[name]
    else if (!field.omittable) body[name] = nothingIn(field, version)
  }
  return { ...body, ...errorIn(fields, error, refusal) }
}

function errorIn(fields: Fields, error: string | undefined, { code, text }: Refusal): AnyBody {
  if (error === undefined) return {}
  return { [error]: code, ...(fields[MESSAGE_FIELD] && { [MESSAGE_FIELD]: text }) }
}

/** What a field that must be given says when there is nothing to say: −1 for numbers, as Kafka does. */
function nothingIn(field: AnyField, version: number): unknown {
  if (version >= field.nullableFrom) return null
  switch (field.kind) {
    case 'string':
      return ''
    case 'bool':
      return false
    case 'int32':
    case 'int64':
      return -1
    case 'array':
      return []
    case 'struct':
      return Object.fromEntries(
        Object.entries(field.fields!)
          .filter(([, inner]) => !inner.omittable)
          .map(([name, inner]) => [name, nothingIn(inner, version)]),
      )
    default:
      return field.fallback
  }
}
