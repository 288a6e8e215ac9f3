import type { Lease } from '../../base/buffer-pool.ts'
import { CorruptionError, hasCode, readIfExists } from '../../base/disk.ts'
import {
  BATCH_HEADER_BYTES,
  baseOffsetOf,
  batchBytesOf,
  lastOffsetOf,
  magicOf,
  maxTimestampOf,
} from '../../protocol/record-batch.ts'
import { findDamage } from '../../protocol/record-batch-check.ts'
import type { SegmentTimes } from '../flight.ts'
import type { Guard } from './guard.ts'
import { writeIndexFile } from './index-file.ts'
import type { LogEnvironment } from './log-environment.ts'
import { OffsetIndex } from './offset-index.ts'
import { SegmentGoneError } from './segment-gone.ts'
import { loadGuard, writeGuard } from './segment-guard.ts'
import { type SegmentStage, type SegmentSuffix, segmentName } from './segment-names.ts'
import { readLastEntry, TimeIndex } from './time-index.ts'
import { isTrueTime } from './time-proof.ts'

/**
 * One file of a partition's log, with its two indexes.
 *
 * `sizeBytes` counts every byte that was given a place, also those that are still on their way to the file. Indexes are in memory
 * while the segment is active and are written at roll, checkpoint and close; for sealed segments they are loaded when first needed,
 * and rebuilt from the batches when they are missing or wrong.
 * Length: the file, its indexes and what is known of its times change together.
 */
export class Segment {
  readonly baseOffset: number
  readonly path: string
  readonly #folder: string
  readonly #environment: LogEnvironment
  sizeBytes = 0
  /** Largest timestamp in the segment, and the offset of the batch that has it. -1 when unknown or empty. */
  maxTimestamp = -1
  maxTimestampOffset = -1
  /** Timestamp of the first batch; -1 when empty. Rolling by time counts from it. */
  firstTimestamp = -1
  /** Compaction or retention has taken the files away: see `retire`. */
  isDeleted = false
  /** Completing its files after the roll; they are not touched by others before. */
  sealing: Promise<void> | undefined
  /** First offset behind the segment, once it is sealed. */
  endOffset: number | undefined
  #offsets: OffsetIndex | undefined
  #times: TimeIndex | undefined
  #loading: Promise<void> | undefined
  #bytesSinceEntry = 0
  #guard: Promise<Guard | undefined> | undefined
  /** The timestamps are those of all batches: so it is where they were appended or scanned since the start. */
  #knowsTimes = false
  /** The file's name is durable in its folder. */
  #isNamed = false
  /** Positions by offset where readers stopped; a sequential reader finds its place without the index. */
  readonly #next = new Map<number, number>()

  constructor(environment: LogEnvironment, folder: string, baseOffset: number) {
    this.#environment = environment
    this.#folder = folder
    this.baseOffset = baseOffset
    this.path = this.file('.log')
  }

  /** A new, empty segment: its indexes need no loading. */
  static create(environment: LogEnvironment, folder: string, baseOffset: number): Segment {
    const segment = new Segment(environment, folder, baseOffset)
    segment.startIndexes()
    return segment
  }

  /** The path of one of the segment's files. */
  file(suffix: SegmentSuffix): string {
    return `${this.#folder}/${segmentName(this.baseOffset, suffix)}`
  }

  adoptIndexes(offsets: OffsetIndex, times: TimeIndex): void {
    this.#offsets = offsets
    this.#times = times
  }

  get indexBytes(): number {
    return Math.max(this.#offsets?.bytes().length ?? 0, this.#times?.bytes().length ?? 0)
  }

  /** Counts a batch that was given the place `position`; adds an index entry every `indexIntervalBytes`. */
  note(buffer: Buffer, at: number, position: number, indexIntervalBytes: number): void {
    const bytes = batchBytesOf(buffer, at)
    const lastOffset = lastOffsetOf(buffer, at)
    const maxTimestamp = maxTimestampOf(buffer, at)
    if (this.firstTimestamp < 0) this.firstTimestamp = maxTimestamp
    if (maxTimestamp > this.maxTimestamp) {
      this.maxTimestamp = maxTimestamp
      this.maxTimestampOffset = lastOffset
    }
    if (this.#bytesSinceEntry > indexIntervalBytes && this.#offsets && this.#times) {
      this.#offsets.append(lastOffset, position)
      this.#times.maybeAppend(this.maxTimestamp, this.maxTimestampOffset)
      this.#bytesSinceEntry = 0
    }
    this.#bytesSinceEntry += bytes
    this.sizeBytes = Math.max(this.sizeBytes, position + bytes)
  }

  /** The index entry at or before the batch that holds the offset; the first batch has none. */
  async entryBefore(offset: number): Promise<{ offset: number | undefined; position: number }> {
    if (!this.#offsets) await this.#load()
    return this.#offsets!.floor(offset) ?? { offset: undefined, position: 0 }
  }

  /** The greatest indexed position that is above `from` and at most `until`; undefined when there is none. */
  async indexedPositionIn(from: number, until: number): Promise<number | undefined> {
    if (!this.#offsets) await this.#load()
    return this.#offsets!.lastPositionIn(from, until)
  }

  /** The offset from which on records with this timestamp, or a later one, can stand. */
  async offsetBeforeTimestamp(timestamp: number): Promise<number> {
    if (!this.#times) await this.#load()
    return this.#times!.lookup(timestamp)
  }

  get times(): SegmentTimes {
    return { first: this.firstTimestamp, max: this.maxTimestamp, maxOffset: this.maxTimestampOffset }
  }

  /** The largest timestamp; read from the time index when the segment was not scanned since the start. */
  async largestTimestamp(): Promise<{ timestamp: number; offset: number }> {
    if (!this.#knowsTimes && this.sizeBytes > 0) await this.#learnTimes()
    return { timestamp: this.maxTimestamp, offset: this.maxTimestampOffset }
  }

  /** Looks only at the last entry of the file, so that retention need not keep the indexes of old segments in memory. */
  async #learnTimes(): Promise<void> {
    if (this.isDeleted) throw new SegmentGoneError(this.path)
    const path = this.file('.timeindex')
    let last = this.#times
      ? this.#times.last
      : await readLastEntry(this.#environment.disk, path, this.baseOffset)
    if (!last) {
      if (!this.#times) await this.#load()
      last = this.#times!.last
    }
    if (!last || !(await this.#isTrue(last, this.sizeBytes))) {
      await this.#rebuild('the time index does not end with the time of a batch')
      return
    }
    this.maxTimestamp = last.timestamp
    this.maxTimestampOffset = last.offset
    this.#knowsTimes = true
  }

  async #isTrue(entry: { timestamp: number; offset: number }, until: number): Promise<boolean> {
    const from = this.#offsets
      ? this.#offsets.lookup(entry.offset)
      : await this.#indexedPosition(entry.offset)
    return from !== undefined && isTrueTime(this, entry, from, until)
  }

  /** From the file, of which nothing is kept; undefined when it cannot be used. */
  async #indexedPosition(offset: number): Promise<number | undefined> {
    const file = this.file('.index')
    const bytes = await readIfExists(this.#environment.disk, file)
    try {
      const { baseOffset, sizeBytes: logBytes } = this
      return bytes && OffsetIndex.parse(bytes, { baseOffset, logBytes, file }).lookup(offset)
    } catch (error) {
      if (error instanceof CorruptionError) return undefined
      throw error
    }
  }

  /** Whether offsets may jump: only where compaction has been, and there a guard covers every byte of the file. */
  async mayHaveGaps(): Promise<boolean> {
    return (await this.#findGuard()) !== undefined
  }

  /** The same as `read` into memory of the pool; the lease is the caller's. */
  async readLeased(position: number, length: number): Promise<{ buffer: Buffer; lease: Lease }> {
    const range = await this.#rangeToRead(position, length)
    const lease = this.#environment.pool.acquire(range.end - range.start)
    try {
      const buffer = await this.#readInto(lease.buffer.subarray(0, range.end - range.start), range.start)
      return { buffer: buffer.subarray(position - range.start, position - range.start + length), lease }
    } catch (error) {
      lease.release()
      throw error
    }
  }

  /** Bytes that have a guard are read in whole blocks of it. */
  async #rangeToRead(position: number, length: number): Promise<{ start: number; end: number }> {
    const guard = await this.#findGuard()
    return guard ? guard.rangeAround(position, length) : { start: position, end: position + length }
  }

  async #readInto(buffer: Buffer, position: number): Promise<Buffer> {
    if (this.isDeleted) throw new SegmentGoneError(this.path)
    const bytes = await this.#environment.handles.use(this.path, 'read', file => file.read(position, buffer))
    const read = bytes === buffer.length ? buffer : buffer.subarray(0, bytes)
    const damage = (await this.#findGuard())?.findDamage(position, read)
    if (damage !== undefined)
      throw new CorruptionError(this.path, damage, 'a block is not what its guard says')
    return read
  }

  /** Sealed segments alone have one, and it never changes: compaction makes another segment. */
  async #findGuard(): Promise<Guard | undefined> {
    if (this.endOffset === undefined) return undefined
    this.#guard ??= loadGuard(this.#environment, this).catch(error => {
      this.#guard = undefined
      throw error
    })
    return this.#guard
  }

  /** For a segment with gaps that came without a guard; all of its batches were just proven. */
  async writeGuard(): Promise<void> {
    await writeGuard(this.#environment, this)
    this.#guard = undefined
  }

  /** Notes where the batch that ends before an offset ends, for a reader that goes on from there. */
  noteNext(offset: number, position: number): void {
    if (this.#next.size >= NEXT_PLACES_MAX) this.#next.delete(this.#next.keys().next().value!)
    this.#next.set(offset, position)
  }

  /** The position of the batch that begins with the offset, when a reader has just come to it. */
  findNext(offset: number): number | undefined {
    return this.#next.get(offset)
  }

  /** Reads up to `length` bytes from the file; what was not yet written there is not included. */
  async read(position: number, length: number): Promise<Buffer> {
    const wanted = Math.max(0, Math.min(length, this.sizeBytes - position))
    const { start, end } = await this.#rangeToRead(position, wanted)
    const buffer = await this.#readInto(Buffer.allocUnsafeSlow(end - start), start)
    return buffer.subarray(position - start, position - start + wanted)
  }

  async sync(): Promise<void> {
    if (this.isDeleted) return
    await this.#environment.handles.use(this.path, 'create', file => file.sync())
    if (this.#isNamed) return
    await this.#environment.disk.syncDirectory(this.#folder)
    this.#isNamed = true
  }

  /**
   * The files are about to go or to be replaced. From now on nothing is read from their names or written to them; who reads
   * already goes on with the file that is open. A reader gets `SegmentGoneError` and looks at the log's segments again.
   */
  async retire(): Promise<void> {
    this.isDeleted = true
    await Promise.allSettled([this.#loading, this.#guard, this.sealing])
    await this.#environment.handles.close(this.path)
  }

  /** Writes both indexes. `final` adds the last time entry, as Kafka does when a segment is rolled or closed. */
  async writeIndexes(options: { final: boolean; sync: boolean; stage?: SegmentStage | '' }): Promise<void> {
    const { final, sync, stage = '' } = options
    if (!this.#offsets || !this.#times) return
    if (final && this.maxTimestamp >= 0) this.#times.maybeAppend(this.maxTimestamp, this.maxTimestampOffset)
    const [offsets, times] = [this.#offsets.bytes(), this.#times.bytes()]
    await writeIndexFile(this.#environment.disk, this.file('.index') + stage, offsets, sync)
    await writeIndexFile(this.#environment.disk, this.file('.timeindex') + stage, times, sync)
  }

  /** Takes the files away, as far as there are any. */
  async remove(): Promise<void> {
    await this.retire()
    for (const suffix of ['.log', '.index', '.timeindex', '.guard'] as const) {
      await this.#environment.disk.remove(this.file(suffix)).catch(error => {
        if (!hasCode(error, 'ENOENT')) throw error
      })
    }
    await this.#environment.disk.syncDirectory(this.#folder).catch(() => {}) // there may be no folder yet
  }

  /** What stands behind a place was taken back: the segment ends there, and appends go on. */
  truncate(offset: number, sizeBytes: number, times: SegmentTimes): void {
    this.#offsets?.truncateTo(offset)
    this.#times?.truncateTo(offset)
    this.#next.clear()
    this.sizeBytes = sizeBytes
    this.endOffset = undefined
    this.firstTimestamp = times.first
    this.maxTimestamp = times.max
    this.maxTimestampOffset = times.maxOffset
    this.#bytesSinceEntry = sizeBytes - (this.#offsets?.lastPosition ?? 0)
  }

  /** Walks every batch of the file; throws CorruptionError at the first that is not one. */
  async *batches(
    from = 0,
    until = this.sizeBytes,
    chunkBytes = 1 << 20,
  ): AsyncGenerator<{ buffer: Buffer; at: number; position: number }> {
    let position = from
    while (position < until) {
      let chunk = await this.read(position, Math.min(chunkBytes, until - position))
      if (chunk.length >= BATCH_HEADER_BYTES) {
        const first = batchBytesOf(chunk, 0)
        if (first > chunk.length && position + first <= until) chunk = await this.read(position, first)
      }
      let at = 0
      while (at + BATCH_HEADER_BYTES <= chunk.length) {
        const bytes = batchBytesOf(chunk, at)
        if (bytes < BATCH_HEADER_BYTES || magicOf(chunk, at) !== 2) {
          throw new CorruptionError(this.path, position + at, 'no record batch begins here')
        }
        if (at + bytes > chunk.length) break
        yield { buffer: chunk, at, position: position + at }
        at += bytes
      }
      if (at === 0) throw new CorruptionError(this.path, position, 'a record batch is cut short')
      position += at
    }
  }

  /** Makes both indexes anew from the batches below a position. */
  async rebuildIndexes(until = this.sizeBytes): Promise<void> {
    const fresh = Segment.create(this.#environment, this.#folder, this.baseOffset)
    let offset = this.baseOffset
    for await (const { buffer, at, position } of this.batches(0, until)) {
      const damage = findDamage(buffer, at, buffer.length)
      if (damage) throw new CorruptionError(this.path, position, damage)
      if (baseOffsetOf(buffer, at) < offset) throw new CorruptionError(this.path, position, 'offsets go back')
      fresh.note(buffer, at, position, this.#environment.indexIntervalBytes)
      offset = lastOffsetOf(buffer, at) + 1
    }
    this.#offsets = fresh.#offsets
    this.#times = fresh.#times
    this.#bytesSinceEntry = fresh.#bytesSinceEntry
    this.firstTimestamp = fresh.firstTimestamp
    this.maxTimestamp = fresh.maxTimestamp
    this.maxTimestampOffset = fresh.maxTimestampOffset
    this.#knowsTimes = true
  }

  /** Begins empty indexes for a segment whose batches are about to be noted from its first on. */
  startIndexes(): void {
    this.adoptIndexes(new OffsetIndex(this.baseOffset), new TimeIndex(this.baseOffset))
    this.firstTimestamp = -1
    this.maxTimestamp = -1
    this.maxTimestampOffset = -1
    this.#bytesSinceEntry = 0
    this.#knowsTimes = true
  }

  /** Readies an active segment for appends behind a place: indexes without what may have stood beyond it. */
  async loadIndexesUpTo(endOffset: number, position: number): Promise<void> {
    if (position === 0) {
      this.startIndexes()
      return
    }
    await this.#loadOnce({ endOffset, position })
    const { last } = this.#times!
    if (last && !(await this.#isTrue(last, position)))
      await this.#rebuild('the time index does not end with the time of a batch', position)
    const indexed = this.#offsets!.lastPosition
    this.maxTimestamp = this.#times!.lastTimestamp
    this.maxTimestampOffset = this.#times!.lastOffset
    // The time index tells of the batches up to the last entry of the offset index.
    for await (const { buffer, at } of this.batches(indexed, position)) {
      if (maxTimestampOf(buffer, at) <= this.maxTimestamp) continue
      this.maxTimestamp = maxTimestampOf(buffer, at)
      this.maxTimestampOffset = lastOffsetOf(buffer, at)
    }
    this.firstTimestamp = maxTimestampOf(await this.read(0, BATCH_HEADER_BYTES), 0)
    this.#bytesSinceEntry = position - indexed
    this.#knowsTimes = true
  }

  /** Loads both indexes, or rebuilds them. Loading is shared by all who ask meanwhile. */
  #load(): Promise<void> {
    if (this.isDeleted) return Promise.reject(new SegmentGoneError(this.path))
    this.#loading ??= this.#loadOnce().finally(() => {
      this.#loading = undefined
    })
    return this.#loading
  }

  /** With `cut` only what lies below that place counts. */
  async #loadOnce(cut?: { endOffset: number; position: number }): Promise<void> {
    const { disk } = this.#environment
    try {
      const offsets = await readIfExists(disk, this.file('.index'))
      const times = await readIfExists(disk, this.file('.timeindex'))
      if (!offsets || !times) throw new CorruptionError(this.path, 0, 'an index is missing')
      const { baseOffset } = this
      const logBytes = cut ? Number.MAX_SAFE_INTEGER : this.sizeBytes
      const endOffset = cut ? Number.MAX_SAFE_INTEGER : (this.endOffset ?? Number.MAX_SAFE_INTEGER)
      const parsed = OffsetIndex.parse(offsets, { baseOffset, logBytes, file: this.file('.index') })
      const parsedTimes = TimeIndex.parse(times, { baseOffset, endOffset, file: this.file('.timeindex') })
      if (cut) {
        parsed.truncateTo(cut.endOffset)
        parsedTimes.truncateTo(cut.endOffset)
        if (parsed.lastPosition >= cut.position)
          throw new CorruptionError(this.path, 0, 'the index reaches too far')
      }
      await this.#checkLastEntry(parsed)
      this.adoptIndexes(parsed, parsedTimes)
    } catch (error) {
      if (!(error instanceof CorruptionError) || this.isDeleted) throw error
      await this.#rebuild(error.message, cut?.position)
    }
  }

  async #rebuild(reason: string, until?: number): Promise<void> {
    const { logger } = this.#environment
    logger.warn({ event: 'index-rebuilt', segment: this.path, reason }, 'rebuilding the indexes')
    await this.rebuildIndexes(until)
    if (!this.isDeleted) await this.writeIndexes({ final: true, sync: false })
  }

  /** An index that fits its own rules can still belong to other bytes: its last entry must point at its batch. */
  async #checkLastEntry({ last }: OffsetIndex): Promise<void> {
    if (!last) return
    const header = await this.read(last.position, BATCH_HEADER_BYTES)
    const fits = header.length === BATCH_HEADER_BYTES && lastOffsetOf(header, 0) === last.offset
    if (!fits) throw new CorruptionError(this.path, last.position, 'the index belongs to another segment')
  }
}

/** Readers of one segment whose places are remembered. */
const NEXT_PLACES_MAX = 16
