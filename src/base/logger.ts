import { type Logger as Pino, pino } from 'pino'

/**
 * The log: one line an event, each with a stable `event` name, so that programs can act on it and people can read it.
 *
 * JSON lines on standard output, or plain lines on a terminal. Nothing secret is ever logged; what a client sent is logged only as a
 * quoted value.
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

export function createLogger({ level, pretty, write = writeToStdout }: LoggerOptions): Logger {
  const destination = { write: pretty ? (line: string) => write(prettyLine(line)) : write }
  const sink: Pino = pino(
    { level, base: null, messageKey: 'text', formatters: { level: label => ({ level: label }) } },
    destination,
  )
  return new PinoLogger(sink)
}

class PinoLogger implements Logger {
  readonly #sink: Pino
  readonly #causes = new Map<string, { at: number; skipped: number }>()

  constructor(sink: Pino) {
    this.#sink = sink
  }

  debug(fields: LogFields, text: string): void {
    this.#sink.debug(fields, text)
  }

  info(fields: LogFields, text: string): void {
    this.#sink.info(fields, text)
  }

  warn(fields: LogFields, text: string): void {
    this.#sink.warn(fields, text)
  }

  error(fields: LogFields, text: string): void {
    this.#sink.error(fields, text)
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
    this.#sink.warn(last?.skipped ? { ...fields, skipped: last.skipped } : fields, text)
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

/** `12:00:01.123 INFO ready on 127.0.0.1:9092` and the fields that the text does not show. */
function prettyLine(line: string): string {
  const { level, time, text, event, ...rest } = JSON.parse(line) as Record<string, unknown>
  const clock = new Date(Number(time)).toISOString().slice(11, 23)
  const fields = Object.entries(rest).map(([name, value]) => `${name}=${JSON.stringify(value)}`)
  return [clock, String(level).toUpperCase().padEnd(5), String(text ?? event), ...fields]
    .join(' ')
    .concat('\n')
}
