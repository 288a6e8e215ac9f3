/**
 * The JavaScript that writes one version of a message: a function for each struct, in wire order, behind it the tagged fields
 * that differ from their default, in the order of their tags.
 */
import { type AnyField, type AnyMessage, type Fields, hasVersion, MAX_INT64 } from './schema.ts'

export function encoderSource(message: AnyMessage, version: number): string {
  const builder = new EncoderBuilder(message, version)
  const root = builder.struct(message.fields, '')
  return `'use strict'\n${builder.functions.join('\n')}\nreturn ${root}\n`
}

class EncoderBuilder {
  readonly functions: string[] = []
  readonly #message: string
  readonly #version: number
  readonly #flexible: boolean

  constructor(message: AnyMessage, version: number) {
    this.#message = message.name
    this.#version = version
    this.#flexible = version >= message.flexibleSince
  }

  /** Adds the function that writes these fields and gives its name. */
  struct(fields: Fields, path: string): string {
    const name = path ? path.replaceAll('.', '_') : this.#message
    const present = Object.entries(fields).filter(([, field]) => hasVersion(field, this.#version))
    const body: string[] = []
    for (const [key, field] of present) {
      if (field.tag === undefined) body.push(this.#statement(field, member(key, field), join(path, key)))
    }
    if (this.#flexible) {
      const tagged = present.filter(([, field]) => field.tag !== undefined)
      body.push(
        ...this.#tags(
          tagged.sort(([, a], [, b]) => a.tag! - b.tag!),
          path,
        ),
      )
    }
    this.functions.push(`function ${name}(writer, message) {\n  ${body.join('\n  ')}\n}`)
    return name
  }

  #tags(tagged: readonly (readonly [string, AnyField])[], path: string): string[] {
    if (tagged.length === 0) return ['writer.unsignedVarint(0)']
    const tests = tagged.map(
      ([key, field]) =>
        `const has_${key} = message.${key} !== undefined && ${this.#differs(field, `message.${key}`)}`,
    )
    const values = tagged.map(([key, field]) => {
      const write = this.#statement(field, `message.${key}`, join(path, key))
      return `if (has_${key}) { const mark = writer.beginTag(${field.tag}); ${write}; writer.endTag(mark) }`
    })
    const count = tagged.map(([key]) => `(has_${key} ? 1 : 0)`).join(' + ')
    return [...tests, `writer.unsignedVarint(${count})`, ...values]
  }

  /** The statement that writes the value of an expression. */
  #statement(field: AnyField, value: string, path: string): string {
    const label = JSON.stringify(`${this.#message} v${this.#version} ${path}`)
    const nullable = this.#version >= field.nullableFrom
    switch (field.kind) {
      case 'struct': {
        const write = `${this.struct(field.fields!, path)}(writer, value)`
        if (!nullable) return `{ const value = ${value}; ${write} }`
        const [absent, present] =
          field.tag === undefined
            ? ['writer.int8(-1)', 'writer.int8(1)']
            : ['writer.unsignedVarint(0)', 'writer.unsignedVarint(1)']
        return `{ const value = ${value}; if (value === null) ${absent}; else { ${present}; ${write} } }`
      }
      case 'array':
        return this.#array(field, value, path)
      case 'string':
      case 'bytes':
      case 'records':
        return `writer.${this.#variant(field)}(${value}, ${label})`
      case 'int64':
        return `writer.${field.fallback === MAX_INT64 ? 'int64OrMax' : 'int64'}(${value}, ${label})`
      default:
        return `writer.${field.kind}(${value}, ${label})`
    }
  }

  #array(field: AnyField, value: string, path: string): string {
    const compact = this.#flexible && field.compact
    const length = compact ? 'writer.unsignedVarint(list.length + 1)' : 'writer.int32(list.length)'
    const none = compact ? 'writer.unsignedVarint(0)' : 'writer.int32(-1)'
    const each = `for (let i = 0; i < list.length; i++) ${this.#statement(field.element!, 'list[i]', path)}`
    const write = `${length}; ${each}`
    if (this.#version < field.nullableFrom) return `{ const list = ${value}; ${write} }`
    return `{ const list = ${value}; if (list === null) ${none}; else { ${write} } }`
  }

  #variant(field: AnyField): string {
    const words: string[] = [field.kind]
    if (this.#version >= field.nullableFrom) words.unshift('nullable')
    if (this.#flexible && field.compact) words.unshift('compact')
    return words.map((word, i) => (i === 0 ? word : word[0]!.toUpperCase() + word.slice(1))).join('')
  }

  /** The expression that tells whether a value is not its field's default. */
  #differs(field: AnyField, value: string): string {
    const { kind, fallback } = field
    if (fallback === null) return `${value} !== null`
    const isNull = this.#version >= field.nullableFrom ? `${value} === null || ` : ''
    if (kind === 'array' || kind === 'bytes' || kind === 'records') return `(${isNull}${value}.length > 0)`
    if (kind !== 'struct') return `${value} !== ${JSON.stringify(fallback)}`
    const members = Object.entries(field.fields!).filter(([, each]) => hasVersion(each, this.#version))
    const tests = members.map(([key, each]) => {
      const inner = `${value}.${key}`
      return `(${inner} !== undefined && ${this.#differs(each, inner)})`
    })
    return `(${isNull}${tests.join(' || ')})`
  }
}

/** A member's value, or its default where it may be left out. */
function member(key: string, field: AnyField): string {
  const { kind, fallback } = field
  if (!field.omittable) return `message.${key}`
  if (fallback === null) return `message.${key} ?? null`
  if (kind === 'array') return `message.${key} === undefined ? [] : message.${key}`
  if (kind === 'bytes' || kind === 'records')
    return `message.${key} === undefined ? Buffer.alloc(0) : message.${key}`
  return `message.${key} === undefined ? ${JSON.stringify(fallback)} : message.${key}`
}

function join(path: string, key: string): string {
  return path ? `${path}.${key}` : key
}
