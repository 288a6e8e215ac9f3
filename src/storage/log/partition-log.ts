import { assert } from '../../base/assert.ts'
import type { BufferPool, Lease } from '../../base/buffer-pool.ts'
import { hasCode } from '../../base/disk.ts'
import { KafkaError } from '../../protocol/errors.ts'
import {
  lastOffsetDeltaOf,
  maxTimestampOf,
  recordCountOf,
  stampBatch,
} from '../../protocol/record-batch.ts'
import { Flight } from '../flight.ts'
import type { JournalSource } from '../journal.ts'
import { EntryKind, type LogIdentity } from '../journal-frame.ts'
import { isInternalBatch } from './internal-batches.ts'
import { LeaderEpochs } from './leader-epochs.ts'
import type { LogEnvironment } from './log-environment.ts'
import { type LogSlice, readLog } from './log-reader.ts'
import type { LogSettings } from './log-settings.ts'
import { makePartitionFolder } from './partition-metadata.ts'
import { ProducerState } from './producer-state.ts'
import { Segment } from './segment.ts'
import type { TailEntry } from './tail-cache.ts'

/**
 * The log of one partition: record batches in segments, appended through the journal.
 *
 * Offsets, all exclusive ends:
 *   startOffset ≤ visibleEnd ≤ durableEnd ≤ endOffset
 * `endOffset` counts every batch that was given a place; `durableEnd` what its policy calls safe, and in a group of one the high
 * watermark follows it; `visibleEnd` is the same without trailing batches that only the replicas read.
 *
 * An append gives the batch its offset and place at once and in order; the bytes go to the disk with the next round of the journal, or
 * straight to the segment when they are many. What the journal holds reaches the segment's file a little later (`writeOut`); until
 * then, and as long as the cache has room, it is read from memory.
 */
export interface LogState {
  startOffset: number
  endOffset: number
  visibleEnd: number
  term: number
  segments: Segment[]
  epochs: LeaderEpochs
  producers: ProducerState
  /** The folder exists and is catalogued. */
  hasFolder: boolean
}

export interface Appended {
  baseOffset: number
  flight: Flight
}

const DIRECT_BYTES = 128 << 10
const WRITE_OUT_BYTES = 128 << 10
const RELATIVE_OFFSET_MAX = 2 ** 31 - 1

export class PartitionLog implements JournalSource {
  readonly topic: string
  readonly folder: string
  readonly identity: LogIdentity
  readonly segments: Segment[]
  readonly epochs: LeaderEpochs
  readonly producers: ProducerState
  settings: LogSettings
  startOffset: number
  endOffset: number
  durableEnd: number
  visibleEnd: number
  term: number
  waitingBytes = 0
  /** Set when the log cannot be served: what is wrong, and where. */
  damage: Error | undefined
  isClosed = false
  /** Called when the visible end has moved. */
  onAdvance: () => void = () => {}
  /** Called with each segment that gets no more appends. */
  onRoll: (segment: Segment, snapshot: Buffer) => void = () => {}
  /** Something was appended since the last checkpoint. */
  isDirty = false
  readonly #environment: LogEnvironment
  #hasFolder: boolean
  #making: Promise<void> | undefined
  /** Appends that wait for a round, and those on their way. */
  #flights: Flight[] = []
  #traveling: readonly Flight[] = []
  #isEnlisted = false
  #tail: TailEntry[] = []
  #tailHead = 0
  #unwritten: TailEntry[] = []
  #unwrittenBytes = 0
  #writingOut: Promise<void> | undefined
  #directWrite: Promise<void> | undefined
  /** Where the last acknowledged append ends. */
  #landed: { segment: number; position: number }
  #recordsSinceSync = 0
  /** When bytes were first left unsynced, by the monotonic clock; -1 when none are. */
  #unsyncedSince = -1
  readonly #unsyncedSegments = new Set<Segment>()
  #syncing: Promise<unknown> = Promise.resolve()
  /** The segments hold bytes that came directly and were not synced: the journal does not cover them. */
  #hasUnsyncedDirectBytes = false

  constructor(
    environment: LogEnvironment,
    identity: LogIdentity,
    names: { topic: string; folder: string },
    settings: LogSettings,
    state: LogState,
  ) {
    this.#environment = environment
    this.identity = identity
    this.topic = names.topic
    this.folder = names.folder
    this.settings = settings
    this.segments = state.segments
    this.epochs = state.epochs
    this.producers = state.producers
    this.startOffset = state.startOffset
    this.endOffset = state.endOffset
    this.durableEnd = state.endOffset
    this.visibleEnd = state.visibleEnd
    this.term = state.term
    this.#hasFolder = state.hasFolder
    this.#landed = { segment: this.active?.baseOffset ?? 0, position: this.active?.sizeBytes ?? 0 }
  }

  /** The state of a replica that has stored nothing. */
  static emptyState(environment: LogEnvironment): LogState {
    return {
      startOffset: 0,
      endOffset: 0,
      visibleEnd: 0,
      term: 0,
      segments: [],
      epochs: new LeaderEpochs(),
      producers: new ProducerState(environment.producers),
      hasFolder: false,
    }
  }

  get partition(): number {
    return this.identity.partition
  }

  get path(): string {
    return `${this.#environment.root}/${this.folder}`
  }

  get hasFolder(): boolean {
    return this.#hasFolder
  }

  get active(): Segment | undefined {
    return this.segments[this.segments.length - 1]
  }

  get sizeBytes(): number {
    let bytes = 0
    for (const segment of this.segments) bytes += segment.sizeBytes
    return bytes
  }

  /** Bytes that are durable in the journal but not yet in the segment's file. */
  get unwrittenBytes(): number {
    return this.#unwrittenBytes
  }

  /**
   * Appends one checked batch: gives it offset, epoch and place. The flight's `done` resolves when it is as safe as the log's policy
   * says. The batch's bytes must not change any more. A lease says who owns them, so that they can be kept without a copy.
   */
  append(batch: Buffer, epoch: number, lease: Lease | null = null): Appended {
    this.requireUsable()
    const baseOffset = this.endOffset
    const delta = lastOffsetDeltaOf(batch, 0)
    stampBatch(batch, 0, baseOffset, epoch)
    const segment = this.#segmentFor(batch, delta)
    const position = segment.sizeBytes
    segment.note(batch, 0, position, this.settings.indexIntervalBytes)
    this.epochs.assign(epoch, baseOffset)
    this.producers.append(batch, 0)
    this.endOffset = baseOffset + delta + 1

    const flight = this.#openFlight(segment, position, baseOffset)
    flight.parts.push(batch)
    if (lease) {
      lease.retain()
      flight.leases.push(lease)
    }
    flight.bytes += batch.length
    flight.endOffset = this.endOffset
    if (!isInternalBatch(batch, 0)) flight.visibleEnd = this.endOffset
    flight.epoch = epoch
    this.#applySyncPolicy(flight, recordCountOf(batch, 0))
    this.waitingBytes += batch.length
    this.isDirty = true
    this.#enlist()
    return { baseOffset, flight }
  }

  /** Whole batches from the one that holds `offset` on; see `readLog`. */
  read(offset: number, bytesMax: number, limit: number, needsOne: boolean): LogSlice | Promise<LogSlice> {
    if (this.damage) throw new KafkaError('KAFKA_STORAGE_ERROR', this.damage.message)
    return readLog(this, offset, bytesMax, limit, needsOne)
  }

  /** Resolves when everything below the offset is as safe as it was promised. */
  async durableTo(endOffset: number): Promise<void> {
    while (this.durableEnd < endOffset) {
      const flight = this.#traveling.find(one => one.endOffset >= endOffset) ?? this.#flights.find(one => one.endOffset >= endOffset)
      if (!flight) throw new KafkaError('KAFKA_STORAGE_ERROR', 'the append was rolled back')
      await flight.done
    }
  }

  requireUsable(): void {
    if (this.damage) throw new KafkaError('KAFKA_STORAGE_ERROR', this.damage.message)
    if (this.isClosed) throw new KafkaError('NOT_LEADER_OR_FOLLOWER', `${this.folder} is closed`)
    const failure = this.#environment.journal.failure
    if (failure)
      throw new KafkaError('KAFKA_STORAGE_ERROR', `the log directory is offline: ${failure.message}`)
  }

  /** The cached entries, oldest first: contiguous up to what has landed. */
  tailFrom(offset: number): readonly TailEntry[] | undefined {
    const first = this.#tail[this.#tailHead]
    if (!first || offset < first.baseOffset) return undefined
    let low = this.#tailHead
    let high = this.#tail.length - 1
    while (low < high) {
      const middle = (low + high + 1) >>> 1
      if (this.#tail[middle]!.baseOffset <= offset) low = middle
      else high = middle - 1
    }
    return this.#tail.slice(low, low + 1_024)
  }

  /** The first offset that is in memory; everything before it is in the files. */
  get cachedFrom(): number {
    return this.#tail[this.#tailHead]?.baseOffset ?? this.endOffset
  }

  /** Where the last acknowledged append ends: for a checkpoint, which then makes everything before it durable. */
  get landedPlace(): { segment: number; position: number; endOffset: number; visibleEnd: number } {
    return { ...this.#landed, endOffset: this.durableEnd, visibleEnd: this.visibleEnd }
  }

  /** Whether `flush.ms` has passed since bytes were left unsynced. */
  isSyncDue(nowMono: number): boolean {
    if (this.#unsyncedSince < 0 || nowMono - this.#unsyncedSince < this.settings.syncEveryMs) return false
    this.#unsyncedSince = -1
    return true
  }

  /** Up to where the segment's file can be read; what stands behind is in memory, or not yet safe. */
  readableEnd(segment: Segment): number {
    const first = this.#tail[this.#tailHead]
    if (first?.segment === segment.baseOffset) return first.position
    if (segment.baseOffset === this.#landed.segment) return this.#landed.position
    return segment.baseOffset > this.#landed.segment ? 0 : segment.sizeBytes
  }

  // JournalSource

  takeFlights(): Flight[] {
    const flights = this.#flights
    this.#flights = []
    this.#traveling = flights
    this.waitingBytes = 0
    this.#isEnlisted = false
    return flights
  }

  landed(flight: Flight, bytes: Buffer, lease: Lease): void {
    lease.retain()
    for (const own of flight.leases) own.release()
    this.#keep(flight, [bytes], [lease], false)
    this.#finish(flight)
    if (this.#unwrittenBytes >= WRITE_OUT_BYTES) this.requestWriteOut()
  }

  writeDirectly(flights: Flight[]): void {
    this.#directWrite = this.#writeFlights(flights)
      .catch((error: Error) => this.#rollBack(flights, error))
      .then(() => {
        this.#directWrite = undefined
        if (this.#flights.length > 0) this.#enlist()
      })
  }

  /** From some size on a second copy costs more than a second sync; and what came directly is synced directly. */
  get prefersDirectWrite(): boolean {
    if (this.waitingBytes >= DIRECT_BYTES) return true
    return this.#hasUnsyncedDirectBytes && this.#flights.some(flight => flight.sync)
  }

  /** Brings what is durable in the journal into the segments' files (not synced). */
  writeOut(): Promise<void> {
    if (this.#unwritten.length === 0) return this.#writingOut ?? Promise.resolve()
    this.#writingOut ??= this.#writeOutAll()
      .catch(error => {
        if (!hasCode(error, 'ENOSPC')) this.#environment.fail(error)
        throw error
      })
      .finally(() => {
        this.#writingOut = undefined
      })
    return this.#writingOut
  }

  dropped(entry: TailEntry): void {
    assert(this.#tail[this.#tailHead] === entry, 'entries leave the cache in their order')
    this.#tail[this.#tailHead++] = undefined as never
    if (this.#tailHead > 64 && this.#tailHead * 2 > this.#tail.length) {
      this.#tail = this.#tail.slice(this.#tailHead)
      this.#tailHead = 0
    }
  }

  /** The same, for who cannot wait: a full disk is tried again later, any other failure takes the directory offline. */
  requestWriteOut(): void {
    this.writeOut().catch(() => {})
  }

  /** Makes every byte of the segments' files durable; what was not yet written there is written first. */
  async sync(): Promise<void> {
    await this.writeOut()
    await this.#syncSegments()
  }

  /** Waits until nothing is on its way to the disk. */
  async settle(): Promise<void> {
    while (!this.#environment.journal.failure) {
      const last = this.#flights.at(-1)
      if (last) await last.done.catch(() => {})
      else if (this.#directWrite) await this.#directWrite
      else if (this.durableEnd < this.endOffset) await this.#environment.journal.drain()
      else return
    }
  }

  /** Drops everything from memory; the files stay. */
  close(): void {
    this.isClosed = true
    for (let i = this.#tailHead; i < this.#tail.length; i++) this.#environment.cache.remove(this.#tail[i]!)
    this.#tail = []
    this.#tailHead = 0
    this.#unwritten = []
    this.#unwrittenBytes = 0
  }

  /** Makes the folder. Nothing needs it before the first record. */
  makeFolder(): Promise<void> {
    if (this.#hasFolder) return Promise.resolve()
    this.#making ??= this.#makeFolderOnce().finally(() => {
      this.#making = undefined
    })
    return this.#making
  }

  async #makeFolderOnce(): Promise<void> {
    await makePartitionFolder(this.#environment.disk, this.path, this.identity.topicId)
    this.#hasFolder = true
  }

  #enlist(): void {
    if (this.#isEnlisted || this.#directWrite) return
    this.#isEnlisted = true
    this.#environment.journal.enlist(this)
  }

  #openFlight(segment: Segment, position: number, baseOffset: number): Flight {
    const open = this.#flights[this.#flights.length - 1]
    if (open && open.segment === segment.baseOffset) return open
    const flight = new Flight(segment.baseOffset, position, baseOffset)
    this.#flights.push(flight)
    return flight
  }

  /** `flush.messages` = 1 syncs before every acknowledgement; N lets the N-th append wait for the sync of all before it. */
  #applySyncPolicy(flight: Flight, records: number): void {
    const every = this.settings.syncEveryRecords
    if (every === 1) {
      flight.sync = true
      return
    }
    if (this.#unsyncedSince < 0) this.#unsyncedSince = this.#environment.clock.mono()
    this.#recordsSinceSync += records
    if (this.#recordsSinceSync < every) return
    flight.sync = true
    this.#recordsSinceSync = 0
    this.#unsyncedSince = -1
  }

  #segmentFor(batch: Buffer, delta: number): Segment {
    const active = this.active
    if (active && !this.#needsRoll(active, batch, delta)) return active
    return this.roll()
  }

  #needsRoll(active: Segment, batch: Buffer, delta: number): boolean {
    if (active.sizeBytes === 0) return false
    const { segmentBytes, segmentMs, indexBytesMax } = this.settings
    return (
      active.sizeBytes + batch.length > segmentBytes ||
      maxTimestampOf(batch, 0) - active.firstTimestamp > segmentMs ||
      active.indexBytes >= indexBytesMax ||
      this.endOffset + delta - active.baseOffset > RELATIVE_OFFSET_MAX
    )
  }

  /** Starts a new segment at the end of the log. */
  roll(): Segment {
    const sealed = this.active
    const segment = Segment.create(this.#environment, this.path, this.endOffset)
    this.segments.push(segment)
    if (sealed) {
      sealed.endOffset = this.endOffset
      this.onRoll(sealed, this.producers.snapshotAt(this.endOffset))
    }
    return segment
  }

  #finish(flight: Flight): void {
    this.#landed = { segment: flight.segment, position: flight.position + flight.bytes }
    this.durableEnd = flight.endOffset
    if (flight.visibleEnd >= 0) this.visibleEnd = flight.visibleEnd
    this.producers.commitTo(flight.endOffset)
    flight.succeed()
    this.onAdvance()
  }

  #keep(flight: Flight, parts: readonly Buffer[], leases: readonly Lease[], written: boolean): void {
    const entry: TailEntry = {
      owner: this,
      segment: flight.segment,
      position: flight.position,
      baseOffset: flight.baseOffset,
      endOffset: flight.endOffset,
      bytes: flight.bytes,
      parts,
      leases,
      written,
    }
    this.#tail.push(entry)
    if (!written) {
      this.#unwritten.push(entry)
      this.#unwrittenBytes += entry.bytes
    }
    this.#environment.cache.add(entry)
  }

  async #writeFlights(flights: Flight[]): Promise<void> {
    await this.makeFolder()
    let sync = false
    for (const flight of flights) {
      const segment = this.#requireSegment(flight.segment)
      await this.#environment.handles.use(segment.path, 'create', file =>
        file.write(flight.position, flight.parts),
      )
      this.#unsyncedSegments.add(segment)
      this.#hasUnsyncedDirectBytes = true
      this.#environment.noteDirectBytes(flight.bytes)
      if (flight.sync) sync = true
    }
    if (sync) await this.#syncSegments()
    for (const flight of flights) {
      this.#keepDirect(flight)
      this.#finish(flight)
    }
    const last = flights[flights.length - 1]!
    if (sync) this.#environment.journal.attach(this.identity, this.#markOf(last))
  }

  #markOf(flight: Flight) {
    return {
      kind: EntryKind.MARK,
      segment: flight.segment,
      position: flight.position + flight.bytes,
      offset: flight.endOffset,
      epoch: flight.epoch,
    }
  }

  /** Each sync also waits for those before it: they may have taken over a segment that this one answers for. */
  #syncSegments(): Promise<unknown> {
    const segments = [...this.#unsyncedSegments].filter(segment => !segment.isDeleted)
    this.#unsyncedSegments.clear()
    this.#hasUnsyncedDirectBytes = false
    this.#syncing = Promise.all([this.#syncing, ...segments.map(segment => segment.sync())])
    this.#syncing.catch(error => this.#environment.fail(error))
    return this.#syncing
  }

  #keepDirect(flight: Flight): void {
    const { parts, leases } = keepable(flight.parts, flight.leases, this.#environment.pool)
    this.#keep(flight, parts, leases, true)
  }

  /** A direct write failed: nothing of it, nor of what was given a place behind it, was acknowledged. */
  #rollBack(flights: Flight[], error: Error): void {
    const first = flights[0]!
    const failed = [...flights, ...this.takeFlights()]
    const isFull = hasCode(error, 'ENOSPC')
    const answer = new KafkaError('KAFKA_STORAGE_ERROR', isFull ? 'the disk is full' : error.message)
    for (const flight of failed) {
      for (const lease of flight.leases) lease.release()
      flight.fail(answer)
    }
    if (!isFull) return this.#environment.fail(error)
    this.#truncateTo(first.segment, first.position, first.baseOffset)
  }

  #truncateTo(segmentBase: number, position: number, offset: number): void {
    while (this.active && this.active.baseOffset > segmentBase) this.segments.pop()
    const segment = this.#requireSegment(segmentBase)
    segment.truncateIndexes(offset, position)
    this.endOffset = offset
    this.epochs.truncateFromEnd(offset)
    this.producers.truncateTo(offset)
    this.#environment.handles
      .use(segment.path, 'create', file => file.truncate(position))
      .catch(error => this.#environment.fail(error))
  }

  async #writeOutAll(): Promise<void> {
    if (this.#unwritten.length === 0) return
    await this.makeFolder()
    while (this.#unwritten.length > 0) {
      const run = this.#takeRun()
      const segment = this.segments.find(candidate => candidate.baseOffset === run.segment)
      if (segment && !segment.isDeleted) {
        await this.#environment.handles.use(segment.path, 'create', file =>
          file.write(run.position, run.parts),
        )
        this.#unsyncedSegments.add(segment)
      }
      for (const entry of run.entries) entry.written = true
      this.#unwritten.splice(0, run.entries.length)
      this.#unwrittenBytes -= run.bytes
    }
  }

  /** The longest run of unwritten entries that stand one behind another in one segment. */
  #takeRun(): { segment: number; position: number; bytes: number; parts: Buffer[]; entries: TailEntry[] } {
    const first = this.#unwritten[0]!
    const entries: TailEntry[] = []
    const parts: Buffer[] = []
    let next = first.position
    for (const entry of this.#unwritten) {
      if (entry.segment !== first.segment || entry.position !== next) break
      entries.push(entry)
      parts.push(...entry.parts)
      next += entry.bytes
    }
    return { segment: first.segment, position: first.position, bytes: next - first.position, parts, entries }
  }

  #requireSegment(baseOffset: number): Segment {
    for (let i = this.segments.length - 1; i >= 0; i--) {
      if (this.segments[i]!.baseOffset === baseOffset) return this.segments[i]!
    }
    throw new Error(`segment ${baseOffset} of ${this.folder} is gone`)
  }
}

/** Parts that fill at least half of what they hold alive are kept as they are; others are copied together. */
function keepable(parts: Buffer[], leases: Lease[], pool: BufferPool): { parts: Buffer[]; leases: Lease[] } {
  const bytes = parts.reduce((sum, part) => sum + part.length, 0)
  const held = leases.reduce((sum, lease) => sum + lease.buffer.length, 0)
  if (leases.length === parts.length && held <= 2 * bytes) return { parts, leases }
  const lease = pool.acquire(bytes)
  const kept: Buffer[] = []
  let at = 0
  for (const part of parts) {
    lease.buffer.set(part, at)
    kept.push(lease.buffer.subarray(at, at + part.length))
    at += part.length
  }
  for (const own of leases) own.release()
  return { parts: kept, leases: [lease] }
}
