import type { BufferPool, Lease } from '../base/buffer-pool.ts'
import type { Clock } from '../base/clock.ts'
import { hasCode } from '../base/disk.ts'
import { KafkaError } from '../protocol/errors.ts'
import type { Flight } from './flight.ts'
import type { JournalFiles } from './journal-files.ts'
import {
  ENTRY_HEADER_BYTES,
  type EntryFields,
  EntryKind,
  FRAME_HEADER_BYTES,
  type LogIdentity,
  paddedFrameBytes,
  sealFrame,
  writeEntryHeader,
} from './journal-frame.ts'
import { answerRound, type Note, type Round, waitingNotes } from './journal-round.ts'
import type { JournalSource, Place } from './journal-source.ts'

/**
 * Group commit for all partitions of a log directory: one round gathers what waits everywhere, writes it as one frame with one
 * (synced) write, and then completes everybody who waited. One round is in flight at a time, so a frame with a later sequence proves
 * that a synced frame before it was durable.
 *
 * A partition with much in a round writes to its own segment instead. The mark that says "synced up to here" travels with the next
 * round.
 *
 * The journal does not know what a record is. It fails once: after a failed write or sync every waiter and every later append gets
 * KAFKA_STORAGE_ERROR, and the directory is offline until the next start. A disk without room for another file is no failure: the round is
 * refused, and the next one tries again.
 */
const ROUND_BYTES_MAX = 4 << 20
const SLAB_BYTES = 256 << 10
/** Control entries of a refused round are tried again so much later. */
const RETRY_MS = 200
/** Up to so many partitions write unsynced rounds to their own segments: a system call each, against a second copy of all bytes. */
const WRITE_NOW_SOURCES_MAX = 8
/** Unsynced rounds up to this size are written on the spot: a hop through the thread pool costs more than the copy. */
const WRITE_NOW_BYTES = 64 << 10

export interface JournalOptions {
  files: JournalFiles
  pool: BufferPool
  clock: Clock
  /** First 8 bytes of the directory id: frames of another directory are not taken for ours. */
  directoryTag: Buffer
  nextSequence: number
  /** The journal cannot go on; called once. */
  onFailure: (error: Error) => void
  /** Half of the files wait for a checkpoint. */
  onPressure: () => void
}

const NO_BYTES: Buffer = Buffer.alloc(0)

export class Journal {
  readonly #options: JournalOptions
  readonly #files: JournalFiles
  #sources: JournalSource[] = []
  #notes: Note[] = []
  #scheduled = false
  #running = false
  /** Waits until there is room for it. */
  #waitingRound: Round | undefined
  #isClosed = false
  #failure: Error | undefined
  #nextSequence: number
  #writtenSequence: number
  #durableSequence: number
  #slab: Lease | undefined
  #slabUsed = 0
  #idleWaiters: (() => void)[] = []
  readonly counters = { rounds: 0, syncedRounds: 0, bytes: 0, flights: 0, directFlights: 0 }

  constructor(options: JournalOptions) {
    this.#options = options
    this.#files = options.files
    this.#nextSequence = options.nextSequence
    this.#writtenSequence = options.nextSequence - 1
    this.#durableSequence = options.nextSequence - 1
  }

  /** The newest frame that is written; a checkpoint that covers it can free it. */
  get writtenSequence(): number {
    return this.#writtenSequence
  }

  get failure(): Error | undefined {
    return this.#failure
  }

  get bytes(): number {
    return this.#files.bytes
  }

  /** Puts a partition with waiting appends into the next round. Once a round; the source sees to that. */
  enlist(source: JournalSource): void {
    if (this.#failure) {
      for (const flight of source.takeFlights()) flight.fail(offlineError(this.#failure))
      return
    }
    this.#sources.push(source)
    this.#schedule()
  }

  /** Writes a control entry in a synced round; resolves when it is durable. On a full disk it waits for room, or rejects. */
  write(identity: LogIdentity, fields: EntryFields, bytes = NO_BYTES, waitsForRoom = true): Promise<void> {
    if (this.#failure) return Promise.reject(offlineError(this.#failure))
    return new Promise((resolve, reject) => {
      this.#notes.push({ identity, fields, bytes, waitsForRoom, done: { resolve, reject } })
      this.#schedule()
    })
  }

  /** Lets a control entry travel with the next round, whenever that is. */
  attach(identity: LogIdentity, fields: EntryFields, bytes: Buffer = NO_BYTES): void {
    this.#notes.push({ identity, fields, bytes, waitsForRoom: true })
  }

  /** Makes every frame written so far durable: the end of an interval of unsynced rounds. */
  async sync(): Promise<void> {
    const sequence = this.#writtenSequence
    if (sequence <= this.#durableSequence) return
    try {
      await this.#files.syncUnsynced()
      this.#durableSequence = Math.max(this.#durableSequence, sequence)
    } catch (error) {
      this.fail(error as Error)
      throw error
    }
  }

  /** Ends the use of the journal: every waiter gets the error. */
  fail(error: Error): void {
    if (this.#failure) return
    this.#failure = error
    const sources = this.#sources
    this.#sources = []
    const answer = offlineError(error)
    for (const source of sources) for (const flight of source.takeFlights()) flight.fail(answer)
    for (const note of this.#notes) note.done?.reject(answer)
    this.#notes = []
    if (this.#waitingRound) answerRound(this.#waitingRound, answer)
    this.#waitingRound = undefined
    this.#files.fail(error)
    this.#wakeIdle()
    this.#options.onFailure(error)
  }

  /** Frees what a checkpoint covers. */
  release(sequence: number): void {
    this.#files.release(sequence)
  }

  /** Resolves when nothing waits and nothing is on its way. */
  async drain(): Promise<void> {
    while (!this.#failure && (this.#running || this.#scheduled || this.#sources.length > 0)) {
      await new Promise<void>(resolve => this.#idleWaiters.push(resolve))
    }
  }

  async close(): Promise<void> {
    await this.drain()
    this.#isClosed = true
    await this.#files.close()
    this.#slab?.release()
    this.#slab = undefined
  }

  #schedule(): void {
    if (this.#scheduled || this.#running || this.#failure || this.#isClosed) return
    this.#scheduled = true
    this.#options.clock.soon(() => {
      this.#scheduled = false
      this.#startRound()
    })
  }

  #startRound(): void {
    if (this.#failure || this.#isClosed) return
    const round = this.#gather()
    if (round.flights.length === 0 && round.notes.length === 0) {
      this.#wakeIdle()
      return
    }
    const frameBytes = paddedFrameBytes(round.payloadBytes)
    if (this.#files.hasRoom(frameBytes)) {
      this.#writeRound(round, frameBytes)
      return
    }
    this.#running = true
    this.#waitingRound = round
    this.#files.advance(frameBytes).then(
      () => {
        if (this.#endWait()) this.#writeRound(round, frameBytes)
      },
      error => {
        if (!this.#endWait()) return
        if (hasCode(error, 'ENOSPC')) this.#refuseRound(round, error)
        else this.#failRound(round, error)
      },
    )
    if (this.#files.isUnderPressure) this.#options.onPressure()
  }

  /** False when the journal has failed meanwhile, and the round was answered. */
  #endWait(): boolean {
    this.#waitingRound = undefined
    if (this.#failure) this.#running = false
    return this.#failure === undefined
  }

  /** The disk has no room for another file: a checkpoint may free one of those that are there. */
  #refuseRound(round: Round, error: Error): void {
    this.#running = false
    this.#notes = waitingNotes(round, error).concat(this.#notes)
    const bySource = new Map<JournalSource, Flight[]>()
    for (const { source, flight } of round.flights) {
      const flights = bySource.get(source)
      if (flights) flights.push(flight)
      else bySource.set(source, [flight])
    }
    // What waits behind what is refused is taken back with it.
    this.#sources = this.#sources.filter(source => !bySource.has(source))
    for (const [source, flights] of bySource) source.refused(flights, error)
    this.#options.onPressure()
    if (this.#sources.length > 0) this.#schedule()
    else this.#wakeIdle()
    if (this.#notes.some(note => note.done))
      this.#options.clock.after(RETRY_MS, () => this.#schedule(), 'journal-retry')
  }

  #gather(): Round {
    const round: Round = { flights: [], notes: this.#notes, payloadBytes: 0, sync: false }
    this.#notes = []
    for (const note of round.notes) {
      round.payloadBytes += ENTRY_HEADER_BYTES + note.bytes.length
      if (note.done) round.sync = true
    }
    const sources = this.#sources
    this.#sources = []
    for (let i = 0; i < sources.length; i++) {
      const source = sources[i]!
      if (round.payloadBytes > ROUND_BYTES_MAX) {
        this.#sources = sources.slice(i).concat(this.#sources)
        break
      }
      const isDirect = source.prefersDirectWrite
      const mayWriteNow = !isDirect && sources.length <= WRITE_NOW_SOURCES_MAX
      const flights = source.takeFlights()
      if (flights.length === 0) continue // it is taking something back, and enlists again
      if (isDirect) {
        this.counters.directFlights += flights.length
        source.writeDirectly(flights)
        continue
      }
      if (mayWriteNow && source.writeNow(flights, this.#allocatePlace)) continue
      for (const flight of flights) {
        round.flights.push({ source, flight })
        round.payloadBytes += ENTRY_HEADER_BYTES + flight.bytes
        if (flight.sync) round.sync = true
      }
    }
    return round
  }

  #writeRound(round: Round, frameBytes: number): void {
    const sequence = this.#nextSequence++
    const at = this.#files.take(frameBytes, sequence)
    const start = this.#allocate(frameBytes)
    const slab = this.#slab!
    const places = this.#fill(round, slab.buffer, start, sequence, at)
    const frame = slab.buffer.subarray(start, start + frameBytes)
    this.counters.rounds++
    this.counters.bytes += frameBytes
    const needsOlderSync = this.#durableSequence < sequence - 1
    if (!round.sync) {
      if (frameBytes <= WRITE_NOW_BYTES) {
        try {
          this.#files.writeUnsyncedNow(at, frame)
        } catch (error) {
          this.#failRound(round, error as Error)
          return
        }
        this.#finishRound(round, slab, places, sequence, false)
        return
      }
      this.#running = true
      this.#files.writeUnsynced(at, frame).then(
        () => this.#finishRound(round, slab, places, sequence, false),
        error => this.#failRound(round, error),
      )
      return
    }
    this.#running = true
    this.counters.syncedRounds++
    const written = needsOlderSync
      ? this.#files.writeUnsynced(at, frame).then(() => this.#files.syncUnsynced())
      : this.#files.dsync.write(at, [frame])
    written.then(
      () => this.#finishRound(round, slab, places, sequence, true),
      error => this.#failRound(round, error),
    )
  }

  /** Lays the round out behind its header, notes first: they tell of what was before. Returns where each flight's bytes stand. */
  #fill(round: Round, buffer: Buffer, start: number, sequence: number, position: number): number[] {
    const places: number[] = []
    let at = start + FRAME_HEADER_BYTES
    for (const note of round.notes) {
      at = writeEntryHeader(buffer, at, note.identity, note.fields, note.bytes.length)
      buffer.set(note.bytes, at)
      at += note.bytes.length
    }
    for (const { source, flight } of round.flights) {
      const fields = {
        kind: EntryKind.BATCHES,
        segment: flight.segment,
        position: flight.position,
        offset: flight.endOffset,
        epoch: flight.epoch,
      }
      at = writeEntryHeader(buffer, at, source.identity, fields, flight.bytes)
      places.push(at)
      for (const part of flight.parts) {
        buffer.set(part, at)
        at += part.length
      }
    }
    const header = {
      lap: this.#files.lap,
      sequence,
      durableSequence: this.#durableSequence,
      entries: round.flights.length + round.notes.length,
      payloadBytes: round.payloadBytes,
    }
    sealFrame(buffer, start, header, this.#options.directoryTag, position)
    return places
  }

  #finishRound(round: Round, slab: Lease, places: number[], sequence: number, synced: boolean): void {
    this.#running = false
    this.#writtenSequence = sequence
    if (synced) this.#durableSequence = sequence
    this.counters.flights += round.flights.length
    for (let i = 0; i < round.flights.length; i++) {
      const { source, flight } = round.flights[i]!
      const start = places[i]!
      source.landed(flight, slab.buffer.subarray(start, start + flight.bytes), slab)
    }
    slab.release()
    for (const note of round.notes) note.done?.resolve()
    if (this.#sources.length > 0 || this.#notes.some(note => note.done)) this.#schedule()
    else this.#wakeIdle()
  }

  #failRound(round: Round, error: Error): void {
    this.#running = false
    answerRound(round, offlineError(error))
    this.fail(error)
  }

  readonly #allocatePlace = (bytes: number): Place => {
    const start = this.#allocate(bytes)
    return { lease: this.#slab!, start }
  }

  /** A place for a frame in the present slab, retained until its round is finished. */
  #allocate(frameBytes: number): number {
    if (!this.#slab || this.#slabUsed + frameBytes > this.#slab.buffer.length) {
      this.#slab?.release()
      this.#slab = this.#options.pool.acquire(Math.max(SLAB_BYTES, frameBytes))
      this.#slabUsed = 0
    }
    const start = this.#slabUsed
    this.#slabUsed += frameBytes
    this.#slab.retain()
    return start
  }

  #wakeIdle(): void {
    const waiters = this.#idleWaiters
    this.#idleWaiters = []
    for (const wake of waiters) wake()
  }
}

/** What they are told who wait. */
function offlineError(error: Error): KafkaError {
  return new KafkaError('KAFKA_STORAGE_ERROR', `the log directory is offline: ${error.message}`)
}
