import type { Lease } from '../base/buffer-pool.ts'
import type { Flight } from './flight.ts'
import type { LogIdentity } from './journal-frame.ts'

/** A partition with appends that wait. */
export interface JournalSource {
  readonly identity: LogIdentity
  /** What waits is large: it goes to the segment itself. */
  readonly prefersDirectWrite: boolean
  /** All that wait; none while the source writes or takes back by itself, after which it enlists again. */
  takeFlights(): Flight[]
  /** The flight is in the journal, durable where it asked for it; `bytes` is its copy inside the lease's buffer. */
  landed(flight: Flight, bytes: Buffer, lease: Lease): void
  /** Writes the flights to the segment; the source completes them itself. */
  writeDirectly(flights: Flight[]): void
  /**
   * Writes unsynced flights to the segment on the spot and completes them; false when it cannot, and nothing was done. `allocate` gives
   * memory that stays, retained once for the caller.
   */
  writeNow(flights: readonly Flight[], allocate: (bytes: number) => Place): boolean
  /** There was no room for the flights: nothing of them was written. */
  refused(flights: Flight[], error: Error): void
}

/** Bytes of a slab. */
export interface Place {
  lease: Lease
  start: number
}
