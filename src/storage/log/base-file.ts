/**
 * The Base of a partition (`base` in its folder, our own format): where its log begins, and what was true there.
 *
 * A log that begins at S > 0 cannot be understood from its batches alone. The Base is what Raft calls a snapshot's last index,
 * term and configuration, with the producers as they were at S. It is stored before anything below S is removed,
 * and sent to a replica that must begin at S. S never exceeds the commit offset, and never goes back.
 * `docs/formats/base.md` has the byte table.
 */
import { CorruptionError, type Disk, readIfExists, replaceFile } from '../../base/disk.ts'
import { readInt64, writeInt64 } from '../int64.ts'
import { openSealedFile, sealFile } from '../sealed-file.ts'
import {
  describeProducerSnapshot,
  formatProducerSnapshot,
  type ProducerEntry,
  parseProducerSnapshot,
} from './producer-snapshot.ts'

export const BASE_FILE = 'base'
const MAGIC = 'LHBS'
const VERSION = 1
const HEADER_BYTES = 16

export interface Base {
  /** S: the first offset of the log. */
  logStart: number
  /** The leader epoch of the record below S, or -1 when there was none. */
  epochBefore: number
  /** The voters at S, a VotersRecord in its encoding; empty while they are those of the partition's creation. */
  voters: Buffer
  /** The producers at S. */
  producers: ProducerEntry[]
}

export function formatBase(base: Base): Buffer {
  const header = Buffer.alloc(HEADER_BYTES)
  writeInt64(header, 0, base.logStart)
  header.writeInt32BE(base.epochBefore, 8)
  header.writeUInt32BE(base.voters.length, 12)
  return sealFile(
    MAGIC,
    VERSION,
    Buffer.concat([header, base.voters, formatProducerSnapshot(base.producers)]),
  )
}

export function parseBase(bytes: Buffer, file: string): Base {
  const { voters, snapshot, ...rest } = openBase(bytes, file)
  return { ...rest, voters, producers: parseProducerSnapshot(snapshot, file, rest.logStart) }
}

/** Stores the Base durably in a partition's folder: a crash leaves the old one or this one. */
export async function writeBase(disk: Disk, folder: string, base: Base): Promise<void> {
  await replaceFile(disk, `${folder}/${BASE_FILE}`, formatBase(base))
}

/** The Base of a partition's folder; undefined for a log that begins at 0, or that Kafka wrote. */
export async function readBase(disk: Disk, folder: string): Promise<Base | undefined> {
  const path = `${folder}/${BASE_FILE}`
  const bytes = await readIfExists(disk, path)
  return bytes && parseBase(bytes, path)
}

export function* describeBase(bytes: Buffer, file: string): Generator<string> {
  const { logStart, epochBefore, voters, snapshot } = openBase(bytes, file)
  yield `version: ${VERSION} logStart: ${logStart} epochBefore: ${epochBefore} voters: ${voters.toString('hex') || 'none'}`
  yield* describeProducerSnapshot(snapshot, file)
}

function openBase(bytes: Buffer, file: string): Omit<Base, 'producers'> & { snapshot: Buffer } {
  const { body } = openSealedFile(MAGIC, VERSION, bytes, file)
  if (body.length < HEADER_BYTES) throw new CorruptionError(file, bytes.length, 'it is cut off')
  const votersEnd = HEADER_BYTES + body.readUInt32BE(12)
  if (votersEnd > body.length) throw new CorruptionError(file, HEADER_BYTES, 'its voters are cut off')
  return {
    logStart: readInt64(body, 0, file),
    epochBefore: body.readInt32BE(8),
    voters: body.subarray(HEADER_BYTES, votersEnd),
    snapshot: body.subarray(votersEnd),
  }
}
