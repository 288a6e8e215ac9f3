import type { Logger } from '../base/logger.ts'
import { KafkaError } from '../protocol/errors.ts'
import { takeTurn } from '../storage/log/log-start.ts'
import type { LogDirectory } from '../storage/log-directory.ts'
import { CopyStoppedError, type ReplicaCopy } from '../storage/replica-copy.ts'
import type { Partition } from './partition.ts'

/**
 * Moves of partitions between the log directories of this node, one at a time, while they are served.
 *
 * The folder is copied until little is left. Then appends wait, the rest is copied, the other directory takes the copy over, and a record
 * of the metadata says where the replica is from now on. That record is the one moment at which it moves: a start before it removes the
 * copy, a start behind it removes what is left in the old directory. See docs/decisions/0012.
 */
export interface ReplicaMove {
  readonly partition: Partition
  /** Where to. */
  readonly directory: LogDirectory
  readonly sizeBytes: number
  /** Offsets that are still to be copied. */
  readonly offsetLag: number
}

export interface ReplicaMovesOptions {
  directories: readonly LogDirectory[]
  logger: Logger
  /** Says in the metadata where the partition is; rejects with `UnknownOutcomeError` when nobody can tell whether it does. */
  commit: (partition: Partition, directory: LogDirectory) => Promise<void>
  /** The partition has another log. */
  onMoved: (partition: Partition) => void
}

/** The record may be in the metadata or not: the next start will know. */
export class UnknownOutcomeError extends Error {
  override name = 'UnknownOutcomeError'
}

/** So much is copied while appends wait. */
const FINAL_BYTES = 1 << 20

interface Move {
  readonly partition: Partition
  readonly directory: LogDirectory
  copy: ReplicaCopy | undefined
  isStopped: boolean
}

export class ReplicaMoves {
  readonly #options: ReplicaMovesOptions
  /** In the order in which they are made; the first is under way. */
  readonly #moves = new Map<Partition, Move>()
  #running: Promise<void> | undefined
  #isClosed = false

  constructor(options: ReplicaMovesOptions) {
    this.#options = options
  }

  /** Those that have not ended. */
  get count(): number {
    return this.#moves.size
  }

  /** What is under way, and what waits for it. */
  *[Symbol.iterator](): Iterator<ReplicaMove> {
    for (const { partition, directory, copy, isStopped } of this.#moves.values()) {
      const { log } = partition
      if (isStopped || log.isClosed || log.root === directory.root) continue
      const offsetLag = Math.max(0, log.endOffset - (copy?.endOffset ?? log.startOffset))
      yield { partition, directory, sizeBytes: copy?.sizeBytes ?? 0, offsetLag }
    }
  }

  /** Begins to move a partition; throws what speaks against it. Where it is already, it stays. */
  begin(partition: Partition, directory: LogDirectory): void {
    partition.log.requireUsable()
    if (directory.isOffline) throw new KafkaError('KAFKA_STORAGE_ERROR', `${directory.root} is offline`)
    const present = this.#moves.get(partition)
    if (this.#isClosed || (present?.directory === directory && !present.isStopped)) return
    if (present) stop(present)
    else if (partition.log.root === directory.root) return
    // One that goes back to where it is waits for the end of the other, which may have gone too far to be stopped.
    this.#moves.set(partition, { partition, directory, copy: undefined, isStopped: false })
    this.#running ??= this.#runAll()
  }

  /** Ends what is under way; resolves when nothing is. */
  async close(): Promise<void> {
    this.#isClosed = true
    for (const move of this.#moves.values()) stop(move)
    await this.#running
  }

  async #runAll(): Promise<void> {
    for (let [move] = this.#moves.values(); move; [move] = this.#moves.values()) {
      await this.#run(move).catch(error => this.#report(move!, error))
      if (this.#moves.get(move.partition) === move) this.#moves.delete(move.partition)
    }
    this.#running = undefined
  }

  async #run(move: Move): Promise<void> {
    const { partition, directory } = move
    const { log } = partition
    const source = this.#options.directories.find(one => one.findLog(log.identity) === log)
    if (move.isStopped || !source || source === directory) return
    log.isPinned = true
    try {
      await takeTurn(log, async () => {}) // who changes its files now ends first
      await this.#copy(move, source)
    } finally {
      log.isPinned = false
    }
    const fields = { event: 'replica-moved', partition: log.folder, from: source.root, to: directory.root }
    this.#options.logger.info(fields, `${log.folder} is in ${directory.root} now`)
    await source.removeLog(log.identity).catch(error => this.#reportLeftover(source, log.folder, error))
  }

  async #copy(move: Move, source: LogDirectory): Promise<void> {
    const { partition, directory } = move
    const copy = await directory.beginCopy(partition.log)
    move.copy = copy
    if (move.isStopped) copy.stop()
    try {
      while ((await copy.catchUp()) > FINAL_BYTES);
      await partition.whileQuiet(() => this.#swap(move, copy, source))
    } catch (error) {
      await copy.discard().catch(() => {}) // else the next start does it
      throw error
    }
  }

  async #swap({ partition, directory }: Move, copy: ReplicaCopy, source: LogDirectory): Promise<void> {
    const { log } = partition
    const replica = await source.completeLog(log)
    await copy.finish(replica)
    const moved = await directory.adoptLog(replica, copy, log.settings)
    try {
      await this.#options.commit(partition, directory)
    } catch (error) {
      // With an unknown outcome both replicas stay as they are, and nothing is appended to either, until a start chooses one.
      if (error instanceof UnknownOutcomeError) log.damage = error
      else await directory.removeLog(log.identity)
      throw error
    }
    moved.settings = log.settings // they may have changed meanwhile
    partition.moveTo(moved)
    this.#options.onMoved(partition)
  }

  #reportLeftover(source: LogDirectory, name: string, error: unknown): void {
    this.#options.logger.warn(
      { event: 'replica-leftover', directory: source.root, partition: name, error: String(error) },
      `${source.root}/${name} is no longer used; the next start removes it`,
    )
  }

  #report({ partition, directory }: Move, error: unknown): void {
    if (error instanceof CopyStoppedError || partition.log.isClosed || this.#isClosed) return
    const { folder: name, root } = partition.log
    this.#options.logger.error(
      { event: 'replica-move-failed', partition: name, from: root, to: directory.root, error: String(error) },
      `${name} was not moved to ${directory.root}: ${String(error)}`,
    )
  }
}

function stop(move: Move): void {
  move.isStopped = true
  move.copy?.stop()
}
