import type { ReplicaCheckpoint } from '../checkpoint.ts'
import { EntryKind, type JournalEntry } from '../journal-frame.ts'

/** A place in the log: everything before it is safe. */
export interface Place {
  segment: number
  position: number
  endOffset: number
}

/**
 * How far the checkpoint and the journal know a log to reach. A mark says it for everything before it; batches only where they continue
 * what is known: in front of others there may be bytes that came directly and were never synced.
 */
export function knownPlaceOf(checkpoint: ReplicaCheckpoint, entries: readonly JournalEntry[]): Place {
  const { segment, position, endOffset } = checkpoint
  let known: Place = { segment, position, endOffset }
  if (checkpoint.known && checkpoint.known.endOffset > endOffset) known = checkpoint.known
  for (const { kind, segment, position, offset: endOffset, bytes } of entries) {
    if (endOffset <= known.endOffset || (kind !== EntryKind.BATCHES && kind !== EntryKind.MARK)) continue
    const isNext =
      segment === known.segment ? position <= known.position : position === 0 && segment === known.endOffset
    if (kind === EntryKind.MARK || isNext) known = { segment, position: position + bytes.length, endOffset }
  }
  return known
}
