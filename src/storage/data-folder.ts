import { type DirectoryLock, type Disk, readIfExists, replaceFile } from '../base/disk.ts'
import type { Random } from '../base/random.ts'

/**
 * A log directory's identity and owner: `meta.properties` (Kafka's format, with a line of ours) and the folder's lock.
 *
 * One broker a folder. A folder of another cluster, of another node, or of a format that this program does not know stops the start: guessing
 * could only damage what is there.
 */
const FORMAT_VERSION = 1
const META_FILE = 'meta.properties'
const META_VERSION = 1

export interface FolderIdentity {
  clusterId: string
  nodeId: number
  /** In Kafka's base64. */
  directoryId: string
}

export interface DataFolder {
  root: string
  identity: FolderIdentity
  lock: DirectoryLock
}

/** The folder cannot be used; the message says why and what can be done. */
export class DataFolderError extends Error {
  override name = 'DataFolderError'
}

export interface OpenFolderOptions {
  nodeId: number
  /** For a new folder, when the cluster has no id yet. */
  clusterId: string | undefined
  /** Named to whoever finds the folder locked. */
  holder: string
  random: Random
}

export async function openDataFolder(
  disk: Disk,
  root: string,
  options: OpenFolderOptions,
): Promise<DataFolder> {
  await disk.makeDirectory(root)
  const lock = await disk.lock(root, options.holder)
  try {
    const found = await readIdentity(disk, root)
    if (found) requireSame(root, found, options)
    const identity = found ?? (await writeIdentity(disk, root, options))
    return { root, identity, lock }
  } catch (error) {
    await lock.release()
    throw error
  }
}

/** Undefined for a folder that has none. */
export async function readIdentity(disk: Disk, root: string): Promise<FolderIdentity | undefined> {
  const bytes = await readIfExists(disk, `${root}/${META_FILE}`)
  if (!bytes) return undefined
  const lines = new Map<string, string>()
  for (const line of bytes.toString('utf8').split('\n')) {
    const equals = line.indexOf('=')
    if (equals > 0 && !line.startsWith('#'))
      lines.set(line.slice(0, equals).trim(), line.slice(equals + 1).trim())
  }
  const format = lines.get('loggerhead.format.version')
  if (format === undefined) {
    throw new DataFolderError(
      `${root} was written by Apache Kafka: its cluster metadata cannot be read here. Choose an empty folder (log.dirs).`,
    )
  }
  if (format !== String(FORMAT_VERSION) || lines.get('version') !== String(META_VERSION)) {
    throw new DataFolderError(
      `${root} has format version ${format}; this program knows version ${FORMAT_VERSION}. Start the version that wrote it.`,
    )
  }
  const clusterId = lines.get('cluster.id')
  const nodeId = Number(lines.get('node.id'))
  const directoryId = lines.get('directory.id')
  if (!clusterId || !directoryId || !Number.isInteger(nodeId)) {
    throw new DataFolderError(
      `${root}/${META_FILE} is damaged: cluster.id, node.id or directory.id is missing.`,
    )
  }
  return { clusterId, nodeId, directoryId }
}

function requireSame(root: string, found: FolderIdentity, wanted: OpenFolderOptions): void {
  if (found.nodeId !== wanted.nodeId) {
    throw new DataFolderError(
      `${root} belongs to node ${found.nodeId}, and node.id is ${wanted.nodeId}. Set node.id=${found.nodeId} or choose another folder.`,
    )
  }
  if (wanted.clusterId !== undefined && found.clusterId !== wanted.clusterId) {
    throw new DataFolderError(
      `${root} belongs to cluster ${found.clusterId}, not to ${wanted.clusterId}. Choose another folder (log.dirs).`,
    )
  }
}

async function writeIdentity(disk: Disk, root: string, options: OpenFolderOptions): Promise<FolderIdentity> {
  const { nodeId, random } = options
  const clusterId = options.clusterId ?? random.bytes(16).toString('base64url')
  const directoryId = random.bytes(16).toString('base64url')
  const lines = [
    `cluster.id=${clusterId}`,
    `directory.id=${directoryId}`,
    `loggerhead.format.version=${FORMAT_VERSION}`,
    `node.id=${nodeId}`,
    `version=${META_VERSION}`,
    '',
  ]
  await replaceFile(disk, `${root}/${META_FILE}`, Buffer.from(lines.join('\n')))
  return { clusterId, nodeId, directoryId }
}
