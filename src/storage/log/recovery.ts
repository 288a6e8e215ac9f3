import { CorruptionError, hasCode, readIfExists } from '../../base/disk.ts'
import { KafkaError } from '../../protocol/errors.ts'
import {
  BATCH_HEADER_BYTES,
  baseOffsetOf,
  batchBytesOf,
  lastOffsetOf,
  leaderEpochOf,
} from '../../protocol/record-batch.ts'
import { findDamage } from '../../protocol/record-batch-check.ts'
import type { ReplicaCheckpoint } from '../checkpoint.ts'
import { EntryKind, type JournalEntry } from '../journal-frame.ts'
import { UnknownVersionError } from '../sealed-file.ts'
import { hasPlausibleOffset } from './checked-batches.ts'
import { recoverSwaps } from './cleaner-swap.ts'
import { isInternalBatch } from './internal-batches.ts'
import { JournaledTail } from './journaled-tail.ts'
import { knownPlaceOf, type Place } from './known-place.ts'
import { LEADER_EPOCH_FILE, LeaderEpochs } from './leader-epochs.ts'
import type { LogEnvironment } from './log-environment.ts'
import type { LogSettings } from './log-settings.ts'
import type { LogState } from './log-state.ts'
import { makePartitionFolder, readPartitionMetadata } from './partition-metadata.ts'
import { parseProducerSnapshot } from './producer-snapshot.ts'
import { ProducerState } from './producer-state.ts'
import { hasLaterBatch, rewrite } from './recovery-bytes.ts'
import { Segment } from './segment.ts'
import { parseSegmentName, segmentName } from './segment-names.ts'

/**
 * Opening a log after whatever happened.
 *
 * Three sources say what must be there: the checkpoint (durable in the segments), the journal above it (durable in the journal, written
 * again here), and marks (written and synced directly). Below the furthest of them, a byte that is missing or wrong is damage. Behind it,
 * whole batches that continue the log are kept, written again and synced; the first that is not one is a torn tail and is cut.
 *
 * A folder without a checkpoint was written by Kafka, or its checkpoint is lost: all of it is read. There a bad batch is a torn tail only
 * when no whole batch that would continue the log stands behind it in the last segment.
 */
export interface RecoveryInput {
  folder: string
  checkpoint: ReplicaCheckpoint
  /** The checkpoint covers the folder; false for a folder that no catalogue knows. */
  isCatalogued: boolean
  /** The directory was closed in order. */
  isClean: boolean
  entries: readonly JournalEntry[]
  settings: LogSettings
}

export interface Recovered {
  state: LogState
  /** Set when the log must not be served. */
  damage?: CorruptionError
  /** Up to where the checkpoint or the journal know the log to reach. */
  known: Place
}

const SCAN_BYTES = 1 << 20

export async function recoverLog(environment: LogEnvironment, input: RecoveryInput): Promise<Recovered> {
  const recovery = new Recovery(environment, input)
  try {
    return { state: await recovery.run(), known: recovery.known }
  } catch (error) {
    // Kafka's formats have no checksum over their version: one flipped bit must not stop the broker.
    const isUnreadable =
      hasCode(error, 'EIO') || error instanceof KafkaError || error instanceof UnknownVersionError
    const damage = isUnreadable ? new CorruptionError(recovery.path, 0, (error as Error).message) : error
    if (!(damage instanceof CorruptionError)) throw error
    await recovery.tail.keep()
    return { state: recovery.stateSoFar(), damage, known: recovery.known }
  }
}

class Recovery {
  readonly #environment: LogEnvironment
  readonly #input: RecoveryInput
  readonly path: string
  readonly tail: JournaledTail
  known: Place
  readonly #segments: Segment[] = []
  readonly #producers: ProducerState
  #epochs = new LeaderEpochs()
  #startOffset: number
  #endOffset: number
  #visibleEnd: number
  #hasFolder: boolean
  /** Segments of a folder that nothing is known of, in or behind which offsets jump. */
  readonly #withGaps = new Set<Segment>()

  constructor(environment: LogEnvironment, input: RecoveryInput) {
    this.#environment = environment
    this.#input = input
    this.path = `${environment.root}/${input.folder}`
    this.#producers = new ProducerState(environment.producers)
    this.#startOffset = input.checkpoint.startOffset
    this.#endOffset = input.checkpoint.endOffset
    this.#visibleEnd = input.checkpoint.visibleEnd
    this.#hasFolder = input.checkpoint.hasFolder
    this.tail = new JournaledTail(environment, this.path, input.checkpoint, input.entries)
    this.known = knownPlaceOf(input.checkpoint, input.entries)
  }

  async run(): Promise<LogState> {
    for (const entry of this.#input.entries) {
      if (entry.kind === EntryKind.LOG_START) this.#startOffset = Math.max(this.#startOffset, entry.offset)
    }
    if (!this.#hasFolder && this.tail.isEmpty && !(await this.#environment.disk.exists(this.path))) {
      return this.stateSoFar() // a partition gets its folder with its first record
    }
    await this.#openFolder()
    await this.tail.writeAgain()
    await this.#openSegments()
    await this.#readEpochs()
    const from = await this.#findScanStart()
    await this.#loadProducers(from)
    await this.#scan(from)
    await this.#guardGaps()
    if (this.#startOffset > this.#endOffset) await this.#beginAtStart()
    this.#startOffset = Math.max(this.#startOffset, this.#segments[0]?.baseOffset ?? 0)
    this.#visibleEnd = Math.max(this.#visibleEnd, this.#startOffset)
    return this.stateSoFar()
  }

  stateSoFar(): LogState {
    this.#endOffset = Math.max(this.#endOffset, this.#startOffset)
    return {
      startOffset: this.#startOffset,
      endOffset: this.#endOffset,
      visibleEnd: Math.min(this.#visibleEnd, this.#endOffset),
      term: this.#input.checkpoint.term,
      segments: this.#segments,
      epochs: this.#epochs,
      producers: this.#producers,
      hasFolder: this.#hasFolder,
    }
  }

  async #openFolder(): Promise<void> {
    const { disk } = this.#environment
    const exists = await disk.exists(this.path)
    if (!exists && this.#hasFolder) throw new CorruptionError(this.path, 0, 'the folder is missing')
    // One that the checkpoint does not know may have been begun a moment before a crash.
    const isBegun = !this.#hasFolder && (!exists || !(await readPartitionMetadata(disk, this.path)))
    if (isBegun) await makePartitionFolder(disk, this.path, this.#input.checkpoint.topicId)
    this.#hasFolder = true
    await recoverSwaps(disk, this.path)
  }

  async #openSegments(): Promise<void> {
    const { known } = this
    const { disk } = this.#environment
    const bases = new Set<number>()
    for (const name of await disk.list(this.path)) {
      const parsed = parseSegmentName(name)
      if (parsed?.suffix === '.log' && !parsed.stage) bases.add(parsed.baseOffset)
    }
    const { checkpoint, isCatalogued } = this.#input
    const isExpected = isCatalogued && known.position > 0
    for (const { segment, position } of [checkpoint, known]) {
      if (!isCatalogued || position === 0 || bases.has(segment)) continue
      throw new CorruptionError(`${this.path}/${segmentName(segment, '.log')}`, 0, 'the segment is missing')
    }
    // A cut may have lost the file in which the log was about to go on, and kept one behind it.
    if (isCatalogued && bases.size > 0) bases.add(checkpoint.segment)
    const first = Math.min(...bases)
    if (isCatalogued && bases.size > 0 && first > this.#startOffset) {
      const path = `${this.path}/${segmentName(first, '.log')}`
      throw new CorruptionError(
        path,
        0,
        `it is the first segment, and the log begins at ${this.#startOffset}`,
      )
    }
    for (const baseOffset of [...bases].sort((a, b) => a - b)) {
      const segment = new Segment(this.#environment, this.path, baseOffset)
      segment.sizeBytes = await this.#environment.handles.use(segment.path, 'create', file => file.size())
      const previous = this.#segments.at(-1)
      if (previous) previous.endOffset = baseOffset
      this.#segments.push(segment)
      if (isExpected && baseOffset === known.segment && segment.sizeBytes < known.position) {
        throw new CorruptionError(segment.path, segment.sizeBytes, `it must reach to ${known.position}`)
      }
    }
  }

  async #readEpochs(): Promise<void> {
    const path = `${this.path}/${LEADER_EPOCH_FILE}`
    const bytes = await readIfExists(this.#environment.disk, path)
    if (bytes) this.#epochs = LeaderEpochs.parse(bytes, path)
    const { isCatalogued, checkpoint } = this.#input
    if (isCatalogued && checkpoint.position > 0 && this.#epochs.entries.length === 0) {
      throw new CorruptionError(path, 0, 'the leader epochs are missing')
    }
    // What was begun behind the checkpoint is learned again from the batches; they may be gone.
    if (this.#input.isCatalogued) this.#epochs.truncateFromEnd(this.#input.checkpoint.endOffset)
    else this.#epochs = new LeaderEpochs()
  }

  /** Everything before this place was checked when it was written, and is only looked at when it is read. */
  async #findScanStart(): Promise<Place> {
    const { checkpoint, isCatalogued } = this.#input
    const first = this.#segments[0]
    if (!first) return { segment: 0, position: 0, endOffset: this.#endOffset }
    if (!isCatalogued) return { segment: first.baseOffset, position: 0, endOffset: first.baseOffset }
    const place = {
      segment: checkpoint.segment,
      position: checkpoint.position,
      endOffset: checkpoint.endOffset,
    }
    const active = this.#segments.find(segment => segment.baseOffset === place.segment)
    if (active) await active.loadIndexesUpTo(place.endOffset, place.position)
    return place
  }

  /** Loads the newest snapshot at or below the scan's start, and replays what lies between. */
  async #loadProducers(from: Place): Promise<void> {
    const { disk, clock } = this.#environment
    const { checkpoint, isCatalogued } = this.#input
    const now = clock.wall()
    const { snapshotOffset } = checkpoint
    if (!isCatalogued || snapshotOffset < 0) return this.#producers.load([], from.endOffset, now)
    const path = `${this.path}/${segmentName(snapshotOffset, '.snapshot')}`
    const bytes = await readIfExists(disk, path)
    if (!bytes) throw new CorruptionError(path, 0, 'the producer snapshot is missing')
    this.#producers.load(parseProducerSnapshot(bytes, path), from.endOffset, now)
  }

  /** Reads every batch from the place on: counts it in up to the last good one, and cuts what follows. */
  async #scan(from: Place): Promise<void> {
    let next = from.endOffset
    this.#endOffset = next
    const indexOfFirst = this.#segments.findIndex(segment => segment.baseOffset === from.segment)
    if (indexOfFirst < 0) return
    for (let i = indexOfFirst; i < this.#segments.length; i++) {
      const segment = this.#segments[i]!
      const isNext =
        segment.baseOffset === next || (segment.baseOffset > next && this.#mayHaveGapAt(segment.baseOffset))
      if (i > indexOfFirst && !isNext) {
        const before = this.#segments[i - 1]!
        const reason = `the next segment begins at ${segment.baseOffset} where ${next} is due`
        await this.#endAt(i - 1, before.sizeBytes, reason, indexOfFirst)
        return
      }
      if (segment.baseOffset > next && i > indexOfFirst) this.#noteGap(this.#segments[i - 1]!)
      next = Math.max(next, segment.baseOffset)
      const position = segment.baseOffset === from.segment ? from.position : 0
      if (position === 0) segment.startIndexes()
      const end = await this.#scanSegment(segment, position, next)
      next = end.offset
      this.#endOffset = next
      if (!end.reason) continue
      await this.#endAt(i, end.position, end.reason, indexOfFirst)
      return
    }
    if (this.#input.isClean) return
    await this.#syncScanned(indexOfFirst)
    await this.#completeScanned(indexOfFirst)
  }

  /** Goes through one segment; stops at the first place where no batch that continues the log begins. */
  async #scanSegment(
    segment: Segment,
    from: number,
    firstOffset: number,
  ): Promise<{ position: number; offset: number; reason?: string }> {
    const size = segment.sizeBytes
    let position = from
    let offset = firstOffset
    while (position < size) {
      let chunk = await segment.read(position, SCAN_BYTES)
      const first = chunk.length >= BATCH_HEADER_BYTES ? batchBytesOf(chunk, 0) : 0
      if (first > chunk.length && position + first <= size) chunk = await segment.read(position, first)
      let at = 0
      while (at < chunk.length) {
        const isCut = at + BATCH_HEADER_BYTES > chunk.length || at + batchBytesOf(chunk, at) > chunk.length
        if (isCut && at > 0 && position + chunk.length < size) break // its rest is in the next chunk
        const reason = findDamage(chunk, at, chunk.length) ?? this.#findBreak(chunk, at, offset, segment)
        if (reason) {
          segment.sizeBytes = size
          return { position: position + at, offset, reason }
        }
        if (baseOffsetOf(chunk, at) > offset) this.#noteGap(segment)
        this.#countIn(segment, chunk, at, position + at)
        offset = lastOffsetOf(chunk, at) + 1
        at += batchBytesOf(chunk, at)
      }
      position += at
    }
    segment.sizeBytes = size
    return { position, offset }
  }

  #noteGap(segment: Segment): void {
    if (!this.#input.isCatalogued) this.#withGaps.add(segment)
  }

  /** Kafka's segments bear no guard. Where their offsets jump they get one, and the log goes on in a segment without gaps. */
  async #guardGaps(): Promise<void> {
    const last = this.#segments.at(-1)
    if (last && this.#withGaps.has(last)) await this.#beginSegment()
    for (const segment of this.#withGaps) if (!segment.isDeleted) await segment.writeGuard()
  }

  /**
   * A move of the start is always synced, and what it moved to need not be: then the log begins anew there, as in Kafka, and without
   * producers. What is left below goes as everything below the start goes, behind a checkpoint.
   */
  async #beginAtStart(): Promise<void> {
    this.#endOffset = this.#startOffset
    this.#producers.load([], this.#startOffset, this.#environment.clock.wall())
    if (this.#segments.length > 0) await this.#beginSegment()
  }

  /** The last segment is as it is for good; the log goes on in a new one. */
  async #beginSegment(): Promise<void> {
    const last = this.#segments.at(-1)!
    last.endOffset = this.#endOffset
    await last.writeIndexes({ final: true, sync: true })
    this.#segments.push(Segment.create(this.#environment, this.path, this.#endOffset))
  }

  /** Compaction leaves gaps, between segments too, but nothing above a checkpoint is ever compacted. */
  #mayHaveGapAt(offset: number): boolean {
    const { isCatalogued, checkpoint } = this.#input
    return !isCatalogued || offset < (checkpoint.cleanedTo ?? 0)
  }

  /** A whole batch must also continue the log: offsets and epochs never go back. */
  #findBreak(chunk: Buffer, at: number, offset: number, segment: Segment): string | undefined {
    if (!hasPlausibleOffset(chunk, at)) return 'its offset is none'
    const baseOffset = baseOffsetOf(chunk, at)
    if (baseOffset < offset) return `offset ${baseOffset} follows ${offset - 1}`
    if (baseOffset > offset && !this.#mayHaveGapAt(baseOffset))
      return `offset ${baseOffset} where ${offset} is due`
    if (baseOffset < segment.baseOffset) return `offset ${baseOffset} in segment ${segment.baseOffset}`
    const epoch = leaderEpochOf(chunk, at)
    if (epoch < this.#epochs.latestEpoch) return `epoch ${epoch} after ${this.#epochs.latestEpoch}`
    return undefined
  }

  #countIn(segment: Segment, chunk: Buffer, at: number, position: number): void {
    segment.note(chunk, at, position, this.#input.settings.indexIntervalBytes)
    const epoch = leaderEpochOf(chunk, at)
    if (epoch >= 0) this.#epochs.assign(epoch, baseOffsetOf(chunk, at))
    this.#producers.append(chunk, at)
    const end = lastOffsetOf(chunk, at) + 1
    this.#producers.commitTo(end)
    if (!isInternalBatch(chunk, at)) this.#visibleEnd = end
  }

  /** The log ends here: a torn tail is cut, damage is not. */
  async #endAt(index: number, position: number, reason: string, indexOfFirst: number): Promise<void> {
    const { known } = this
    const segment = this.#segments[index]!
    const { isCatalogued } = this.#input
    const isKnown = isCatalogued
      ? segment.baseOffset < known.segment ||
        (segment.baseOffset === known.segment && position < known.position)
      : index < this.#segments.length - 1 || (await hasLaterBatch(segment, position, this.#endOffset))
    if (isKnown) throw new CorruptionError(segment.path, position, reason)
    const later = this.#segments.splice(index + 1)
    const bytes = segment.sizeBytes - position + later.reduce((sum, one) => sum + one.sizeBytes, 0)
    this.#environment.logger.warn(
      { event: 'torn-tail-cut', segment: segment.path, position, bytes, reason },
      `cut ${bytes} bytes of a torn tail`,
    )
    for (const one of later) await one.remove()
    await this.#environment.handles.use(segment.path, 'write', file => file.truncate(position))
    segment.sizeBytes = position
    segment.endOffset = undefined
    await this.#syncScanned(indexOfFirst)
    await this.#completeScanned(indexOfFirst)
  }

  /** Sealed segments that were scanned have their indexes in memory; those in their files may be older. */
  async #completeScanned(indexOfFirst: number): Promise<void> {
    for (const segment of this.#segments.slice(indexOfFirst, -1))
      await segment.writeIndexes({ final: true, sync: true })
  }

  /** Writes the scanned part again and syncs it: a page whose sync failed once is clean in the cache and yet not on the disk. */
  async #syncScanned(firstIndex: number): Promise<void> {
    const { checkpoint, isCatalogued } = this.#input
    for (const segment of this.#segments.slice(firstIndex)) {
      const from = isCatalogued && segment.baseOffset === checkpoint.segment ? checkpoint.position : 0
      await this.#environment.handles.use(segment.path, 'write', async file => {
        if (isCatalogued) await rewrite(file, from, segment.sizeBytes)
        await file.sync()
      })
    }
    if (this.#segments.length > 0) await this.#environment.disk.syncDirectory(this.path)
  }
}
