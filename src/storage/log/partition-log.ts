import type { Lease } from '../../base/buffer-pool.ts'
import { hasCode } from '../../base/disk.ts'
import { KafkaError } from '../../protocol/errors.ts'
import { lastOffsetDeltaOf, recordCountOf, stampBatch } from '../../protocol/record-batch.ts'
import type { Flight } from '../flight.ts'
import { EntryKind, type LogIdentity } from '../journal-frame.ts'
import type { JournalSource, Place } from '../journal-source.ts'
import { EpochsFile } from './epochs-file.ts'
import { FlightQueue } from './flight-queue.ts'
import { isInternalBatch } from './internal-batches.ts'
import { keepable } from './kept-parts.ts'
import { LEADER_EPOCH_FILE, type LeaderEpochs } from './leader-epochs.ts'
import type { LogEnvironment } from './log-environment.ts'
import { type LogSlice, readLog } from './log-reader.ts'
import type { LogSettings } from './log-settings.ts'
import type { LogState } from './log-state.ts'
import { LogTail } from './log-tail.ts'
import { makePartitionFolder } from './partition-metadata.ts'
import type { ProducerState } from './producer-state.ts'
import type { ReadAhead } from './read-ahead.ts'
import { Segment } from './segment.ts'
import { needsRoll } from './segment-roll.ts'
import type { TailEntry } from './tail-cache.ts'
import { Unsynced } from './unsynced.ts'

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
 * Length: appending, landing, taking back and syncing work on the same tail, and each must see all of its state.
 */
export interface Appended {
  baseOffset: number
  flight: Flight
}

const WRITE_OUT_BYTES = 128 << 10

export class PartitionLog implements JournalSource {
  readonly topic: string
  readonly folder: string
  readonly identity: LogIdentity
  readonly segments: Segment[]
  readonly epochs: LeaderEpochs
  readonly epochsFile: EpochsFile
  readonly producers: ProducerState
  settings: LogSettings
  startOffset: number
  endOffset: number
  durableEnd: number
  visibleEnd: number
  term: number
  /** Set when the log cannot be served: what is wrong, and where. */
  damage: Error | undefined
  isClosed = false
  /** Called when the visible end has moved. */
  onAdvance: () => void = () => {}
  /** Called when a segment gets no more appends. */
  onRoll: () => void = () => {}
  /** Segments that get no more appends, and the producers at their ends: their files are still to be completed. */
  unsealed: { segment: Segment; snapshot: Buffer }[] = []
  /** Something has landed since the last checkpoint. */
  isDirty = false
  /** May be written on a full disk: what it says is needed to free space. */
  isEssential = false
  /** Compaction has left one record of a key below it. */
  cleanedTo = 0
  /** The log is being copied: nobody takes segments away or replaces them, or moves the start by itself. */
  isPinned = false
  /** Retention and compaction take turns with the files; see `takeTurn`. */
  filesTurn: Promise<unknown> = Promise.resolve()
  /** Set while segments are being replaced: who met one that is gone waits for it and looks again. */
  replacing: Promise<void> | undefined
  readonly #environment: LogEnvironment
  #hasFolder: boolean
  #making: Promise<void> | undefined
  readonly #flights = new FlightQueue()
  #isEnlisted = false
  readonly #tail: LogTail
  #writingOut: Promise<void> | undefined
  #directWrite: Promise<void> | undefined
  /** Where the last acknowledged append ends. */
  #landed: { segment: number; position: number }
  readonly #unsynced: Unsynced
  /** What reads or completes files at this moment: waited for before the folder goes. */
  readonly #fileWork = new Set<Promise<unknown>>()

  constructor(
    environment: LogEnvironment,
    identity: LogIdentity,
    names: { topic: string; folder: string },
    settings: LogSettings,
    state: LogState,
  ) {
    this.#environment = environment
    this.#tail = new LogTail(environment.cache)
    this.#unsynced = new Unsynced(environment.clock)
    this.identity = identity
    this.topic = names.topic
    this.folder = names.folder
    this.settings = settings
    this.segments = state.segments
    this.epochs = state.epochs
    this.epochsFile = new EpochsFile(environment.disk, `${this.path}/${LEADER_EPOCH_FILE}`, state.epochs)
    this.producers = state.producers
    this.startOffset = state.startOffset
    this.endOffset = state.endOffset
    this.durableEnd = state.endOffset
    this.visibleEnd = state.visibleEnd
    this.term = state.term
    this.#hasFolder = state.hasFolder
    this.#landed = { segment: this.active?.baseOffset ?? 0, position: this.active?.sizeBytes ?? 0 }
  }

  get partition(): number {
    return this.identity.partition
  }

  get root(): string {
    return this.#environment.root
  }

  get path(): string {
    return `${this.root}/${this.folder}`
  }

  get readAhead(): ReadAhead {
    return this.#environment.readAhead
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
    return this.#tail.unwrittenBytes
  }

  /**
   * Appends one checked batch: gives it offset, epoch and place. The flight's `done` resolves when it is as safe as the log's policy
   * says. The batch's bytes must not change any more. A lease says who owns them, so that they can be kept without a copy.
   */
  append(batch: Buffer, epoch: number, lease: Lease | null = null): Appended {
    this.requireUsable()
    const { full } = this.#environment
    if (full && !this.isEssential) throw new KafkaError('KAFKA_STORAGE_ERROR', full)
    const baseOffset = this.endOffset
    const delta = lastOffsetDeltaOf(batch, 0)
    stampBatch(batch, 0, baseOffset, epoch)
    const segment = this.#segmentFor(batch, delta)
    const position = segment.sizeBytes
    const flight = this.#flights.open(segment, position, baseOffset)
    segment.note(batch, 0, position, this.settings.indexIntervalBytes)
    this.epochs.assign(epoch, baseOffset)
    this.producers.append(batch, 0)
    this.endOffset = baseOffset + delta + 1

    flight.parts.push(batch)
    if (lease) {
      lease.retain()
      flight.leases.push(lease)
    }
    flight.bytes += batch.length
    flight.endOffset = this.endOffset
    if (isInternalBatch(batch, 0)) flight.hasInternal = true
    else flight.visibleEnd = this.endOffset
    flight.epoch = epoch
    this.#unsynced.applyPolicy(flight, recordCountOf(batch, 0), this.settings)
    this.#flights.waitingBytes += batch.length
    this.#enlist()
    return { baseOffset, flight }
  }

  /** Whole batches from the one that holds `offset` on; see `readLog`. */
  read(offset: number, bytesMax: number, limit: number, needsOne: boolean): LogSlice | Promise<LogSlice> {
    if (this.damage) throw new KafkaError('KAFKA_STORAGE_ERROR', this.damage.message)
    this.#requireOnline()
    return readLog(this, offset, bytesMax, limit, needsOne)
  }

  /** Resolves when everything below the offset is as safe as it was promised. */
  async durableTo(endOffset: number): Promise<void> {
    while (this.durableEnd < endOffset) {
      const flight = this.#flights.find(endOffset)
      if (!flight) throw new KafkaError('KAFKA_STORAGE_ERROR', 'the append was rolled back')
      await flight.done
    }
  }

  requireUsable(): void {
    if (this.damage) throw new KafkaError('KAFKA_STORAGE_ERROR', this.damage.message)
    if (this.isClosed) throw new KafkaError('NOT_LEADER_OR_FOLLOWER', `${this.folder} is closed`)
    this.#requireOnline()
  }

  #requireOnline(): void {
    const { failure } = this.#environment.journal
    if (failure)
      throw new KafkaError('KAFKA_STORAGE_ERROR', `the log directory is offline: ${failure.message}`)
  }

  /** The cached entries, oldest first: contiguous up to what has landed. */
  tailFrom(offset: number): readonly TailEntry[] | undefined {
    return this.#tail.from(offset)
  }

  /** Where the last acknowledged append ends: for a checkpoint, which then makes everything before it durable. */
  get landedPlace(): { segment: number; position: number; endOffset: number; visibleEnd: number } {
    return { ...this.#landed, endOffset: this.durableEnd, visibleEnd: this.visibleEnd }
  }

  /** Whether `flush.ms` has passed since bytes were left unsynced. */
  isSyncDue(nowMono: number): boolean {
    return this.#unsynced.isDue(nowMono, this.settings, this.durableEnd < this.endOffset)
  }

  /** Up to where the segment's file can be read; what stands behind is in memory, or not yet safe. */
  readableEnd(segment: Segment): number {
    const { first } = this.#tail
    if (first?.segment === segment.baseOffset) return first.position
    if (segment.baseOffset === this.#landed.segment) return this.#landed.position
    return segment.baseOffset > this.#landed.segment ? 0 : segment.sizeBytes
  }

  takeFlights(): Flight[] {
    this.#isEnlisted = false
    return this.#directWrite ? [] : this.#flights.take()
  }

  landed(flight: Flight, bytes: Buffer, lease: Lease): void {
    for (const own of flight.leases) own.release()
    if (this.#keepsTail) {
      lease.retain()
      this.#keep(flight, [bytes], [lease], false)
    }
    this.#unsynced.wroteToJournal(flight)
    this.#finish(flight)
    if (this.unwrittenBytes >= WRITE_OUT_BYTES) this.requestWriteOut()
  }

  writeDirectly(flights: Flight[]): void {
    this.#holdFlightsBack(this.#writeFlights(flights).catch((error: Error) => this.#rollBack(flights, error)))
  }

  writeNow(flights: readonly Flight[], allocate: (bytes: number) => Place): boolean {
    const { handles } = this.#environment
    if (!this.#hasFolder) return false
    for (const flight of flights) {
      if (flight.sync) return false
      const { path } = this.#requireSegment(flight.segment)
      if (handles.findOpen(path)) continue
      handles.use(path, 'create', async () => {}).catch(() => {}) // the next round finds it open
      return false
    }
    for (let i = 0; i < flights.length; i++) {
      try {
        this.#writeFlightNow(flights[i]!, allocate)
      } catch (error) {
        this.#holdFlightsBack(this.#rollBack(flights.slice(i), error as Error))
        break
      }
    }
    return true
  }

  #writeFlightNow(flight: Flight, allocate: (bytes: number) => Place): void {
    const segment = this.#requireSegment(flight.segment)
    const { lease, start } = allocate(flight.bytes)
    let at = start
    for (const part of flight.parts) {
      lease.buffer.set(part, at)
      at += part.length
    }
    const bytes = lease.buffer.subarray(start, at)
    try {
      this.#environment.handles.findOpen(segment.path)!.writeNow(flight.position, bytes)
    } catch (error) {
      lease.release()
      throw error
    }
    this.#unsynced.wroteDirectly(segment, flight)
    this.#environment.noteDirectBytes(flight.bytes)
    for (const own of flight.leases) own.release()
    if (this.#keepsTail) this.#keep(flight, [bytes], [lease], true)
    else lease.release()
    this.#finish(flight)
  }

  refused(flights: Flight[], error: Error): void {
    this.#holdFlightsBack(this.#rollBack(flights, error, { wasWritten: false }))
  }

  /** Appends wait while others are written, or taken back, around the journal. */
  #holdFlightsBack(work: Promise<void>): void {
    this.#directWrite = work.then(() => {
      this.#directWrite = undefined
      if (!this.#flights.isEmpty) this.#enlist()
    })
  }

  /** From some size on a second copy costs more than a second sync; and what came directly is synced directly. */
  get prefersDirectWrite(): boolean {
    if (this.#flights.waitingBytes >= this.#environment.directBytes) return true
    return this.#unsynced.hasDirect && this.#flights.hasSync
  }

  /** Brings what is durable in the journal into the segments' files (not synced). */
  writeOut(): Promise<void> {
    if (this.unwrittenBytes === 0) return this.#writingOut ?? Promise.resolve()
    this.#writingOut ??= this.usingFiles(this.#writeOutAll())
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
    this.#tail.dropped(entry)
  }

  /** The same, for who cannot wait: a full disk is tried again later, any other failure takes the directory offline. */
  requestWriteOut(): void {
    this.writeOut().catch(() => {})
  }

  /** Makes every byte of the segments' files durable; what was not yet written there is written first. */
  sync(): Promise<void> {
    const place = { ...this.#landed, offset: this.durableEnd }
    return this.usingFiles(this.writeOut().then(() => this.#syncSegments(place)))
  }

  /**
   * Moves the log start; resolves with it when it is durable. It never goes back, and never beyond what is durable. A move is in force at
   * once; a crash before it is durable only brings records back whose removal nobody was promised. What lies below is removed from the
   * disk later (`log-start`).
   */
  async moveStart(offset: number): Promise<number> {
    this.requireUsable()
    const target = Math.min(offset, this.durableEnd)
    if (target > this.startOffset) {
      this.startOffset = target
      this.visibleEnd = Math.max(this.visibleEnd, target)
      this.isDirty = true
    }
    // Also for a move that changes nothing: the one that did may still be on its way.
    const place = { segment: 0, position: 0, epoch: 0, offset: this.startOffset }
    await this.#environment.journal.write(this.identity, { ...place, kind: EntryKind.LOG_START })
    return this.startOffset
  }

  /** Waits until nothing is on its way to the disk. */
  async settle(): Promise<void> {
    while (!this.#environment.journal.failure) {
      const { last } = this.#flights
      if (last) await last.done.catch(() => {})
      else if (this.#directWrite) await this.#directWrite
      else if (this.durableEnd < this.endOffset) await this.#environment.journal.drain()
      else break
    }
    while (this.#fileWork.size > 0) await Promise.allSettled(this.#fileWork)
  }

  /** Notes work on the log's files, so that they are not taken away under it. */
  usingFiles<T>(work: Promise<T>): Promise<T> {
    this.#fileWork.add(work)
    const done = () => void this.#fileWork.delete(work)
    work.then(done, done)
    return work
  }

  /** Drops everything from memory; the files stay. */
  close(): void {
    this.isClosed = true
    this.dropTail()
  }

  /** Of a directory that is offline nothing can be written any more, so what is not would stay in the memory of all logs for good. */
  dropTail(): void {
    this.#tail.clear()
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

  #segmentFor(batch: Buffer, delta: number): Segment {
    const active = this.active
    if (active && !needsRoll(this, active, batch, this.endOffset + delta)) return active
    return this.roll()
  }

  /** Starts a new segment at the end of the log. */
  roll(): Segment {
    const sealed = this.active
    if (sealed?.sizeBytes === 0) return sealed
    const segment = Segment.create(this.#environment, this.path, this.endOffset)
    this.segments.push(segment)
    if (sealed) {
      sealed.endOffset = this.endOffset
      this.unsealed.push({ segment: sealed, snapshot: this.producers.snapshotAt(this.endOffset) })
      this.onRoll()
    }
    return segment
  }

  /** Begins a new segment while the active one has room, so that retention can take that one. */
  async rollEarly(): Promise<void> {
    const segment = this.roll()
    await segment.sync()
    if (this.durableEnd === segment.baseOffset) this.#landed = { segment: segment.baseOffset, position: 0 }
  }

  /** Forgets the cached bytes below an offset: their segments have gone or were replaced. */
  dropCachedBelow(offset: number): void {
    this.#tail.dropBelow(offset)
  }

  #finish(flight: Flight): void {
    this.isDirty = true
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
      hasInternal: flight.hasInternal,
      parts,
      leases,
      written,
    }
    this.#tail.add(entry)
  }

  /** Takes the flights out as they are finished: those that are left when it fails are to be taken back. */
  async #writeFlights(flights: Flight[]): Promise<void> {
    await this.makeFolder()
    if (flights.some(flight => flight.sync)) return this.#writeSynced(flights)
    // Each is acknowledged when it is written: its sender's next batch comes in while the others are on their way.
    while (flights.length > 0) {
      await this.#writeFlight(flights[0]!)
      const flight = flights.shift()!
      this.#keepDirect(flight)
      this.#finish(flight)
    }
  }

  async #writeSynced(flights: readonly Flight[]): Promise<void> {
    for (const flight of flights) await this.#writeFlight(flight)
    if (this.#unsynced.hasJournaled) await this.writeOut()
    const { segment, position, bytes, endOffset } = flights[flights.length - 1]!
    await this.#syncSegments({ segment, position: position + bytes, offset: endOffset })
    for (const flight of flights) {
      this.#keepDirect(flight)
      this.#finish(flight)
    }
  }

  async #writeFlight(flight: Flight): Promise<void> {
    const segment = this.#requireSegment(flight.segment)
    await this.#environment.handles.use(segment.path, 'create', file =>
      file.write(flight.position, flight.parts),
    )
    this.#unsynced.wroteDirectly(segment, flight)
    this.#environment.noteDirectBytes(flight.bytes)
  }

  /** Makes the segments' files durable, and lets the journal say so where it does not know it: everything below the place is synced. */
  async #syncSegments(place: { segment: number; position: number; offset: number }): Promise<void> {
    const { journal } = this.#environment
    const syncing = this.#unsynced.sync(place.offset)
    syncing.catch(error => this.#environment.fail(error))
    if (await syncing) journal.attach(this.identity, { ...place, kind: EntryKind.MARK, epoch: this.term })
  }

  get #keepsTail(): boolean {
    return !this.isClosed && !this.#environment.journal.failure
  }

  #keepDirect(flight: Flight): void {
    const { parts, leases } = keepable(flight.parts, flight.leases, this.#environment.pool)
    this.#keep(flight, parts, leases, true)
  }

  /** Flights could not be written: nothing of them, nor of what was given a place behind them, was acknowledged. */
  async #rollBack(flights: readonly Flight[], error: Error, { wasWritten = true } = {}): Promise<void> {
    const first = flights[0]!
    const failed = [...flights, ...this.#flights.takeBack()]
    this.#isEnlisted = false
    const isFull = hasCode(error, 'ENOSPC')
    const answer = new KafkaError('KAFKA_STORAGE_ERROR', isFull ? 'the disk is full' : error.message)
    if (isFull) {
      if (failed.some(flight => flight.sync)) this.#unsynced.missedSync()
      // Told only when it is certain that no restart finds the batches again.
      await this.#truncateTo(first, wasWritten).catch(reason => this.#environment.fail(reason))
    } else {
      this.#environment.fail(error)
    }
    for (const flight of failed) {
      for (const lease of flight.leases) lease.release()
      flight.fail(answer)
    }
  }

  /** The log ends where the flight would have begun: at once in memory, and durably on the disk when this resolves. */
  async #truncateTo(first: Flight, wasWritten: boolean): Promise<void> {
    const { segment: base, position, baseOffset, timesBefore } = first
    const dropped: Segment[] = []
    while (this.active && this.active.baseOffset > base) dropped.push(this.segments.pop()!)
    const segment = this.#requireSegment(base)
    segment.truncate(baseOffset, position, timesBefore)
    this.unsealed = this.unsealed.filter(
      one => one.segment.endOffset !== undefined && !dropped.includes(one.segment),
    )
    this.endOffset = baseOffset
    this.epochs.truncateFromEnd(baseOffset)
    this.producers.truncateTo(baseOffset)
    for (const one of dropped) await one.remove()
    if (!wasWritten || !this.#hasFolder || !(await this.#environment.disk.exists(segment.path))) return
    await this.#environment.handles.use(segment.path, 'write', file => file.truncate(position))
    await segment.sync()
  }

  async #writeOutAll(): Promise<void> {
    await this.makeFolder()
    for (let run = this.#tail.nextRun(); run; run = this.#tail.nextRun()) {
      const { segment: base, position, parts } = run
      const segment = this.segments.find(candidate => candidate.baseOffset === base)
      try {
        if (segment && !segment.isDeleted) {
          await this.#environment.handles.use(segment.path, 'create', file => file.write(position, parts))
          this.#unsynced.wroteOut(segment)
        }
      } finally {
        this.#tail.release(run)
      }
      this.#tail.wrote(run)
    }
  }

  #requireSegment(baseOffset: number): Segment {
    for (let i = this.segments.length - 1; i >= 0; i--) {
      if (this.segments[i]!.baseOffset === baseOffset) return this.segments[i]!
    }
    throw new Error(`segment ${baseOffset} of ${this.folder} is gone`)
  }
}
