import { type Logger as Pino, pino } from 'pino'
import type { LogFields, Logger, LogLevel } from './logger.ts'

/**
 * Log lines by pino: JSON on standard output, or plain lines on a terminal. Loading the library costs 20 ms and 3 MB, so only who has something
 * to say imports this file (docs/decisions/0005-log-library-on-demand.md).
 */
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
  const options = {
    level,
    base: null,
    messageKey: 'text',
    formatters: { level: (label: string) => ({ level: label }) },
    serializers: { error: pino.stdSerializers.err },
  }
  return new PinoLogger(pino(options, destination))
}

class PinoLogger implements Logger {
  readonly #sink: Pino
  readonly #causes = new Map<string, { at: number; skipped: number }>()

  constructor(sink: Pino) {
    this.#sink = sink
  }

  get level(): LogLevel {
    return this.#sink.level as LogLevel
  }

  set level(level) {
    this.#sink.level = level
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

function writeToStdout(line: string): void {
  process.stdout.write(line)
}

/** `12:00:01.123 INFO  ready on 127.0.0.1:9092` and the fields that the text does not show. */
function prettyLine(line: string): string {
  const { level, time, text, event, ...rest } = JSON.parse(line) as Record<string, unknown>
  const clock = new Date(Number(time)).toISOString().slice(11, 23)
  const words = String(text || event).replaceAll(/[\r\n]+/g, ' ')
  const fields = Object.entries(rest).map(([name, value]) => `${name}=${JSON.stringify(value)}`)
  return `${[clock, String(level).toUpperCase().padEnd(5), words, ...fields].join(' ')}\n`
}
