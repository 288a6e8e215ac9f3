import type { Disk } from '../base/disk.ts'
import { type ReplicaCheckpoint, readCheckpoint } from './checkpoint.ts'
import { DataFolderError, readIdentity } from './data-folder.ts'
import { type Finding, findingOf, parseChecked } from './finding.ts'
import { EntryKind, identityKey, type JournalEntry } from './journal-frame.ts'
import { readJournal } from './journal-recovery.ts'
import { parseOffsetCheckpoint } from './log/checkpoint-file.ts'
import { folderName, parseFolderName } from './log/segment-names.ts'
import { checkPartition } from './partition-check.ts'

/**
 * Looks at every file of a log directory whose broker does not run, and names what is not as it was written. Changes nothing.
 *
 * What the next start mends by itself is no damage: a torn tail, and bytes that the journal will write again.
 */
/** What the checkpoint and the journal say of the directory. */
export interface DirectoryKnowledge {
  /** By `identityKey`. */
  replicas: Map<string, ReplicaCheckpoint>
  entries: Map<string, JournalEntry[]>
  /** The broker stopped in order. */
  isClean: boolean
}

export async function* checkDirectory(disk: Disk, root: string): AsyncGenerator<Finding> {
  const identity = await readIdentity(disk, root)
  if (!identity) throw new DataFolderError(`${root} is no data folder: it has no meta.properties.`)
  const findings: Finding[] = []
  const known = await readKnowledge(disk, root, Buffer.from(identity.directoryId, 'base64url'), findings)
  yield* findings.splice(0)
  const names = await disk.list(root)
  const folders = new Map<string, ReplicaCheckpoint>()
  for (const replica of known?.replicas.values() ?? []) {
    folders.set(folderName(replica.topic, replica.partition), replica)
  }
  for (const [folder, replica] of folders) {
    if (!replica.hasFolder || names.includes(folder)) continue
    yield { kind: 'damage', file: `${root}/${folder}`, position: 0, reason: 'the folder is missing' }
  }
  for (const name of names) {
    if (/-offset-checkpoint$/.test(name)) {
      const path = `${root}/${name}`
      await parseChecked(disk, path, bytes => parseOffsetCheckpoint(bytes, path), findings)
      yield* findings.splice(0)
      continue
    }
    const parsed = parseFolderName(name)
    if (!parsed) continue
    const path = `${root}/${name}`
    if (parsed.stage !== 'live') {
      yield { kind: 'note', file: path, position: 0, reason: `set aside (${parsed.stage}): not looked at` }
      continue
    }
    const replica = folders.get(name)
    const entries = replica ? (known?.entries.get(identityKey(replica)) ?? []) : []
    yield* await checkPartition(disk, path, replica, entries, known?.isClean ?? false)
  }
}

/** Undefined when it cannot be read: then no log can be checked against it. */
async function readKnowledge(
  disk: Disk,
  root: string,
  directoryTag: Buffer,
  findings: Finding[],
): Promise<DirectoryKnowledge | undefined> {
  try {
    const checkpoint = await readCheckpoint(disk, root)
    const journal = await readJournal(disk, `${root}/journal`, directoryTag, checkpoint?.sequence ?? 0)
    const replicas = new Map(checkpoint?.replicas.map(replica => [identityKey(replica), replica]))
    for (const [key, entries] of journal.entries) {
      if (entries.some(entry => entry.kind === EntryKind.REMOVED)) replicas.delete(key)
    }
    return { replicas, entries: journal.entries, isClean: checkpoint?.isClean ?? false }
  } catch (error) {
    findings.push(findingOf(error))
    return undefined
  }
}
