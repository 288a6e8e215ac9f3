import { CorruptionError, type File } from '../../base/disk.ts'
import { openRecords } from '../../protocol/record.ts'
import { batchBytesOf, isControl, isTransactional, lastOffsetOf } from '../../protocol/record-batch.ts'
import { findDamage } from '../../protocol/record-batch-check.ts'
import { type CleaningRules, cleanBatch } from './cleaner-batch.ts'
import type { CleanerKeys } from './cleaner-keys.ts'
import { commitSwap, finishSwap } from './cleaner-swap.ts'
import { type CleaningPlan, groupSegments } from './compaction.ts'
import { GuardBuilder } from './guard.ts'
import type { LogEnvironment } from './log-environment.ts'
import { removeIfExists } from './log-start.ts'
import type { PartitionLog } from './partition-log.ts'
import { Segment } from './segment.ts'
import { SEGMENT_SUFFIXES, segmentName } from './segment-names.ts'

/**
 * One round of compaction over one log: reads the keys of the dirty part, then rewrites segment after segment, several small ones into
 * one, and puts each in its place.
 *
 * It runs in the log's turn, and everything it reads lies below the checkpoint, written and synced. It gives the event loop free after
 * every few milliseconds, and stops where it is when the log is closed: what was put in place stays, the rest is as it was.
 */
export interface CleaningOptions {
  plan: CleaningPlan
  keys: CleanerKeys
  nowMs: number
  /** Tombstones at or above it stay. */
  floor: number
  /** To be awaited between batches. */
  pause: (bytes: number) => Promise<void> | undefined
  /** The broker stops. */
  isStopped: () => boolean
}

export interface Cleaned {
  /** Everything below has been cleaned. */
  cleanedTo: number
  bytesBefore: number
  bytesAfter: number
}

/** The round cannot go on, and nothing is wrong with the log. */
export class CleaningStoppedError extends Error {
  override name = 'CleaningStoppedError'
}

/** The log holds what this version cannot compact. */
class UncleanableError extends Error {
  override name = 'UncleanableError'
}

const WRITE_BYTES = 1 << 20

export async function cleanLog(
  log: PartitionLog,
  environment: LogEnvironment,
  options: CleaningOptions,
): Promise<Cleaned> {
  return new CleaningRound(log, environment, options).run()
}

class CleaningRound {
  readonly #log: PartitionLog
  readonly #environment: LogEnvironment
  readonly #options: CleaningOptions

  constructor(log: PartitionLog, environment: LogEnvironment, options: CleaningOptions) {
    this.#log = log
    this.#environment = environment
    this.#options = options
  }

  async run(): Promise<Cleaned> {
    const { plan, keys } = this.#options
    const { settings } = this.#log
    const segments = this.#log.segments.filter(({ baseOffset }) => baseOffset < plan.dirtyTo)
    const isComplete = await this.#readKeys(segments)
    const cleanedTo = isComplete ? plan.dirtyTo : keys.latestOffset + 1
    const touched = segments.filter(({ baseOffset }) => baseOffset < cleanedTo)
    const result: Cleaned = { cleanedTo, bytesBefore: 0, bytesAfter: 0 }
    for (const group of groupSegments(touched, settings)) {
      const bytes = group.reduce((sum, segment) => sum + segment.sizeBytes, 0)
      result.bytesBefore += bytes
      result.bytesAfter += await this.#cleanGroup(group)
    }
    this.#log.cleanedTo = cleanedTo
    this.#log.isDirty = true
    return result
  }

  /** Notes the last offset of each key in the dirty part; false when there was no room for all of them. */
  async #readKeys(segments: readonly Segment[]): Promise<boolean> {
    const { plan, keys } = this.#options
    for (const segment of segments) {
      if ((segment.endOffset ?? 0) <= plan.dirtyFrom) continue
      for await (const { buffer, at, position } of this.#batchesOf(segment)) {
        requireWhole(segment, buffer, at, position)
        if (lastOffsetOf(buffer, at) < plan.dirtyFrom) continue
        if (!isControl(buffer, at) && !this.#readKeysOf(buffer, at)) return false
        keys.latestOffset = Math.max(keys.latestOffset, lastOffsetOf(buffer, at))
      }
    }
    return true
  }

  #readKeysOf(buffer: Buffer, at: number): boolean {
    const { plan, keys } = this.#options
    if (isTransactional(buffer, at)) throw new UncleanableError('it holds transactions')
    const { cursor, count, baseOffset } = openRecords(buffer, at)
    for (let i = 0; i < count; i++) {
      cursor.next()
      const offset = baseOffset + cursor.offsetDelta
      if (offset < plan.dirtyFrom || cursor.keyBytes < 0) continue
      if (!keys.put(cursor.key!, offset)) return false
    }
    return true
  }

  /** Rewrites some segments as one; gives its size. */
  async #cleanGroup(group: readonly Segment[]): Promise<number> {
    const { disk } = this.#environment
    const { path } = this.#log
    const first = group[0]!
    const cleaned = Segment.create(this.#environment, path, first.baseOffset)
    try {
      const endOffset = await this.#writeCleaned(group, cleaned)
      await commitSwap(disk, path, first.baseOffset)
      await this.#replace(group, cleaned, endOffset)
      return cleaned.sizeBytes
    } catch (error) {
      if (!this.#log.damage) await this.#removeCleaned(first)
      throw error
    }
  }

  /** Writes `.cleaned` files, synced; gives the offset behind their last batch. */
  async #writeCleaned(group: readonly Segment[], cleaned: Segment): Promise<number> {
    const { disk } = this.#environment
    const rules = this.#rules()
    const guard = new GuardBuilder(cleaned.baseOffset)
    let endOffset = cleaned.baseOffset + 1
    const file = await disk.open(`${cleaned.path}.cleaned`, { mode: 'replace' })
    try {
      const writer = new CleanedWriter(file, guard)
      for (const segment of group) {
        for await (const { buffer, at, position } of this.#batchesOf(segment)) {
          requireWhole(segment, buffer, at, position)
          const kept = cleanBatch(buffer, at, rules)
          if (!kept) continue
          cleaned.note(kept, 0, writer.end, this.#log.settings.indexIntervalBytes)
          endOffset = lastOffsetOf(kept, 0) + 1
          await writer.add(kept)
        }
      }
      await writer.flush()
      await file.sync()
    } finally {
      await file.close()
    }
    await cleaned.writeIndexes({ final: true, sync: true, stage: '.cleaned' })
    await this.#writeSynced(`${cleaned.file('.guard')}.cleaned`, guard.format())
    await this.#joinTransactionIndexes(group, cleaned)
    cleaned.endOffset = group.at(-1)!.endOffset
    return endOffset
  }

  #rules(): CleaningRules {
    const { keys, nowMs, floor } = this.#options
    const { producers, durableEnd, settings } = this.#log
    const entries = producers.entriesAt(durableEnd)
    const lastOffsets = new Map(entries.map(({ producerId, lastOffset }) => [producerId, lastOffset]))
    return { keys, nowMs, floor, lastOffsets, deleteRetentionMs: settings.deleteRetentionMs }
  }

  /** Entries follow one another, so the files do. One too many says only that a transaction of which nothing is left was aborted. */
  async #joinTransactionIndexes(group: readonly Segment[], cleaned: Segment): Promise<void> {
    const { disk } = this.#environment
    const parts: Buffer[] = []
    for (const segment of group) {
      const path = segment.file('.txnindex')
      if (!(await disk.exists(path))) continue
      const file = await disk.open(path, { mode: 'read' })
      const bytes = Buffer.allocUnsafeSlow(await file.size())
      await file.read(0, bytes)
      await file.close()
      parts.push(bytes)
    }
    if (parts.length > 0)
      await this.#writeSynced(`${cleaned.file('.txnindex')}.cleaned`, Buffer.concat(parts))
  }

  /** From here on there is no way back: what fails leaves the folder for the next start to put in order. */
  async #replace(group: readonly Segment[], cleaned: Segment, endOffset: number): Promise<void> {
    const { disk, handles } = this.#environment
    const log = this.#log
    let finish = () => {}
    log.replacing = new Promise(resolve => {
      finish = resolve
    })
    try {
      await Promise.all(group.map(segment => segment.retire()))
      await finishSwap(disk, log.path, cleaned.baseOffset, endOffset)
      for (const segment of group.slice(1)) {
        for (const suffix of SEGMENT_SUFFIXES) await removeIfExists(disk, segment.file(suffix))
      }
      if (group.length > 1) await disk.syncDirectory(log.path)
      await handles.close(cleaned.path)
      log.dropCachedBelow(group.at(-1)!.endOffset!)
      log.segments.splice(log.segments.indexOf(group[0]!), group.length, cleaned)
    } catch (error) {
      log.damage = error as Error
      this.#environment.fail(error as Error)
      throw error
    } finally {
      log.replacing = undefined
      finish()
    }
  }

  async #removeCleaned({ baseOffset }: Segment): Promise<void> {
    const { disk, logger } = this.#environment
    const { path } = this.#log
    for (const suffix of SEGMENT_SUFFIXES) {
      for (const stage of ['.swap', '.cleaned'] as const) {
        const name = segmentName(baseOffset, suffix, stage)
        await removeIfExists(disk, `${path}/${name}`).catch(error =>
          logger.warn({ event: 'cleaned-file-left', name, error: String(error) }, 'could not remove a file'),
        )
      }
    }
    await disk.syncDirectory(path).catch(() => {})
  }

  async #writeSynced(path: string, bytes: Buffer): Promise<void> {
    const file = await this.#environment.disk.open(path, { mode: 'replace' })
    try {
      await file.write(0, [bytes])
      await file.sync()
    } finally {
      await file.close()
    }
  }

  async *#batchesOf(segment: Segment): AsyncGenerator<{ buffer: Buffer; at: number; position: number }> {
    for await (const batch of segment.batches()) {
      if (this.#log.isClosed || this.#options.isStopped()) throw new CleaningStoppedError('the log is closed')
      yield batch
      await this.#options.pause(batchBytesOf(batch.buffer, batch.at))
    }
  }
}

/** Gathers what stays, and writes it in large pieces. */
class CleanedWriter {
  /** Where the next batch goes. */
  end = 0
  readonly #file: File
  readonly #guard: GuardBuilder
  #parts: Buffer[] = []
  #bytes = 0

  constructor(file: File, guard: GuardBuilder) {
    this.#file = file
    this.#guard = guard
  }

  async add(batch: Buffer): Promise<void> {
    this.#parts.push(batch)
    this.#bytes += batch.length
    this.end += batch.length
    if (this.#bytes >= WRITE_BYTES) await this.flush()
  }

  async flush(): Promise<void> {
    const parts = this.#parts
    const position = this.end - this.#bytes
    this.#parts = []
    this.#bytes = 0
    for (const part of parts) this.#guard.add(part)
    if (parts.length > 0) await this.#file.write(position, parts)
  }
}

/** What is broken is never written anew with a right checksum. */
function requireWhole(segment: Segment, buffer: Buffer, at: number, position: number): void {
  const reason = findDamage(buffer, at, at + batchBytesOf(buffer, at))
  if (reason) throw new CorruptionError(segment.path, position, reason)
}
