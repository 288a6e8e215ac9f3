import type { Clock } from '../../base/clock.ts'
import type { Flight } from '../flight.ts'
import type { LogSettings } from './log-settings.ts'
import type { Segment } from './segment.ts'

/**
 * What of a log is written and not known to be durable, and when its policy (`flush.messages`, `flush.ms`) wants that to end.
 *
 * Bytes are unsynced in two places: in a segment's file, where they came directly or were brought from the journal, and in the journal, after
 * rounds in which nobody asked for a sync. A synced round of the journal covers the rounds before it, but never what came directly.
 */
export class Unsynced {
  readonly #clock: Clock
  readonly #segments = new Set<Segment>()
  #syncing: Promise<unknown> = Promise.resolve()
  #records = 0
  /** When bytes were first left unsynced, by the monotonic clock; -1 when none are. */
  #since = -1
  /** End of what came directly and is not known to be synced, or -1: the journal does not cover it. */
  #directEnd = -1
  /** End of what went through the journal in unsynced rounds alone, or -1. */
  #journalEnd = -1

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get hasDirect(): boolean {
    return this.#directEnd >= 0
  }

  get hasJournaled(): boolean {
    return this.#journalEnd >= 0
  }

  /** Whether `flush.ms` has passed since bytes were left unsynced. */
  isDue(nowMono: number, settings: LogSettings, hasFlights: boolean): boolean {
    if (this.#since < 0 || nowMono - this.#since < settings.syncEveryMs) return false
    this.#since = hasFlights ? nowMono : -1 // what is on its way is not synced by this
    return true
  }

  /** `flush.messages` = 1 syncs before every acknowledgement; N lets the N-th append wait for the sync of all before it. */
  applyPolicy(flight: Flight, records: number, settings: LogSettings): void {
    const every = settings.syncEveryRecords
    if (every === 1) {
      flight.sync = true
      return
    }
    if (this.#since < 0) this.#since = this.#clock.mono()
    this.#records += records
    if (this.#records < every) return
    flight.sync = true
    this.#records = 0
    this.#since = -1
  }

  /** A flight that was to be synced was taken back: the next append asks for its sync instead. */
  missedSync(): void {
    this.#records = Number.MAX_SAFE_INTEGER
  }

  wroteOut(segment: Segment): void {
    this.#segments.add(segment)
  }

  wroteDirectly(segment: Segment, flight: Flight): void {
    this.#segments.add(segment)
    this.#directEnd = flight.endOffset
  }

  wroteToJournal(flight: Flight): void {
    this.#journalEnd = flight.sync ? -1 : flight.endOffset // a synced round makes those before it durable too
  }

  /**
   * Makes the segments' files durable. True when everything below the offset is now, and the journal does not know it. Each sync also waits
   * for those before it: they may have taken over a segment that this one answers for.
   */
  async sync(endOffset: number): Promise<boolean> {
    const segments = [...this.#segments].filter(segment => !segment.isDeleted)
    const isNews = this.hasDirect || this.hasJournaled
    this.#segments.clear()
    this.#syncing = Promise.all([this.#syncing, ...segments.map(segment => segment.sync())])
    await this.#syncing
    if (!isNews) return false
    if (this.#directEnd <= endOffset) this.#directEnd = -1
    if (this.#journalEnd <= endOffset) this.#journalEnd = -1
    return true
  }
}
