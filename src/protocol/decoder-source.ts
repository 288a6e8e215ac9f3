/**
 * The JavaScript that reads one version of a message: a function for each struct and array, each struct one object literal in
 * wire order. Tagged fields hold their default in that literal and are assigned when they come.
 */
import { type AnyField, type AnyMessage, type Fields, hasVersion, MAX_INT64 } from './schema.ts'

export interface DecoderSource {
  source: string
  /** What cannot be written as a literal: shared values of absent fields. */
  constants: readonly unknown[]
}

export function decoderSource(message: AnyMessage, version: number): DecoderSource {
  const builder = new DecoderBuilder(message, version)
  const root = builder.struct(message.fields, '')
  return {
    source: `'use strict'\n${builder.functions.join('\n')}\nreturn ${root}\n`,
    constants: builder.constants,
  }
}

class DecoderBuilder {
  readonly functions: string[] = []
  readonly constants: unknown[] = []
  readonly #message: string
  readonly #version: number
  readonly #flexible: boolean

  constructor(message: AnyMessage, version: number) {
    this.#message = message.name
    this.#version = version
    this.#flexible = version >= message.flexibleSince
  }

  /** Adds the function that reads these fields and gives its name. */
  struct(fields: Fields, path: string): string {
    const name = functionName(this.#message, path)
    const members: string[] = []
    const cases: string[] = []
    for (const [key, field] of Object.entries(fields)) {
      const inner = path ? `${path}.${key}` : key
      if (!hasVersion(field, this.#version)) {
        members.push(`${key}: ${this.#literal(field.fallback)},`)
      } else if (field.tag === undefined) {
        members.push(`${key}: ${this.#value(field, inner)},`)
      } else {
        members.push(`${key}: ${this.#literal(field.fallback)},`)
        cases.push(`case ${field.tag}: message.${key} = ${this.#value(field, inner)}; break`)
      }
    }
    const body = [
      `const message = {\n    ${members.join('\n    ')}\n  }`,
      ...(this.#flexible ? this.#tags(cases, this.#label(path)) : []),
      'return message',
    ]
    this.functions.push(`function ${name}(reader) {\n  ${body.join('\n  ')}\n}`)
    return name
  }

  #tags(cases: readonly string[], label: string): string[] {
    if (cases.length === 0) return [`reader.skipTags(${label})`]
    return [
      `for (let left = reader.tagCount(${label}), seen = 0, unknown = 0; left > 0; left--) {`,
      `  const tag = reader.unsignedVarint(${label}), end = reader.tagEnd(${label})`,
      '  switch (tag) {',
      ...cases.map(each => `    ${each}`),
      `    default: reader.skipTag(end, ++unknown, ${label}); continue`,
      '  }',
      `  reader.finishTag(tag, end, seen, ${label})`,
      '  seen |= 1 << tag',
      '}',
    ]
  }

  /** The expression that reads a value. */
  #value(field: AnyField, path: string): string {
    const label = this.#label(path)
    const nullable = this.#version >= field.nullableFrom
    switch (field.kind) {
      case 'struct': {
        const read = `${this.struct(field.fields!, path)}(reader)`
        if (!nullable) return read
        const test = field.tag === undefined ? 'isPresent' : 'isTaggedPresent'
        return `reader.${test}(${label}) ? ${read} : null`
      }
      case 'array':
        return `${this.#array(field, path)}(reader)`
      case 'string':
      case 'bytes':
      case 'records':
        return `reader.${this.#variant(field, field.kind)}(${label})`
      case 'int64':
        return `reader.${field.fallback === MAX_INT64 ? 'int64OrMax' : 'int64'}(${label})`
      default:
        return `reader.${field.kind}(${label})`
    }
  }

  #array(field: AnyField, path: string): string {
    const element = field.element!
    const name = `${functionName(this.#message, path)}_list`
    const read = this.#value(element, path)
    const bytesMin = Math.max(1, this.#bytesMin(element))
    const length = `${this.#variant(field, 'arrayLength')}(${bytesMin}, ${heapBytes(element)}, ${this.#label(path)})`
    this.functions.push(`function ${name}(reader) {
  const length = reader.${length}
  ${this.#version >= field.nullableFrom ? 'if (length < 0) return null\n  ' : ''}const list = new Array(length)
  for (let i = 0; i < length; i++) list[i] = ${read}
  return list
}`)
    return name
  }

  /** The reader's method for this field: `string`, `nullableString`, `compactString` or `compactNullableString`. */
  #variant(field: AnyField, method: string): string {
    const words = [method]
    if (this.#version >= field.nullableFrom) words.unshift('nullable')
    if (this.#flexible && field.compact) words.unshift('compact')
    return words.map((word, i) => (i === 0 ? word : word[0]!.toUpperCase() + word.slice(1))).join('')
  }

  /** The fewest bytes that a value takes on the wire. */
  #bytesMin(field: AnyField): number {
    switch (field.kind) {
      case 'int8':
      case 'bool':
        return 1
      case 'int16':
      case 'uint16':
        return 2
      case 'int32':
      case 'uint32':
        return 4
      case 'int64':
      case 'float64':
        return 8
      case 'uuid':
        return 16
      case 'string':
        return this.#flexible ? 1 : 2
      case 'bytes':
      case 'records':
      case 'array':
        return this.#flexible ? 1 : 4
      case 'struct': {
        if (this.#version >= field.nullableFrom) return 1
        const present = Object.values(field.fields!).filter(each => hasVersion(each, this.#version))
        const untagged = present.filter(each => each.tag === undefined)
        return untagged.reduce((sum, each) => sum + this.#bytesMin(each), this.#flexible ? 1 : 0)
      }
    }
  }

  #label(path: string): string {
    return JSON.stringify(`${this.#message} v${this.#version}${path && ` ${path}`}`)
  }

  #literal(value: unknown): string {
    if (value === null || typeof value !== 'object') return JSON.stringify(value)
    const known = this.constants.indexOf(value)
    return `constants[${known >= 0 ? known : this.constants.push(value) - 1}]`
  }
}

/** About what an element takes in memory: an object's header, a word a field, its place in the array. */
function heapBytes(element: AnyField): number {
  return element.kind === 'struct' ? 32 + 8 * Object.keys(element.fields!).length : 16
}

function functionName(message: string, path: string): string {
  return path ? path.replaceAll('.', '_') : message
}
