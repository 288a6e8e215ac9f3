import type { Flight } from './flight.ts'
import type { EntryFields, LogIdentity } from './journal-frame.ts'
import type { JournalSource } from './journal-source.ts'

/** What the journal writes with one write: the appends of many logs, and notes about them. */
export interface Note {
  identity: LogIdentity
  fields: EntryFields
  bytes: Buffer
  /** Set when somebody waits until the note is durable. */
  done?: { resolve: () => void; reject: (error: Error) => void }
}

export interface Round {
  flights: { source: JournalSource; flight: Flight }[]
  notes: Note[]
  payloadBytes: number
  sync: boolean
}

/** Tells all who wait for a round that it has failed. */
export function answerRound({ flights, notes }: Round, error: Error): void {
  for (const { flight } of flights) flight.fail(error)
  for (const note of notes) note.done?.reject(error)
}
