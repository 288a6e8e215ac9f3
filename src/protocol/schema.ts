/**
 * The vocabulary in which messages are written down. A message is one constant for all its versions:
 *
 *     topics: arrayOf({ name: string, partitions: arrayOf(int32) }).nullable(1)
 *
 * Key order is wire order. `.since(v)` and `.until(v)` bound the versions that carry a field, `.nullable(v)` allows null
 * (from version v on), `.tagged(n)` moves it into the tagged fields, `.default(x)` is its value where it is absent.
 * Reading gives every field; when building, one with a default may be left out. What the peer's version lacks is
 * not written. TypeScript types are inferred; `codec.ts` compiles a schema for one version.
 */
import type { Reader } from './reader.ts'
import type { RecordsPart, Writer } from './writer.ts'

/**
 * Kafka's "no bound", 2^63−1, as the nearest double. It lies outside the int64 range that we accept (±(2^53−1)), and is
 * let through only by a field whose default it is.
 */
export const MAX_INT64 = 2 ** 63

/** Kafka's default where a uuid is absent. */
export const ZERO_UUID = 'AAAAAAAAAAAAAAAAAAAAAA'

export type Kind =
  | 'int8'
  | 'int16'
  | 'uint16'
  | 'int32'
  | 'uint32'
  | 'int64'
  | 'float64'
  | 'bool'
  | 'string'
  | 'bytes'
  | 'records'
  | 'uuid'
  | 'array'
  | 'struct'

interface Shape {
  readonly kind: Kind
  /** Of an array: what it holds. */
  readonly element?: AnyField
  /** Of a struct. */
  readonly fields?: Fields
  readonly firstVersion: number
  readonly lastVersion: number
  /** First version in which null is allowed; Infinity: never. */
  readonly nullableFrom: number
  readonly tag: number | undefined
  /** False: keeps the old encoding in flexible versions too. */
  readonly compact: boolean
  /** The value where the field is absent. */
  readonly fallback: unknown
  /** May be left out when building. */
  readonly omittable: boolean
}

const plain = {
  firstVersion: 0,
  lastVersion: Infinity,
  nullableFrom: Infinity,
  tag: undefined,
  compact: true,
  omittable: false,
}

/** A field's type and everything that is special about it. Immutable: each word gives a new field. */
export class Field<Read, Write = Read, Optional extends boolean = false> implements Shape {
  // Carried for the compiler only; no such properties exist.
  declare readonly read: Read
  declare readonly write: Write
  declare readonly optional: Optional

  readonly kind: Kind
  readonly element?: AnyField
  readonly fields?: Fields
  readonly firstVersion: number
  readonly lastVersion: number
  readonly nullableFrom: number
  readonly tag: number | undefined
  readonly compact: boolean
  readonly fallback: unknown
  readonly omittable: boolean

  constructor(shape: Shape) {
    this.kind = shape.kind
    if (shape.element) this.element = shape.element
    if (shape.fields) this.fields = shape.fields
    this.firstVersion = shape.firstVersion
    this.lastVersion = shape.lastVersion
    this.nullableFrom = shape.nullableFrom
    this.tag = shape.tag
    this.compact = shape.compact
    this.fallback = shape.fallback
    this.omittable = shape.omittable
  }

  since(version: number): Field<Read, Write, Optional> {
    return new Field({ ...this, firstVersion: version })
  }

  until(version: number): Field<Read, Write, Optional> {
    return new Field({ ...this, lastVersion: version })
  }

  nullable(sinceVersion = 0): Field<Read | null, Write | null, Optional> {
    return new Field({ ...this, nullableFrom: sinceVersion })
  }

  tagged(tag: number, sinceVersion = this.firstVersion): Field<Read, Write, true> {
    return new Field({ ...this, tag, firstVersion: sinceVersion, omittable: true })
  }

  default(value: Write): Field<Read, Write, true> {
    // Shared by all messages that lack the field.
    return new Field({
      ...this,
      fallback: Array.isArray(value) ? Object.freeze(value) : value,
      omittable: true,
    })
  }

  /** Kept in the old encoding by flexible versions too, for readers that do not know the version yet. */
  neverCompact(): Field<Read, Write, Optional> {
    return new Field({ ...this, compact: false })
  }
}

// biome-ignore lint/suspicious/noExplicitAny: a field of whatever type; the inferred types keep it exact
export type AnyField = Field<any, any, boolean>
export type Fields = Readonly<Record<string, AnyField>>

/** What reading gives. */
export type Decoded<F extends Fields> = { [K in keyof F]: F[K]['read'] }
type Omittable<F extends Fields> = { [K in keyof F]: F[K]['optional'] extends true ? K : never }[keyof F]
/** What building takes. */
export type Encodable<F extends Fields> = {
  readonly [K in Exclude<keyof F, Omittable<F>>]: F[K]['write']
} & { readonly [K in Omittable<F>]?: F[K]['write'] }

export const int8 = new Field<number>({ ...plain, kind: 'int8', fallback: 0 })
export const int16 = new Field<number>({ ...plain, kind: 'int16', fallback: 0 })
export const uint16 = new Field<number>({ ...plain, kind: 'uint16', fallback: 0 })
export const int32 = new Field<number>({ ...plain, kind: 'int32', fallback: 0 })
export const uint32 = new Field<number>({ ...plain, kind: 'uint32', fallback: 0 })
/** Outside ±(2^53−1) it is refused, never rounded. */
export const int64 = new Field<number>({ ...plain, kind: 'int64', fallback: 0 })
export const float64 = new Field<number>({ ...plain, kind: 'float64', fallback: 0 })
export const bool = new Field<boolean>({ ...plain, kind: 'bool', fallback: false })
export const string = new Field<string>({ ...plain, kind: 'string', fallback: '' })
/** Read as a copy, so that it may outlive the frame. */
export const bytes = new Field<Buffer>({ ...plain, kind: 'bytes', fallback: Buffer.alloc(0) })
/** Record batches: read as a slice of the frame, written without a copy when large. */
export const records = new Field<Buffer, RecordsPart>({
  ...plain,
  kind: 'records',
  fallback: Buffer.alloc(0),
})
/** 16 bytes, as Kafka prints them: URL-safe base64, 22 characters. */
export const uuid = new Field<string>({ ...plain, kind: 'uuid', fallback: ZERO_UUID })

/** Shared by every message that lacks the array, so it must not change. */
const noElements: readonly never[] = Object.freeze([])

export function arrayOf<F extends Fields>(fields: F): Field<readonly Decoded<F>[], readonly Encodable<F>[]>
export function arrayOf<R, W, O extends boolean>(element: Field<R, W, O>): Field<readonly R[], readonly W[]>
export function arrayOf(element: AnyField | Fields): Field<readonly unknown[]> {
  return new Field({
    ...plain,
    kind: 'array',
    element: element instanceof Field ? element : struct(element),
    fallback: noElements,
  })
}

export function struct<F extends Fields>(fields: F): Field<Decoded<F>, Encodable<F>> {
  const absent = Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, field.fallback]))
  return new Field({ ...plain, kind: 'struct', fields, fallback: Object.freeze(absent) })
}

export interface Message<F extends Fields = Fields> {
  readonly name: string
  /** First and last version. */
  readonly versions: readonly [number, number]
  /** First version with compact encodings and tagged fields; Infinity: none. */
  readonly flexibleSince: number
  readonly fields: F
  /** Compiled codecs by version; filled by `codec.ts`. */
  readonly decoders: ((reader: Reader) => Decoded<F>)[]
  readonly encoders: ((writer: Writer, message: Encodable<F>) => void)[]
}

interface MessageSpec<F extends Fields> {
  versions: readonly [number, number]
  flexibleSince?: number
  fields: F
}

/** A header, an internal record, or data that travels inside other messages. */
export function message<F extends Fields>(name: string, spec: MessageSpec<F>): Message<F> {
  const { versions, flexibleSince = Infinity, fields } = spec
  return { name, versions, flexibleSince, fields, decoders: [], encoders: [] }
}

export interface Api<Request extends Fields = Fields, Response extends Fields = Fields> {
  readonly key: number
  readonly name: string
  readonly versions: readonly [number, number]
  readonly flexibleSince: number
  readonly request: Message<Request>
  readonly response: Message<Response>
}

interface ApiSpec<Request extends Fields, Response extends Fields> {
  versions: readonly [number, number]
  flexibleSince?: number
  request: Request
  response: Response
}

/** A request and its response; in Kafka both share one range of versions and one first flexible version. */
export function api<Request extends Fields, Response extends Fields>(
  key: number,
  name: string,
  spec: ApiSpec<Request, Response>,
): Api<Request, Response> {
  const { versions, flexibleSince = Infinity } = spec
  const common = { versions, flexibleSince }
  return {
    key,
    name,
    ...common,
    request: message(`${name}Request`, { ...common, fields: spec.request }),
    response: message(`${name}Response`, { ...common, fields: spec.response }),
  }
}

// biome-ignore lint/suspicious/noExplicitAny: `Api<Fields, Fields>` is not a supertype, the codecs being functions of F
export type AnyApi = Api<any, any>
// biome-ignore lint/suspicious/noExplicitAny: as above
export type AnyMessage = Message<any>

/** What a handler is given. */
export type RequestOf<A extends AnyApi> = Decoded<A['request']['fields']>
/** What a handler answers. */
export type ResponseOf<A extends AnyApi> = Encodable<A['response']['fields']>
/** The client's side: what it sends, and what it reads. */
export type EncodableRequestOf<A extends AnyApi> = Encodable<A['request']['fields']>
export type DecodedResponseOf<A extends AnyApi> = Decoded<A['response']['fields']>

export type DecodedOf<M extends AnyMessage> = Decoded<M['fields']>
export type EncodableOf<M extends AnyMessage> = Encodable<M['fields']>

export function hasVersion(field: AnyField, version: number): boolean {
  return version >= field.firstVersion && version <= field.lastVersion
}
