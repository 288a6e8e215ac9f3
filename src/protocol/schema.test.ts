/** Our schemas against Kafka's own, field by field: each is flattened to lines, and the lines must be the same. */
import { describe, expect, expectTypeOf, test } from 'vitest'
import {
  type KafkaField,
  type KafkaSchema,
  kafkaApis,
  kafkaSchemas,
  vectors,
} from '../../test/support/kafka-reference.ts'
import { allMessages, findAnyMessage } from './catalogue.ts'
import { apis, findApi, findMessage } from './messages/index.ts'
import { Produce } from './messages/produce.ts'
import type { AnyField, AnyMessage, Fields, RequestOf, ResponseOf } from './schema.ts'

type Range = readonly [first: number, last: number]

const none: Range = [Infinity, -Infinity]
const intersection = (a: Range, b: Range): Range => [Math.max(a[0], b[0]), Math.min(a[1], b[1])]
const isEmpty = ([first, last]: Range) => first > last

/** `1+`, `0-3`, `2` or `none`. */
function parseRange(text: string | undefined): Range {
  const match = /^(\d+)(\+|-(\d+))?$/.exec(text ?? 'none')
  if (!match) return none
  const first = Number(match[1])
  return [first, match[2] === '+' ? Infinity : Number(match[3] ?? first)]
}

function line(path: string, type: string, versions: Range, nullable: Range, tag: unknown, fallback: unknown) {
  const words = [path, type, versions.join('-')]
  if (!isEmpty(nullable)) words.push(`nullable ${nullable.join('-')}`)
  if (tag !== undefined) words.push(`tag ${tag}`)
  if (fallback !== undefined) words.push(`default ${JSON.stringify(fallback)}`)
  return words.join(' ')
}

function kafkaLines(schema: KafkaSchema): string[] {
  const structs = new Map(schema.commonStructs?.map(struct => [struct.name, struct.fields!]))
  const flatten = (fields: readonly KafkaField[], outer: Range, prefix: string): string[] =>
    fields.flatMap(field => {
      const versions = intersection(parseRange(field.versions ?? field.taggedVersions), outer)
      if (isEmpty(versions)) return []
      const path = `${prefix}${field.name[0]!.toLowerCase()}${field.name.slice(1)}`
      const base = field.type.replace('[]', '')
      const inner = field.fields ?? structs.get(base)
      const type = field.type.startsWith('[]') ? `[]${inner ? 'struct' : base}` : inner ? 'struct' : base
      const nullable = intersection(parseRange(field.nullableVersions), versions)
      const plain = field.flexibleVersions === 'none' ? ' never compact' : ''
      return [
        line(path, type, versions, nullable, field.tag, kafkaDefault(field, type)) + plain,
        ...(inner ? flatten(inner, versions, `${path}.`) : []),
      ]
    })
  return flatten(schema.fields ?? [], parseRange(schema.validVersions), '')
}

/** A default that is JSON's null, not the text "null", leaves Kafka's generator with the default of the type. */
function kafkaDefault({ default: value }: KafkaField, type: string): unknown {
  if (value === 'null') return null
  if (type.startsWith('[]')) return []
  if (type === 'struct') return undefined
  if (type === 'string') return value ?? ''
  if (type === 'bool') return String(value ?? false) === 'true'
  if (type === 'uuid') return 'AAAAAAAAAAAAAAAAAAAAAA'
  if (type === 'bytes' || type === 'records') return ''
  return Number(value ?? 0)
}

function ourLines(message: AnyMessage): string[] {
  const flatten = (fields: Fields, outer: Range, prefix: string): string[] =>
    Object.entries(fields).flatMap(([name, field]) => {
      const versions = intersection([field.firstVersion, field.lastVersion], outer)
      if (isEmpty(versions)) return []
      const inner = field.fields ?? field.element?.fields
      const type = field.kind === 'array' ? `[]${field.element!.kind}` : field.kind
      const nullable = intersection([field.nullableFrom, Infinity], versions)
      return [
        line(prefix + name, type, versions, nullable, field.tag, ourDefault(field)) +
          (field.compact ? '' : ' never compact'),
        ...(inner ? flatten(inner, versions, `${prefix}${name}.`) : []),
      ]
    })
  return flatten(message.fields, message.versions, '')
}

function ourDefault({ kind, fallback }: AnyField): unknown {
  if (fallback === null) return null
  if (kind === 'struct') return undefined
  return Buffer.isBuffer(fallback) ? fallback.toString('base64') : fallback
}

const schemas = kafkaSchemas().filter(schema => schema.validVersions !== 'none')

test.each(schemas.map(schema => [schema.name, schema] as const))(
  '%s is as Kafka defines it',
  (name, schema) => {
    const message = findAnyMessage(name)
    expect(message).toBeDefined()
    expect(message!.versions.join('-')).toBe(parseRange(schema.validVersions).join('-'))
    expect(message!.flexibleSince).toBe(parseRange(schema.flexibleVersions)[0])
    expect(ourLines(message!)).toEqual(kafkaLines(schema))
  },
)

describe('the catalogue', () => {
  test('has nothing that Kafka lacks', () => {
    expect(allMessages.map(message => message.name).sort()).toEqual(schemas.map(schema => schema.name).sort())
  })

  test('has every message that the vectors use', () => {
    const missing = vectors().filter(vector => !findAnyMessage(vector.name))
    expect(missing).toEqual([])
  })

  test('numbers APIs and their versions as Kafka does', () => {
    const served = kafkaApis().filter(api => api.max >= 0)
    expect(apis.map(api => [api.key, api.name, ...api.versions])).toEqual(
      served.map(api => [api.key, api.name, api.min, api.max]),
    )
    expect(served.filter(api => api.listeners.includes('BROKER'))).toHaveLength(77)
  })

  test('finds messages by name and APIs by key', () => {
    expect(findMessage('ProduceRequest')).toEqual({ message: Produce.request, api: Produce, side: 'request' })
    expect(findMessage('ProduceResponse')?.side).toBe('response')
    expect(findMessage('constructor')).toBeUndefined()
    expect(findApi(0)).toBe(Produce)
    expect(findApi(4)).toBeUndefined()
  })
})

test('types are inferred: what has a default may be left out when building, and is there when reading', () => {
  type Partition = RequestOf<typeof Produce>['topicData'][number]['partitionData'][number]
  expectTypeOf<Partition>().toEqualTypeOf<{ index: number; records: Buffer | null }>()
  const response: ResponseOf<typeof Produce> = { responses: [] }
  expect(response).toEqual({ responses: [] })
  // @ts-expect-error responses has no default
  const incomplete: ResponseOf<typeof Produce> = {}
  expect(incomplete).toEqual({})
})
