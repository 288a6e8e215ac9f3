import type { Disk } from '../base/disk.ts'
import type { Logger } from '../base/logger.ts'
import type { ReplicaCheckpoint } from './checkpoint.ts'
import type { LogIdentity } from './journal-frame.ts'
import { readPartitionMetadata } from './log/partition-metadata.ts'
import { deletedFolderName, parseFolderName, parseSegmentName, strayFolderName } from './log/segment-names.ts'

/**
 * Names of partition folders in a log directory: who goes makes room at once for a topic of the same name.
 *
 * A new name is durable before anything in the folder is removed, so that half a folder never comes back under its old one.
 */
export class PartitionFolders {
  readonly #disk: Disk
  readonly #root: string
  readonly #logger: Logger

  constructor(disk: Disk, root: string, logger: Logger) {
    this.#disk = disk
    this.#root = root
    this.#logger = logger
  }

  /** The folder gets a name that no topic can have; `removeDeleted` takes it away. */
  async setAside(folder: string, { topic, topicId, partition }: ReplicaCheckpoint): Promise<void> {
    const name = deletedFolderName(topic, partition, topicId.toString('hex'))
    const path = `${this.#root}/${name}`
    // What a crash has left of an earlier removal: the folder may be that of a topic of the same name which was deleted as well.
    if (await this.#disk.exists(path)) {
      await this.#disk.syncDirectory(this.#root)
      await this.#disk.removeDirectory(path)
    }
    await this.#rename(folder, name)
  }

  /**
   * A folder that is there before its replica has one may belong to an earlier topic of the name: a leftover of its removal, or a
   * stranger, which is kept under another name and never touched again.
   */
  async free(
    folder: string,
    identity: LogIdentity,
    options: {
      /** Not even a folder of the replica itself may stay: another takes its place. */
      mustGo?: boolean
      /** A folder without an owner is the replica's own. */
      mayAdopt?: boolean
      findLeftover: (topicId: Buffer) => ReplicaCheckpoint | undefined
    },
  ): Promise<void> {
    const path = `${this.#root}/${folder}`
    if (!(await this.#disk.exists(path))) return
    const owner = await readPartitionMetadata(this.#disk, path).catch(() => undefined)
    if (owner?.equals(identity.topicId) && !options.mustGo) return
    if (!owner) {
      if (options.mayAdopt) return
      const names = await this.#disk.list(path)
      if (!names.some(name => parseSegmentName(name)?.suffix === '.log')) return
    }
    const leftover = owner && options.findLeftover(owner)
    if (leftover) return this.setAside(folder, leftover)
    const { topic } = parseFolderName(folder)!
    const uniqueId = (owner ?? identity.topicId).toString('hex')
    this.#logger.warn(
      { event: 'stray-folder', folder: path },
      `${path} belongs to another topic: it is set aside`,
    )
    return this.#rename(folder, strayFolderName(topic, identity.partition, uniqueId))
  }

  /** A copy that is whole gets the name under which it is served. */
  async place(copy: string, folder: string): Promise<void> {
    await this.#rename(copy, folder)
  }

  /** Copies that a stop has interrupted. */
  async removeFutures(): Promise<void> {
    for (const name of await this.#disk.list(this.#root)) {
      if (parseFolderName(name)?.stage === 'future') await this.#disk.removeDirectory(`${this.#root}/${name}`)
    }
  }

  async removeDeleted(): Promise<void> {
    const names = (await this.#disk.list(this.#root)).filter(
      name => parseFolderName(name)?.stage === 'delete',
    )
    if (names.length === 0) return
    await this.#disk.syncDirectory(this.#root)
    for (const name of names) await this.#disk.removeDirectory(`${this.#root}/${name}`)
  }

  async #rename(from: string, to: string): Promise<void> {
    if (!(await this.#disk.exists(`${this.#root}/${from}`))) return
    await this.#disk.rename(`${this.#root}/${from}`, `${this.#root}/${to}`)
    await this.#disk.syncDirectory(this.#root)
  }
}
