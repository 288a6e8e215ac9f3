import type { Logger, LogLevel } from '../base/logger.ts'
import { KafkaError } from '../protocol/errors.ts'
import { ConfigOperation, type Operation } from './config-operations.ts'

/**
 * The loggers of the broker and their levels, as the resource BROKER_LOGGER (KIP-412): `root`, and below it `loggerhead`, which writes
 * every line. A level is in force at once and until the broker stops; Kafka keeps none either.
 */
export class LogLevels {
  readonly #logger: Logger
  #root: LogLevel
  #own: LogLevel | undefined

  constructor(logger: Logger) {
    this.#logger = logger
    this.#root = logger.level
  }

  /** Loggers by name, with their levels in Kafka's words. */
  get all(): ReadonlyMap<string, string> {
    return new Map([
      [ROOT, KAFKAS[this.#root]],
      [OWN, KAFKAS[this.#own ?? this.#root]],
    ])
  }

  /** All of the operations, or, when one is not allowed, none. */
  alter(operations: readonly Operation[], validateOnly: boolean): void {
    for (const operation of operations) requireAllowed(operation)
    if (validateOnly) return
    for (const { name, operation, value } of operations) {
      const level = operation === ConfigOperation.SET ? OURS.get(value ?? '') : undefined
      if (name === OWN) this.#own = level
      else this.#root = level!
    }
    this.#logger.level = this.#own ?? this.#root
    this.#logger.warn({ event: 'log-level', level: this.#logger.level }, 'the log level was changed')
  }
}

const ROOT = 'root'
const OWN = 'loggerhead'

/** FATAL is one of Kafka's that has no line here: what it would show are errors. */
const OURS: ReadonlyMap<string, LogLevel> = new Map([
  ['TRACE', 'trace'],
  ['DEBUG', 'debug'],
  ['INFO', 'info'],
  ['WARN', 'warn'],
  ['ERROR', 'error'],
  ['FATAL', 'error'],
])

const KAFKAS: Readonly<Record<LogLevel, string>> = {
  trace: 'TRACE',
  debug: 'DEBUG',
  info: 'INFO',
  warn: 'WARN',
  error: 'ERROR',
  silent: 'OFF',
}

function requireAllowed({ name, operation, value }: Operation): void {
  const { SET, DELETE, APPEND, SUBTRACT } = ConfigOperation
  if (operation === APPEND || operation === SUBTRACT) {
    const word = operation === APPEND ? 'APPEND' : 'SUBTRACT'
    throw new KafkaError('INVALID_REQUEST', `${word} operation is not allowed for the BROKER_LOGGER resource`)
  }
  if (operation !== SET && operation !== DELETE) {
    throw new KafkaError(
      'INVALID_REQUEST',
      `Unknown operation type ${operation} is not allowed for the BROKER_LOGGER resource`,
    )
  }
  if (name !== ROOT && name !== OWN) throw new KafkaError('INVALID_CONFIG', `Logger ${name} does not exist!`)
  if (operation === DELETE && name === ROOT) {
    throw new KafkaError('INVALID_REQUEST', 'Removing the log level of the root logger is not allowed')
  }
  if (operation === SET && !OURS.has(value ?? '')) {
    throw new KafkaError(
      'INVALID_CONFIG',
      `Cannot set the log level of ${name} to ${value} as it is not a supported log level. ` +
        `Valid log levels are ${[...OURS.keys()].sort().join(', ')}`,
    )
  }
}
