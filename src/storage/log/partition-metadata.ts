/**
 * `partition.metadata`, Kafka's format: which topic a partition's folder belongs to. Two lines, `version: 0` and `topic_id: ` with the
 * id in base64url without padding; Kafka writes no newline at the end.
 */
import { assert } from '../../base/assert.ts'
import { CorruptionError, type Disk, readIfExists, replaceFile } from '../../base/disk.ts'
import { UnknownVersionError } from '../sealed-file.ts'
import { parseWhole } from './checkpoint-file.ts'

export const PARTITION_METADATA_FILE = 'partition.metadata'
const VERSION = 0
const TOPIC_ID_BYTES = 16

/** The topic id is 16 bytes, not all zero. */
export function formatPartitionMetadata(topicId: Buffer): Buffer {
  assert(isTopicId(topicId), 'a topic id is 16 bytes, not all zero')
  return Buffer.from(`version: ${VERSION}\ntopic_id: ${topicId.toString('base64url')}`)
}

/** The topic id. */
export function parsePartitionMetadata(bytes: Buffer, file: string): Buffer {
  const match = /^version: (\d+)\r?\ntopic_id: ([A-Za-z0-9_-]{22})\r?\n?$/.exec(bytes.toString('latin1'))
  const version = parseWhole(match?.[1])
  if (!match || version === undefined)
    throw new CorruptionError(file, 0, 'it does not hold a version and a topic id')
  if (version !== VERSION) throw new UnknownVersionError(file, version, VERSION)
  const topicId = Buffer.from(match[2]!, 'base64url')
  if (!isTopicId(topicId)) throw new CorruptionError(file, 0, 'its topic id is zero')
  return topicId
}

/** Stores the topic id durably in a partition's folder. */
export async function writePartitionMetadata(disk: Disk, folder: string, topicId: Buffer): Promise<void> {
  await replaceFile(disk, `${folder}/${PARTITION_METADATA_FILE}`, formatPartitionMetadata(topicId))
}

/** The topic id of a partition's folder; undefined when the file is missing. */
export async function readPartitionMetadata(disk: Disk, folder: string): Promise<Buffer | undefined> {
  const path = `${folder}/${PARTITION_METADATA_FILE}`
  const bytes = await readIfExists(disk, path)
  return bytes && parsePartitionMetadata(bytes, path)
}

export function* describePartitionMetadata(bytes: Buffer, file: string): Generator<string> {
  yield `version: ${VERSION} topic_id: ${parsePartitionMetadata(bytes, file).toString('base64url')}`
}

function isTopicId(id: Buffer): boolean {
  return id.length === TOPIC_ID_BYTES && id.some(byte => byte !== 0)
}

/** Makes a partition's folder and says in it whose it is; both are safe when it resolves. */
export async function makePartitionFolder(disk: Disk, path: string, topicId: Buffer): Promise<void> {
  await disk.makeDirectory(path)
  await replaceFile(disk, `${path}/${PARTITION_METADATA_FILE}`, formatPartitionMetadata(topicId))
  await disk.syncDirectory(path.slice(0, path.lastIndexOf('/')))
}
