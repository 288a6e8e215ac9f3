/** Messages that Kafka's own classes encoded: read, compared, written again to the same bytes. */
import { expect, test } from 'vitest'
import { type Vector, vectors } from '../../test/support/kafka-reference.ts'
import { findAnyMessage } from './catalogue.ts'
import { decode, encode } from './codec.ts'
import { type Json, messageFromJson, messageToJson } from './json.ts'
import type { Fields } from './schema.ts'

const byName = Map.groupBy(vectors(), vector => vector.name)

test.each([...byName])('%s is read and written as by Kafka', (_name, group) => {
  for (const vector of group) {
    const message = findAnyMessage(vector.name)!
    const bytes = Buffer.from(vector.hex, 'hex')
    const decoded = decode(message, vector.version, bytes)
    expect(messageToJson(message, vector.version, decoded)).toEqual(withoutDefaults(vector))
    expect(encode(message, vector.version, decoded).toString('hex')).toBe(vector.hex)
    const parsed = messageFromJson(message, vector.version, vector.message)
    expect(encode(message, vector.version, parsed).toString('hex')).toBe(vector.hex)
  }
})

/** Now and then a vector states a tagged field although it holds its default; we leave those out. */
function withoutDefaults({ name, message }: Vector): Json {
  const strip = (fields: Fields, json: Json): Json => {
    if (Array.isArray(json)) return json.map((each: Json) => strip(fields, each))
    if (typeof json !== 'object' || json === null) return json
    const entries = Object.entries(json as Record<string, Json>).flatMap(([key, value]) => {
      const field = fields[key]!
      if (field.tag !== undefined && isDefault(value, field.fallback)) return []
      const inner = field.fields ?? field.element?.fields
      return [[key, inner ? strip(inner, value) : value] as const]
    })
    return Object.fromEntries(entries)
  }
  return strip(findAnyMessage(name)!.fields, message)
}

function isDefault(value: Json, fallback: unknown): boolean {
  return JSON.stringify(value) === JSON.stringify(fallback)
}

test('the vectors cover every version of the messages in them', () => {
  const covered = new Set(vectors().map(vector => `${vector.name} ${vector.version}`))
  const missing = [...byName.keys()].flatMap(name => {
    const [first, last] = findAnyMessage(name)!.versions
    const versions = Array.from({ length: last - first + 1 }, (_, i) => first + i)
    return versions.filter(version => !covered.has(`${name} ${version}`)).map(version => `${name} ${version}`)
  })
  expect(missing).toEqual([])
})
