import type { Clock, Timer } from '../../base/clock.ts'
import { hasCode } from '../../base/disk.ts'
import type { Logger } from '../../base/logger.ts'
import type { LogDirectory } from '../log-directory.ts'
import {
  removeIfExists,
  removeLeftovers,
  segmentsBelowStart,
  setSegmentsAside,
  takeTurn,
} from './log-start.ts'
import type { PartitionLog } from './partition-log.ts'
import { findExpired } from './retention.ts'
import type { RetentionClock } from './retention-clock.ts'
import type { Segment } from './segment.ts'

/**
 * Runs retention in the background over all logs of all directories: moves log starts, takes what lies below them off the disk, and lets
 * producers go that have expired.
 *
 * A round goes from log to log and gives the event loop free in between. Log starts move first, then each directory takes one
 * checkpoint for all of them, then files go. What is set aside is removed after `file.delete.delay.ms`, or at once when the disk is
 * nearly full; what a stop or a crash leaves of it goes with the first round after the next start.
 */
export interface RetentionOptions {
  directories: readonly LogDirectory[]
  clock: Clock
  /** Shared with compaction: both delete by it. */
  time: RetentionClock
  logger: Logger
  /** `log.retention.check.interval.ms`. */
  intervalMs: number
}

/** As in Kafka: a start has other work first. */
const FIRST_ROUND_MS = 30_000
const SLICE_MS = 2

export class RetentionKeeper {
  readonly #options: RetentionOptions
  readonly #firstSeen = new WeakMap<Segment, number>()
  readonly #removals = new Set<{ timer: Timer; paths: readonly string[] }>()
  readonly #swept = new WeakSet<PartitionLog>()
  #timer: Timer | undefined
  #running: Promise<void> | undefined
  #isClosed = false
  /** Segments removed so far, and their bytes. */
  readonly counters = { segments: 0, bytes: 0, producers: 0 }

  constructor(options: RetentionOptions) {
    this.#options = options
  }

  start(): void {
    this.#schedule(Math.min(FIRST_ROUND_MS, this.#options.intervalMs))
  }

  /** One round over everything; a call while one runs waits for that one. `urgent`: the disk is nearly full. */
  run({ urgent = false } = {}): Promise<void> {
    if (this.#isClosed) return Promise.resolve()
    this.#running ??= this.#runOnce(urgent).finally(() => {
      this.#running = undefined
    })
    return this.#running
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#timer?.cancel()
    for (const { timer } of this.#removals) timer.cancel()
    this.#removals.clear()
    await this.#running?.catch(() => {})
  }

  #schedule(delayMs: number): void {
    const { clock, intervalMs } = this.#options
    this.#timer = clock.after(
      delayMs,
      () => {
        void this.run().then(() => {
          if (!this.#isClosed) this.#schedule(intervalMs)
        })
      },
      'retention',
    )
  }

  async #runOnce(urgent: boolean): Promise<void> {
    const now = this.#options.time.read()
    if (urgent) await this.#removeAtOnce()
    for (const directory of this.#options.directories) {
      if (this.#isClosed || directory.isOffline) continue
      try {
        await this.#runDirectory(directory, now, urgent)
      } catch (error) {
        this.#report(directory, error)
      }
    }
  }

  async #runDirectory(directory: LogDirectory, now: number, urgent: boolean): Promise<void> {
    const { clock } = this.#options
    const withSegmentsToGo: PartitionLog[] = []
    let sliceEnd = clock.mono() + SLICE_MS
    for (const log of [...directory.logs]) {
      if (this.#isClosed) return
      if (log.damage || log.isClosed || log.isPinned) continue
      try {
        await this.#expire(log, directory, now)
      } catch (error) {
        if (!log.isClosed) this.#report(directory, error, log)
      }
      if (segmentsBelowStart(log).length > 0) withSegmentsToGo.push(log)
      if (clock.mono() < sliceEnd) continue
      await new Promise<void>(resolve => clock.soon(resolve))
      sliceEnd = clock.mono() + SLICE_MS
    }
    if (withSegmentsToGo.length === 0) return
    // The segments as they are now: what falls below the start later is not covered by this checkpoint.
    const gone = new Map(withSegmentsToGo.map(log => [log, new Set(segmentsBelowStart(log))]))
    for (const log of withSegmentsToGo) log.isDirty = true
    await directory.checkpoint()
    for (const [log, segments] of gone) {
      if (this.#isClosed) return
      await takeTurn(log, () => this.#remove(log, directory, segments, urgent)).catch(error => {
        if (!log.isClosed) this.#report(directory, error, log)
      })
    }
  }

  async #expire(log: PartitionLog, directory: LogDirectory, now: number): Promise<void> {
    if (!this.#swept.has(log)) {
      await takeTurn(log, () => removeLeftovers(log, directory.environment))
      this.#swept.add(log)
    }
    this.counters.producers += log.producers.removeExpired(now)
    const { startOffset, needsRoll } = await findExpired(log, now, segment => this.#sinceWhen(segment, now))
    if (startOffset <= log.startOffset || log.isPinned) return
    if (needsRoll && startOffset === log.endOffset) await log.rollEarly()
    if (log.isPinned) return
    const from = log.startOffset
    await log.moveStart(startOffset)
    this.#options.logger.info(
      { event: 'retention', partition: log.folder, from, to: log.startOffset },
      `${log.folder} begins at ${log.startOffset} now`,
    )
  }

  async #remove(
    log: PartitionLog,
    directory: LogDirectory,
    candidates: ReadonlySet<Segment>,
    urgent: boolean,
  ): Promise<void> {
    const gone = segmentsBelowStart(log)
    while (gone.length > 0 && !candidates.has(gone.at(-1)!)) gone.pop()
    const paths = await setSegmentsAside(log, directory.environment, gone)
    this.counters.segments += gone.length
    for (const { sizeBytes } of gone) this.counters.bytes += sizeBytes
    const delayMs = urgent ? 0 : log.settings.fileDeleteDelayMs
    if (delayMs === 0) return this.#removeFiles(paths)
    const removal = {
      paths,
      timer: this.#options.clock.after(
        delayMs,
        () => {
          this.#removals.delete(removal)
          void this.#removeFiles(paths)
        },
        'segment-removal',
      ),
    }
    this.#removals.add(removal)
  }

  async #removeAtOnce(): Promise<void> {
    const removals = [...this.#removals]
    this.#removals.clear()
    for (const { timer, paths } of removals) {
      timer.cancel()
      await this.#removeFiles(paths)
    }
  }

  /** A file that cannot be removed now is removed after the next start; a topic that was deleted takes its files along. */
  async #removeFiles(paths: readonly string[]): Promise<void> {
    const [directory] = this.#options.directories
    for (const path of paths) await removeIfExists(directory!.environment.disk, path).catch(() => {})
  }

  #sinceWhen(segment: Segment, now: number): number {
    const since = this.#firstSeen.get(segment)
    if (since !== undefined) return since
    this.#firstSeen.set(segment, now)
    return now
  }

  #report(directory: LogDirectory, error: unknown, log?: PartitionLog): void {
    if (this.#isClosed || directory.isOffline) return
    const level = hasCode(error, 'ENOSPC') ? 'warn' : 'error'
    this.#options.logger[level](
      { event: 'retention-failed', directory: directory.root, partition: log?.folder, error: String(error) },
      'retention will be tried again',
    )
  }
}
