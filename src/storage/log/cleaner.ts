import type { Clock, Timer } from '../../base/clock.ts'
import { hasCode } from '../../base/disk.ts'
import type { Logger } from '../../base/logger.ts'
import { BATCH_HEADER_BYTES, maxTimestampOf } from '../../protocol/record-batch.ts'
import type { LogDirectory } from '../log-directory.ts'
import { CleanerKeys } from './cleaner-keys.ts'
import { type Cleaned, CleaningStoppedError, cleanLog } from './cleaner-run.ts'
import { type CleaningPlan, isDueForCleaning, pickDirtiest, planCleaning } from './compaction.ts'
import { takeTurn } from './log-start.ts'
import type { PartitionLog } from './partition-log.ts'
import type { RetentionClock } from './retention-clock.ts'
import type { Segment } from './segment.ts'

/**
 * Compaction in the background: looks for the dirtiest log of all directories, cleans it, and rests when there is none
 * (`log.cleaner.backoff.ms`). One log at a time.
 *
 * Only what is below a log's checkpoint is touched, and never the active segment. A log that cannot be cleaned (damage, transactions) is
 * left alone until the next start, and said so once.
 *
 * Work goes in slices of `SLICE_MS`, and rests twice as long after each, so that it never has more than a third of the event loop.
 */
export interface CleanerOptions {
  directories: readonly LogDirectory[]
  clock: Clock
  time: RetentionClock
  logger: Logger
  backoffMs: number
  keyBytesMax: number
  /** The compaction floor: tombstones at or above it stay. What every replica has stored; for a group of one, what is durable. */
  floorOf?: (log: PartitionLog) => number
}

const SLICE_MS = 1
const REST_RATIO = 2
/** Where the clock is coarse, or stands still in a test, bytes end a slice too. */
const SLICE_BYTES = 1 << 20

/** There is no checkpoint to lean on. It covers all logs of a directory, and says nothing of the one that was to be cleaned. */
class NoCheckpointError extends Error {
  override name = 'NoCheckpointError'

  constructor(cause: Error) {
    super(cause.message, { cause })
  }
}

interface Candidate extends CleaningPlan {
  log: PartitionLog
  directory: LogDirectory
}

export class Cleaner {
  readonly #options: CleanerOptions
  /** `log.cleaner.backoff.ms`; in force from the next rest on. */
  backoffMs: number
  /** `log.cleaner.dedupe.buffer.size`; in force from the next round on. */
  keyBytesMax: number
  readonly #uncleanable = new WeakSet<PartitionLog>()
  readonly #firstTimestamps = new WeakMap<Segment, number>()
  #timer: Timer | undefined
  #running: Promise<boolean> | undefined
  #isClosed = false
  #sliceStart = 0
  #sliceBytes = 0
  readonly counters = { rounds: 0, bytesBefore: 0, bytesAfter: 0, uncleanable: 0 }

  constructor(options: CleanerOptions) {
    this.#options = options
    this.backoffMs = options.backoffMs
    this.keyBytesMax = options.keyBytesMax
  }

  start(): void {
    this.#schedule()
  }

  /** Cleans the log that needs it most; false when none does. */
  run(): Promise<boolean> {
    if (this.#isClosed) return Promise.resolve(false)
    this.#running ??= this.#runOnce().finally(() => {
      this.#running = undefined
    })
    return this.#running
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#timer?.cancel()
    await this.#running?.catch(() => {})
  }

  #schedule(): void {
    this.#timer = this.#options.clock.after(Math.max(1, this.backoffMs), () => void this.#runAll(), 'cleaner')
  }

  async #runAll(): Promise<void> {
    while (!this.#isClosed && (await this.run()));
    if (!this.#isClosed) this.#schedule()
  }

  async #runOnce(): Promise<boolean> {
    const now = this.#options.time.read()
    const due: Candidate[] = []
    this.#beginSlice()
    for (const directory of this.#options.directories) {
      if (directory.isOffline) continue
      for (const log of [...directory.logs]) {
        if (this.#isClosed) return false
        const plan = await this.#planFor(log, now).catch(error => this.#report(log, directory, error))
        if (plan && isDueForCleaning(plan, log.settings)) due.push({ ...plan, log, directory })
        await this.#pause(0)
      }
    }
    const candidate = pickDirtiest(due)
    if (!candidate) return false
    const { log, directory } = candidate
    try {
      await takeTurn(log, () => this.#clean(candidate, now))
      return true
    } catch (error) {
      this.#report(log, directory, error)
      return !isPassing(error)
    }
  }

  async #planFor(log: PartitionLog, now: number): Promise<CleaningPlan | undefined> {
    const { settings, active } = log
    const isOpen = !log.damage && !log.isClosed && !log.isPinned
    if (!settings.isCompacted || !isOpen || !active || log.segments.length < 2) return undefined
    if (this.#uncleanable.has(log)) return undefined
    const sealed = log.segments.slice(0, -1)
    const needsTimes = settings.minCompactionLagMs > 0
    const needsFirstTimes = Number.isFinite(settings.maxCompactionLagMs)
    const segments: {
      baseOffset: number
      bytes: number
      largestTimestamp: number
      firstTimestamp: number
    }[] = []
    for (const segment of sealed) {
      segments.push({
        baseOffset: segment.baseOffset,
        bytes: segment.sizeBytes,
        largestTimestamp: needsTimes ? (await segment.largestTimestamp()).timestamp : -1,
        firstTimestamp: needsFirstTimes ? await this.#firstTimestampOf(segment) : -1,
      })
    }
    return planCleaning(
      {
        startOffset: log.startOffset,
        cleanedTo: log.cleanedTo,
        untouchableFrom: untouchableFrom(log),
        segments,
        settings,
      },
      now,
    )
  }

  async #firstTimestampOf(segment: Segment): Promise<number> {
    const known = this.#firstTimestamps.get(segment)
    if (known !== undefined) return known
    const header = await segment.read(0, BATCH_HEADER_BYTES)
    const timestamp = header.length === BATCH_HEADER_BYTES ? maxTimestampOf(header, 0) : -1
    this.#firstTimestamps.set(segment, timestamp)
    return timestamp
  }

  /** The log's own turn: the checkpoint comes first, so that no start looks for bytes that compaction has moved. */
  async #clean(candidate: Candidate, now: number): Promise<void> {
    const { log, directory } = candidate
    const { floorOf = one => one.durableEnd, logger, clock } = this.#options
    if (log.isClosed || log.isPinned || this.#isClosed) return
    const begun = clock.mono()
    log.isDirty = true
    await directory.checkpoint().catch(error => {
      throw new NoCheckpointError(error)
    })
    const cleaned = await cleanLog(log, directory.environment, {
      plan: candidate,
      keys: new CleanerKeys(this.keyBytesMax),
      nowMs: now,
      floor: floorOf(log),
      pause: bytes => this.#pause(bytes),
      isStopped: () => this.#isClosed,
    })
    this.#count(cleaned)
    logger.info(
      { event: 'compaction', partition: log.folder, ...cleaned, ms: Math.round(clock.mono() - begun) },
      `${log.folder} is compacted up to ${cleaned.cleanedTo}`,
    )
  }

  #count({ bytesBefore, bytesAfter }: Cleaned): void {
    this.counters.rounds++
    this.counters.bytesBefore += bytesBefore
    this.counters.bytesAfter += bytesAfter
  }

  #beginSlice(): void {
    this.#sliceStart = this.#options.clock.mono()
    this.#sliceBytes = 0
  }

  #pause(bytes: number): Promise<void> | undefined {
    const { clock } = this.#options
    this.#sliceBytes += bytes
    const elapsed = clock.mono() - this.#sliceStart
    if (this.#sliceBytes < SLICE_BYTES && elapsed < SLICE_MS) return undefined
    return new Promise(resolve => {
      const goOn = () => {
        this.#beginSlice()
        resolve()
      }
      if (elapsed > 0) clock.after(elapsed * REST_RATIO, goOn, 'cleaner-rest')
      else clock.soon(goOn)
    })
  }

  #report(log: PartitionLog, directory: LogDirectory, error: unknown): undefined {
    const isExpected = error instanceof CleaningStoppedError || log.isClosed || this.#isClosed
    if (isExpected || directory.isOffline) return
    const mayPass = isPassing(error)
    if (!mayPass) {
      this.#uncleanable.add(log)
      this.counters.uncleanable++
    }
    this.#options.logger[mayPass ? 'warn' : 'error'](
      { event: 'compaction-failed', partition: log.folder, error: String(error) },
      mayPass
        ? 'compaction will be tried again'
        : `${log.folder} is not compacted any more: ${String(error)}`,
    )
  }
}

/** Nothing is wrong with the log itself: it is tried again in a later round. */
function isPassing(error: unknown): boolean {
  return error instanceof NoCheckpointError || hasCode(error, 'ENOSPC')
}

/** The active segment, whatever is not durable or not stable, and where the checkpoint may point to: by whole segments. */
function untouchableFrom(log: PartitionLog): number {
  const { segments, durableEnd, landedPlace } = log
  const stable = log.producers.lastStableOffset(durableEnd)
  const bound = Math.min(log.active!.baseOffset, landedPlace.segment, log.visibleEnd)
  let from = 0
  for (let i = 1; i < segments.length; i++) {
    const { baseOffset } = segments[i]!
    if (baseOffset <= bound && baseOffset <= stable) from = baseOffset
  }
  return from
}
