import { type Disk, readIfExists, replaceFile } from '../base/disk.ts'
import type { LogIdentity } from './journal-frame.ts'
import { openSealedFile, sealFile } from './sealed-file.ts'

/**
 * The checkpoint of a log directory: the catalogue of the replicas it stores, and up to where each of them is durable in its own files.
 * Frames of the journal up to `sequence` are not needed any more. `docs/formats/checkpoint.md` has the byte table.
 *
 * The file is replaced as a whole, and nothing is freed before the new one is safe.
 */
export const CHECKPOINT_FILE = 'loggerhead-checkpoint'
const MAGIC = 'LHCP'
const VERSION = 1

export interface ReplicaCheckpoint extends LogIdentity {
  topic: string
  term: number
  /** Node id that got the vote of `term`, or -1. */
  vote: number
  startOffset: number
  /** Its folder was made. A missing folder is then damage, never an empty replica. */
  hasFolder: boolean
  /** Base offset of the segment in which the durable part ends, and the position in it. */
  segment: number
  position: number
  endOffset: number
  visibleEnd: number
  /** Of a damaged replica: how far it is known to have reached. What lies between may be damaged, and is never cut. */
  known?: { segment: number; position: number; endOffset: number } | undefined
  /** Producer state as of `endOffset` is that of the snapshot file of this offset; -1: there were no producers. */
  snapshotOffset: number
  /** Compaction has left one record of a key below it; missing means 0. */
  cleanedTo?: number
}

export interface DirectoryCheckpoint {
  sequence: number
  /** The directory was closed in order: nothing stands behind the positions. */
  isClean: boolean
  replicas: ReplicaCheckpoint[]
}

export async function writeCheckpoint(
  disk: Disk,
  root: string,
  checkpoint: DirectoryCheckpoint,
): Promise<void> {
  const body = Buffer.from(JSON.stringify({ ...checkpoint, replicas: checkpoint.replicas.map(toJson) }))
  await replaceFile(disk, `${root}/${CHECKPOINT_FILE}`, sealFile(MAGIC, VERSION, body))
}

/** Undefined when the directory has none. Throws CorruptionError or UnknownVersionError. */
export async function readCheckpoint(disk: Disk, root: string): Promise<DirectoryCheckpoint | undefined> {
  const path = `${root}/${CHECKPOINT_FILE}`
  const bytes = await readIfExists(disk, path)
  if (!bytes) return undefined
  const { body } = openSealedFile(MAGIC, VERSION, bytes, path)
  const parsed = JSON.parse(body.toString()) as Omit<DirectoryCheckpoint, 'replicas'> & {
    replicas: ReplicaJson[]
  }
  return { ...parsed, replicas: parsed.replicas.map(fromJson) }
}

type ReplicaJson = Omit<ReplicaCheckpoint, 'topicId'> & { topicId: string }

function toJson(replica: ReplicaCheckpoint): ReplicaJson {
  return { ...replica, topicId: replica.topicId.toString('base64url') }
}

function fromJson(replica: ReplicaJson): ReplicaCheckpoint {
  return { ...replica, topicId: Buffer.from(replica.topicId, 'base64url') }
}

export function* describeCheckpoint(bytes: Buffer, file: string): Iterable<string> {
  const { version, body } = openSealedFile(MAGIC, VERSION, bytes, file)
  const { sequence, isClean, replicas } = JSON.parse(body.toString())
  yield `version: ${version} sequence: ${sequence} clean: ${isClean} replicas: ${replicas.length}`
  for (const replica of replicas) yield JSON.stringify(replica)
}

/** One replica as it stands in the checkpoint, for the journal. */
export function formatReplica(replica: ReplicaCheckpoint): Buffer {
  return Buffer.from(JSON.stringify(toJson(replica)))
}

export function parseReplica(bytes: Buffer): ReplicaCheckpoint {
  return fromJson(JSON.parse(bytes.toString()) as ReplicaJson)
}

/** A replica that has stored nothing yet. */
export function newReplica(identity: LogIdentity, topic: string, term: number): ReplicaCheckpoint {
  return {
    ...identity,
    topic,
    term,
    vote: -1,
    startOffset: 0,
    hasFolder: false,
    segment: 0,
    position: 0,
    endOffset: 0,
    visibleEnd: 0,
    snapshotOffset: -1,
  }
}
