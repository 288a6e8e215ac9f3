import type { Flight } from './flight.ts'
import type { EntryFields, LogIdentity } from './journal-frame.ts'
import type { JournalSource } from './journal-source.ts'

/** What the journal writes with one write: the appends of many logs, and notes about them. */
export interface Note {
  identity: LogIdentity
  fields: EntryFields
  bytes: Buffer
  /** It is tried again when there is no room, until there is. */
  waitsForRoom: boolean
  /** Set when somebody waits until the note is durable. */
  done?: { resolve: () => void; reject: (error: Error) => void }
}

export interface Round {
  flights: { source: JournalSource; flight: Flight }[]
  notes: Note[]
  payloadBytes: number
  sync: boolean
}

/** There is no room for a round: gives the notes that wait for some, and answers those that do not. */
export function waitingNotes({ notes }: Round, error: Error): Note[] {
  for (const note of notes) if (!note.waitsForRoom) note.done?.reject(error)
  return notes.filter(note => note.waitsForRoom)
}

/** Tells all who wait for a round that it has failed. */
export function answerRound({ flights, notes }: Round, error: Error): void {
  for (const { flight } of flights) flight.fail(error)
  for (const note of notes) note.done?.reject(error)
}
