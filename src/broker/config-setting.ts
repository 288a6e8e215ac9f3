/**
 * What one setting is: its type, its default and what it allows. Values come as text (file, environment, flag,
 * CreateTopics) and are reported as text, as Kafka reports them; the broker reads the parsed value.
 *
 * A LONG beyond ±(2^53−1) is kept exact as text and counts as ±Infinity as a value: Kafka writes 2^63−1 where it
 * means "without bound", and no size or time of ours comes near 2^53.
 */
export type SettingType = keyof typeof typeCodes

/** The type codes of DescribeConfigs. */
export const typeCodes = {
  BOOLEAN: 1,
  STRING: 2,
  INT: 3,
  SHORT: 4,
  LONG: 5,
  DOUBLE: 6,
  LIST: 7,
  CLASS: 8,
  PASSWORD: 9,
} as const

export interface Parsed<T> {
  value: T
  /** The value in Kafka's own spelling: `007` becomes `7`, `compact , delete` becomes `compact,delete`. */
  text: string
}

export interface Setting<T = unknown> {
  readonly type: SettingType
  readonly default: string | null
  /** Kafka's default where ours differs; absent where they agree. */
  readonly kafkaDefault?: string | null
  /** Kafka lets a running broker change it. */
  readonly dynamic: boolean
  /** What is allowed, in words that follow "must be". */
  readonly allowed: string
  /** Undefined when the text is not allowed. */
  parse(text: string): Parsed<T> | undefined
}

/** What a client is told of a value that is not allowed. */
export function refusalOf(name: string, text: string, { type, allowed }: Setting): string {
  const shown = type === 'PASSWORD' ? '[hidden]' : text
  return `Invalid value ${shown} for configuration ${name}: must be ${allowed}`
}

/** Kafka's "without bound". */
export const LONG_MAX = '9223372036854775807'

interface Rules {
  /** Kafka's default, where ours is another one. */
  kafka?: string | number | null
  dynamic?: boolean
}

interface NumberRules extends Rules {
  min?: number
  max?: number
  /** A value outside the range that is allowed too, such as −1. */
  or?: number
}

interface TextRules<Word extends string = string> extends Rules {
  oneOf?: readonly Word[]
  ignoreCase?: boolean
  notEmpty?: boolean
  pattern?: { test: RegExp; allowed: string }
}

/** The value's type: a setting without a default may be null. */
type Value<T, D> = T | Extract<D, null>
type Maybe<T> = T | null

export function boolean(fallback: boolean, rules: Rules = {}): Setting<boolean> {
  const parse = (text: string) => {
    const word = text.trim().toLowerCase()
    return word === 'true' || word === 'false' ? { value: word === 'true', text: word } : undefined
  }
  return setting('BOOLEAN', fallback, rules, 'true or false', parse)
}

export function short<D extends Maybe<number>>(fallback: D, rules: NumberRules = {}) {
  return whole('SHORT', fallback, rules, 15n)
}

export function int<D extends Maybe<number>>(fallback: D, rules: NumberRules = {}) {
  return whole('INT', fallback, rules, 31n)
}

/** The default may be text, because 2^63−1 is not a number of ours. */
export function long<D extends Maybe<number | string>>(fallback: D, rules: NumberRules = {}) {
  return whole('LONG', fallback, rules, 63n)
}

function whole<D extends Maybe<number | string>>(
  type: SettingType,
  fallback: D,
  rules: NumberRules,
  bits: bigint,
): Setting<Value<number, D>> {
  const limit = 1n << bits
  const parse = (text: string) => {
    const digits = text.trim()
    if (!/^[+-]?\d{1,30}$/.test(digits)) return undefined
    const exact = BigInt(digits.replace('+', ''))
    if (exact < -limit || exact >= limit) return undefined
    const value = boundless(exact)
    return isWithin(value, rules) ? { value, text: String(exact) } : undefined
  }
  return setting(type, fallback, rules, `a whole number${rangeInWords(rules, limit)}`, parse)
}

export function double<D extends Maybe<number>>(
  fallback: D,
  rules: NumberRules = {},
): Setting<Value<number, D>> {
  const parse = (text: string) => {
    const digits = text.trim()
    const value = Number(digits)
    if (digits === '' || !/^[+-]?[\d.]+(e[+-]?\d+)?$/i.test(digits) || Number.isNaN(value)) return undefined
    return isWithin(value, rules) ? { value, text: doubleAsText(value) } : undefined
  }
  const { min, max } = rules
  const range = min !== undefined && max !== undefined ? ` from ${min} to ${max}` : ''
  const shown = fallback === null ? null : doubleAsText(fallback)
  return setting('DOUBLE', shown, { dynamic: rules.dynamic }, `a number${range}`, parse)
}

export function string<D extends Maybe<string>, const Word extends string = string>(
  fallback: D,
  rules: TextRules<Word> = {},
): Setting<Value<Word, D>> {
  const parse = (text: string) => {
    const value = findWord(text.trim(), rules)
    return value === undefined ? undefined : { value, text: text.trim() }
  }
  return setting('STRING', fallback, rules, textInWords(rules, 'text', 'one of'), parse)
}

export function list<D extends Maybe<string>, const Word extends string = string>(
  fallback: D,
  rules: TextRules<Word> = {},
): Setting<Value<readonly Word[], D>> {
  const parse = (text: string) => {
    const items = text.trim() === '' ? [] : text.split(',').map(item => item.trim())
    const value = items.flatMap(item => (item === '' ? [] : (findWord(item, rules) ?? [])))
    return value.length === items.length ? { value, text: items.join(',') } : undefined
  }
  const allowed = textInWords(rules, 'a list, separated by commas', 'a list, separated by commas, of')
  return setting('LIST', fallback, rules, allowed, parse)
}

/** The name of a Java class: there is no such thing here, so it is kept and reported, never loaded. */
export function javaClass(fallback: string | null, rules: Rules = {}): Setting<string | null> {
  const parse = (text: string) => ({ value: text.trim(), text: text.trim() })
  return setting('CLASS', fallback, rules, 'the name of a class', parse)
}

/** Never reported, logged or printed. */
export function password(rules: Rules = {}): Setting<string | null> {
  return setting('PASSWORD', null, rules, 'text', text => ({ value: text, text }))
}

function setting<T>(
  type: SettingType,
  fallback: unknown,
  rules: Rules,
  allowed: string,
  parse: (text: string) => Parsed<T> | undefined,
): Setting<T> {
  const base = { type, default: asText(fallback), dynamic: rules.dynamic ?? false, allowed, parse }
  return rules.kafka === undefined ? base : { ...base, kafkaDefault: asText(rules.kafka) }
}

function asText(value: unknown): string | null {
  return value === null ? null : String(value)
}

function boundless(exact: bigint): number {
  const value = Number(exact)
  return Number.isSafeInteger(value) ? value : value > 0 ? Infinity : -Infinity
}

function isWithin(value: number, { min, max, or }: NumberRules): boolean {
  return value === or || ((min === undefined || value >= min) && (max === undefined || value <= max))
}

function rangeInWords({ min, max, or }: NumberRules, limit: bigint): string {
  const alternative = or === undefined ? '' : `, or ${or}`
  return ` from ${min ?? -limit} to ${max ?? limit - 1n}${alternative}`
}

/** The allowed word that is meant; undefined when there is none. Without a list of words every text is one. */
function findWord<Word extends string>(text: string, rules: TextRules<Word>): Word | undefined {
  const { oneOf, ignoreCase, notEmpty, pattern } = rules
  if ((pattern && !pattern.test.test(text)) || (notEmpty && text === '')) return undefined
  if (!oneOf) return text as Word
  return oneOf.find(one => one === text || (ignoreCase && one.toLowerCase() === text.toLowerCase()))
}

function textInWords({ oneOf, notEmpty, pattern }: TextRules, any: string, some: string): string {
  if (pattern) return pattern.allowed
  return oneOf ? `${some} ${oneOf.join(', ')}` : notEmpty ? `${any}, not empty` : any
}

/** A double as Java prints it: `1.0`, `0.5`, `1.0E10`. */
function doubleAsText(value: number): string {
  const size = Math.abs(value)
  if (value === 0 || (size >= 1e-3 && size < 1e7))
    return Number.isInteger(value) ? value.toFixed(1) : String(value)
  const [mantissa = '', exponent = ''] = value.toExponential().split('e')
  return `${mantissa.includes('.') ? mantissa : `${mantissa}.0`}E${exponent.replace('+', '')}`
}
