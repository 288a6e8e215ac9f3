/**
 * The log, as everything in here sees it: one line an event, each with a stable `event` name, so that programs can act on it and people
 * can read it. Nothing secret is ever logged; what a client sent is logged only as a quoted value. `pino-logger` writes the lines.
 */
export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent'

export interface LogFields {
  event: string
  [field: string]: unknown
}

export interface Logger {
  /** Lines below it are not written; may be changed at any time. */
  level: LogLevel
  debug(fields: LogFields, text: string): void
  info(fields: LogFields, text: string): void
  warn(fields: LogFields, text: string): void
  error(fields: LogFields, text: string): void
  /** A warning that one cause gives at most every ten seconds; what was left out is counted in the next. */
  limited(cause: string, fields: LogFields, text: string): void
}

const nothing = () => {}

/** For tests, and for brokers that say nothing. */
export const silentLogger: Logger = {
  get level(): LogLevel {
    return 'silent'
  },
  set level(_level) {},
  debug: nothing,
  info: nothing,
  warn: nothing,
  error: nothing,
  limited: nothing,
}
