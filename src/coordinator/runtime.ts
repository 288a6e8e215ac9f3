import type { Clock } from '../base/clock.ts'
import { ErrorCode, errorCodeOf, KafkaError } from '../protocol/errors.ts'
import type { CoordinatorLog } from './coordinator-log.ts'
import { Deadlines } from './deadlines.ts'

/**
 * Runs one coordinator for each partition of an internal topic that this node leads: opens it from its log, sends callers away
 * while it is not there, and makes it anew when an append has failed. Group and transaction coordinators both live in it.
 *
 * Invariant: a coordinator that could not store what it decided answers nobody any more; the next one knows only what the log
 * holds.
 */
export interface PartitionCoordinator {
  /** It ends here: whoever waits is answered with this code. */
  drop(errorCode: number): void
}

export interface PartitionContext {
  readonly partitionIndex: number
  readonly log: CoordinatorLog
  readonly clock: Clock
  readonly deadlines: Deadlines
  readonly logger: CoordinatorLogger
  /** For the writer: an append has failed. */
  readonly fail: (error: unknown) => void
  /** True when the partition was resigned or failed meanwhile: `open` may give up. */
  readonly isStale: () => boolean
}

export interface CoordinatorLogger {
  info(fields: object, text: string): void
  warn(fields: object, text: string): void
}

interface Led<C> {
  log: CoordinatorLog
  /** Null while it loads. */
  coordinator: C | null
}

export class CoordinatorRuntime<C extends PartitionCoordinator> {
  readonly clock: Clock
  readonly deadlines: Deadlines
  readonly #logger: CoordinatorLogger
  readonly #open: (context: PartitionContext) => Promise<C>
  readonly #led = new Map<number, Led<C>>()

  constructor(options: {
    clock: Clock
    logger: CoordinatorLogger
    /** Makes a coordinator of what the log holds. */
    open: (context: PartitionContext) => Promise<C>
  }) {
    this.clock = options.clock
    this.deadlines = new Deadlines(options.clock)
    this.#logger = options.logger
    this.#open = options.open
  }

  /** This node leads the partition from now on. Resolves when its coordinator is ready, or will not be. */
  async lead(partitionIndex: number, log: CoordinatorLog): Promise<void> {
    this.resign(partitionIndex)
    const led: Led<C> = { log, coordinator: null }
    this.#led.set(partitionIndex, led)
    await this.#load(partitionIndex, led)
  }

  /** This node does not lead the partition any more. */
  resign(partitionIndex: number): void {
    const led = this.#led.get(partitionIndex)
    this.#led.delete(partitionIndex)
    led?.coordinator?.drop(ErrorCode.NOT_COORDINATOR)
  }

  require(partitionIndex: number): C {
    const led = this.#led.get(partitionIndex)
    if (led === undefined) throw new KafkaError('NOT_COORDINATOR')
    if (led.coordinator === null) throw new KafkaError('COORDINATOR_LOAD_IN_PROGRESS')
    return led.coordinator
  }

  /** Those that are ready. */
  *coordinators(): IterableIterator<C> {
    for (const { coordinator } of this.#led.values()) if (coordinator !== null) yield coordinator
  }

  get isLoading(): boolean {
    return [...this.#led.values()].some(({ coordinator }) => coordinator === null)
  }

  close(): void {
    for (const partitionIndex of [...this.#led.keys()]) this.resign(partitionIndex)
    this.deadlines.close()
  }

  async #load(partitionIndex: number, led: Led<C>): Promise<void> {
    const { clock, deadlines } = this
    const isStale = () => this.#led.get(partitionIndex) !== led
    const started = clock.mono()
    let opened: C | null = null
    const fail = (error: unknown) => {
      if (opened !== null && led.coordinator === opened) this.#reload(partitionIndex, led, opened, error)
    }
    try {
      opened = await this.#open({
        partitionIndex,
        log: led.log,
        clock,
        deadlines,
        logger: this.#logger,
        fail,
        isStale,
      })
    } catch (error) {
      if (isStale()) return
      this.#logger.warn(
        { partition: partitionIndex, err: error },
        'coordinator could not be loaded; trying again',
      )
      clock.after(
        RELOAD_DELAY_MS,
        () => void (isStale() || this.#load(partitionIndex, led)),
        'coordinator reload',
      )
      return
    }
    if (isStale()) opened.drop(ErrorCode.NOT_COORDINATOR)
    else led.coordinator = opened
    this.#logger.info({ partition: partitionIndex, ms: clock.mono() - started }, 'coordinator loaded')
  }

  #reload(partitionIndex: number, led: Led<C>, failed: C, error: unknown): void {
    this.#logger.warn({ partition: partitionIndex, err: error }, 'append failed; coordinator is loaded again')
    led.coordinator = null
    failed.drop(appendErrorCode(error))
    void this.#load(partitionIndex, led)
  }
}

const RELOAD_DELAY_MS = 1_000

/** What a failed append means to a member of a group, as Kafka tells it: where to look, or to try again. */
export function appendErrorCode(error: unknown): number {
  const code = errorCodeOf(error)
  switch (code) {
    case ErrorCode.UNKNOWN_TOPIC_OR_PARTITION:
    case ErrorCode.NOT_ENOUGH_REPLICAS:
    case ErrorCode.NOT_ENOUGH_REPLICAS_AFTER_APPEND:
    case ErrorCode.REQUEST_TIMED_OUT:
      return ErrorCode.COORDINATOR_NOT_AVAILABLE
    case ErrorCode.NOT_LEADER_OR_FOLLOWER:
    case ErrorCode.KAFKA_STORAGE_ERROR:
      return ErrorCode.NOT_COORDINATOR
    case ErrorCode.MESSAGE_TOO_LARGE:
    case ErrorCode.RECORD_LIST_TOO_LARGE:
    case ErrorCode.INVALID_FETCH_SIZE:
      return ErrorCode.UNKNOWN_SERVER_ERROR
    default:
      return code
  }
}
