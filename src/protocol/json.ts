/**
 * Messages as JSON, for people: every field of the version; tagged ones only where they are not the default; bytes and
 * records as base64; uuids as Kafka prints them; int64 as a number; a float that JSON lacks as a string ("NaN").
 */

import { type AnyField, type AnyMessage, type Fields, hasVersion, MAX_INT64 } from './schema.ts'
import { isUuid } from './uuid.ts'
import { EncodeError } from './writer.ts'

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

/** What reading gave, as JSON. */
export function messageToJson(
  message: AnyMessage,
  version: number,
  decoded: Readonly<Record<string, unknown>>,
): Json {
  return structToJson(message.fields, version, decoded)
}

/** JSON as what building takes; an `EncodeError` names the field that is missing, unknown or of a wrong type. */
export function messageFromJson(message: AnyMessage, version: number, json: Json): Record<string, unknown> {
  return structFromJson(message.fields, version, json, '')
}

function structToJson(fields: Fields, version: number, values: Readonly<Record<string, unknown>>): Json {
  const json: Record<string, Json> = {}
  for (const [name, field] of Object.entries(fields)) {
    if (!hasVersion(field, version)) continue
    const value = values[name]
    if (field.tag === undefined || !isDefault(field, version, value))
      json[name] = toJson(field, version, value)
  }
  return json
}

function toJson(field: AnyField, version: number, value: unknown): Json {
  if (value === null) return null
  switch (field.kind) {
    case 'struct':
      return structToJson(field.fields!, version, value as Record<string, unknown>)
    case 'array':
      return (value as unknown[]).map(each => toJson(field.element!, version, each))
    case 'bytes':
    case 'records':
      return (value as Buffer).toString('base64')
    case 'float64':
      return Number.isFinite(value) ? (value as number) : String(value)
    default:
      return value as Json
  }
}

function isDefault(field: AnyField, version: number, value: unknown): boolean {
  if (value === null || field.fallback === null) return value === field.fallback
  switch (field.kind) {
    case 'struct': {
      const present = Object.entries(field.fields!).filter(([, each]) => hasVersion(each, version))
      return present.every(([name, each]) =>
        isDefault(each, version, (value as Record<string, unknown>)[name]),
      )
    }
    case 'array':
    case 'bytes':
    case 'records':
      return (value as { length: number }).length === 0
    default:
      return value === field.fallback
  }
}

function structFromJson(fields: Fields, version: number, json: Json, path: string): Record<string, unknown> {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) fail(path, 'an object', json)
  const values: Record<string, unknown> = {}
  for (const name of Object.keys(json)) {
    const field = Object.hasOwn(fields, name) ? fields[name] : undefined
    if (!field) throw new EncodeError(`${join(path, name)}: no such field`)
    if (!hasVersion(field, version)) throw new EncodeError(`${join(path, name)}: not in version ${version}`)
  }
  for (const [name, field] of Object.entries(fields)) {
    if (!hasVersion(field, version)) continue
    const value = (json as Record<string, Json>)[name]
    if (value !== undefined) values[name] = fromJson(field, version, value, join(path, name))
    else if (!field.omittable) throw new EncodeError(`${join(path, name)}: missing`)
  }
  return values
}

function fromJson(field: AnyField, version: number, json: Json, path: string): unknown {
  if (json === null) {
    if (version < field.nullableFrom)
      throw new EncodeError(`${path}: null is not allowed in version ${version}`)
    return null
  }
  switch (field.kind) {
    case 'struct':
      return structFromJson(field.fields!, version, json, path)
    case 'array':
      if (!Array.isArray(json)) fail(path, 'an array', json)
      return json.map((each: Json, i) => fromJson(field.element!, version, each, `${path}[${i}]`))
    case 'bool':
      return typeof json === 'boolean' ? json : fail(path, 'true or false', json)
    case 'string':
      return typeof json === 'string' ? json : fail(path, 'a string', json)
    case 'uuid':
      return typeof json === 'string' && isUuid(json) ? json : fail(path, 'a uuid in URL-safe base64', json)
    case 'bytes':
    case 'records':
      return bytesFromJson(json, path)
    default:
      return numberFromJson(field, json, path)
  }
}

function bytesFromJson(json: Json, path: string): Buffer {
  const bytes = typeof json === 'string' ? Buffer.from(json, 'base64') : Buffer.alloc(0)
  // Node's decoder skips what is no base64; a text that does not come back was none.
  if (typeof json !== 'string' || bytes.toString('base64') !== json) fail(path, 'base64', json)
  return bytes
}

const floats: Readonly<Record<string, number>> = { NaN, Infinity, '-Infinity': -Infinity }

const ranges: Readonly<Record<string, readonly [number, number]>> = {
  int8: [-0x80, 0x7f],
  int16: [-0x8000, 0x7fff],
  uint16: [0, 0xffff],
  int32: [-0x8000_0000, 0x7fff_ffff],
  uint32: [0, 0xffff_ffff],
  int64: [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
}

function numberFromJson(field: AnyField, json: Json, path: string): number {
  const { kind } = field
  if (kind === 'float64') {
    if (typeof json === 'string' && Object.hasOwn(floats, json)) return floats[json]!
    return typeof json === 'number' ? json : fail(path, 'a number', json)
  }
  const [low, high] = ranges[kind]!
  if (typeof json !== 'number' || !Number.isInteger(json)) fail(path, 'a whole number', json)
  if ((json < low || json > high) && !(json === MAX_INT64 && field.fallback === MAX_INT64)) {
    throw new EncodeError(`${path}: ${json} is outside ${kind} (${low} to ${high})`)
  }
  return json
}

function fail(path: string, wanted: string, json: Json): never {
  const text = JSON.stringify(json)
  throw new EncodeError(
    `${path || 'message'}: ${text.length > 60 ? `${text.slice(0, 60)}…` : text} is not ${wanted}`,
  )
}

function join(path: string, name: string): string {
  return path ? `${path}.${name}` : name
}
