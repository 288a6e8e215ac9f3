import { newReplica, parseReplica, type ReplicaCheckpoint } from './checkpoint.ts'
import { copyIdentity, EntryKind, type JournalEntry } from './journal-frame.ts'

/**
 * The catalogue of a log directory at start: what the checkpoint holds, with what the journal tells behind it. Replicas were added, came
 * from another directory or were removed since, and terms moved.
 *
 * A replica that comes back to a directory where it was before finds a checkpoint without it (`LogDirectory.copyLog`), so one that the
 * checkpoint does hold is never older than its entry in the journal.
 */
export function learnFromJournal(
  catalogue: Map<string, ReplicaCheckpoint>,
  entriesByKey: Map<string, JournalEntry[]>,
): void {
  for (const [key, entries] of entriesByKey) {
    for (const entry of entries) {
      const replica = replicaOf(entry, catalogue.get(key))
      if (replica) catalogue.set(key, replica)
    }
    // What is left of a removed one has no log that is opened: `start` takes it away.
    const removedAt = entries.findLastIndex(entry => entry.kind === EntryKind.REMOVED)
    if (removedAt >= 0) entriesByKey.set(key, entries.slice(removedAt + 1))
  }
}

function replicaOf(entry: JournalEntry, known: ReplicaCheckpoint | undefined): ReplicaCheckpoint | undefined {
  const { kind, epoch, offset, bytes } = entry
  if (kind === EntryKind.HARD_STATE) return known && { ...known, term: epoch, vote: offset }
  if (known) return undefined
  if (kind === EntryKind.ADDED) return newReplica(copyIdentity(entry), bytes.toString(), epoch)
  return kind === EntryKind.PLACED ? parseReplica(bytes) : undefined
}
