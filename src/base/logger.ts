/**
 * The log: one line an event, each with a stable `event` name, so that programs can act on it and people can read it.
 *
 * JSON lines on standard output, or plain lines on a terminal. Nothing secret is ever logged; what a client sent is logged only as a
 * quoted value. A broker writes few lines, so the plainest way is good enough: a logging library cost 20 ms and 3 MB of every start.
 */
export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent'

export interface LogFields {
  event: string
  [field: string]: unknown
}

export interface Logger {
  debug(fields: LogFields, text: string): void
  info(fields: LogFields, text: string): void
  warn(fields: LogFields, text: string): void
  error(fields: LogFields, text: string): void
  /** A warning that one cause gives at most every ten seconds; what was left out is counted in the next. */
  limited(cause: string, fields: LogFields, text: string): void
}

export interface LoggerOptions {
  level: LogLevel
  pretty: boolean
  /** Where lines go; standard output when left out. */
  write?: (line: string) => void
}

const LIMIT_MS = 10_000
const CAUSES_MAX = 1_000

const RANK: Readonly<Record<LogLevel, number>> = { trace: 0, debug: 1, info: 2, warn: 3, error: 4, silent: 5 }

export function createLogger({ level, pretty, write = writeToStdout }: LoggerOptions): Logger {
  return new LineLogger(level, pretty ? prettyLine : jsonLine, write)
}

interface Line {
  level: LogLevel
  time: number
  fields: LogFields
  text: string
}

class LineLogger implements Logger {
  readonly #rank: number
  readonly #format: (line: Line) => string
  readonly #write: (line: string) => void
  readonly #causes = new Map<string, { at: number; skipped: number }>()

  constructor(level: LogLevel, format: (line: Line) => string, write: (line: string) => void) {
    this.#rank = RANK[level]
    this.#format = format
    this.#write = write
  }

  debug(fields: LogFields, text: string): void {
    this.#log('debug', fields, text)
  }

  info(fields: LogFields, text: string): void {
    this.#log('info', fields, text)
  }

  warn(fields: LogFields, text: string): void {
    this.#log('warn', fields, text)
  }

  error(fields: LogFields, text: string): void {
    this.#log('error', fields, text)
  }

  limited(cause: string, fields: LogFields, text: string): void {
    const now = performance.now()
    const last = this.#causes.get(cause)
    if (last && now - last.at < LIMIT_MS) {
      last.skipped++
      return
    }
    if (this.#causes.size >= CAUSES_MAX) this.#causes.clear()
    this.#causes.set(cause, { at: now, skipped: 0 })
    this.#log('warn', last?.skipped ? { ...fields, skipped: last.skipped } : fields, text)
  }

  #log(level: LogLevel, fields: LogFields, text: string): void {
    if (RANK[level] < this.#rank) return
    this.#write(this.#format({ level, time: Date.now(), fields, text }))
  }
}

const nothing = () => {}

/** For tests, and for brokers that say nothing. */
export const silentLogger: Logger = {
  debug: nothing,
  info: nothing,
  warn: nothing,
  error: nothing,
  limited: nothing,
}

function writeToStdout(line: string): void {
  process.stdout.write(line)
}

function jsonLine({ level, time, fields, text }: Line): string {
  return `${JSON.stringify({ level, time, ...fields, text }, plain)}\n`
}

/** `12:00:01.123 INFO ready on 127.0.0.1:9092` and the fields that the text does not show. */
function prettyLine({ level, time, fields, text }: Line): string {
  const clock = new Date(time).toISOString().slice(11, 23)
  const { event, ...rest } = fields
  const shown = Object.entries(rest)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${JSON.stringify(value, plain)}`)
  const words = (text || event).replaceAll(/[\r\n]+/g, ' ')
  return `${[clock, level.toUpperCase().padEnd(5), words, ...shown].join(' ')}\n`
}

/** Errors with all that they carry; what JSON has no word for as text, so that no line is lost to it. */
function plain(_name: string, value: unknown): unknown {
  if (value instanceof Error)
    return { ...value, type: value.name, message: value.message, stack: value.stack }
  return typeof value === 'bigint' ? String(value) : value
}
