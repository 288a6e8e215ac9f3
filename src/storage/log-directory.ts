import type { BufferPool } from '../base/buffer-pool.ts'
import type { Clock, Timer } from '../base/clock.ts'
import { CorruptionError, type Disk } from '../base/disk.ts'
import type { Logger } from '../base/logger.ts'
import { BackgroundWork } from './background-work.ts'
import { learnFromJournal } from './catalogue.ts'
import {
  CHECKPOINT_FILE,
  type DirectoryCheckpoint,
  formatReplica,
  newReplica,
  type ReplicaCheckpoint,
  readCheckpoint,
} from './checkpoint.ts'
import { CheckpointWriter } from './checkpoint-writer.ts'
import { FileHandles } from './file-handles.ts'
import { Journal } from './journal.ts'
import { JournalFiles, listJournalFiles } from './journal-files.ts'
import { EntryKind, identityKey, type JournalEntry, type LogIdentity } from './journal-frame.ts'
import { type JournalContents, readJournal } from './journal-recovery.ts'
import type { LogEnvironment } from './log/log-environment.ts'
import type { LogSettings } from './log/log-settings.ts'
import { PartitionLog } from './log/partition-log.ts'
import type { ProducerStateOptions } from './log/producer-state.ts'
import { ReadAhead } from './log/read-ahead.ts'
import { recoverLog } from './log/recovery.ts'
import { folderName } from './log/segment-names.ts'
import type { TailCache } from './log/tail-cache.ts'
import { PartitionFolders } from './partition-folders.ts'
import { ReplicaCopy } from './replica-copy.ts'

/**
 * One directory of logs: their journal, their checkpoint, and the order in which they come up.
 *
 * Start: `open` reads checkpoint and journal; `openLog` recovers one log at a time, the metadata log first, since it says which others
 * there are; `start` makes what was recovered durable, and only then is the journal written again. A replica that the catalogue knows
 * and nobody opened belongs to a deleted topic, or has its place in another directory: it is removed.
 *
 * Length: how replicas enter and leave is told by one catalogue, one map of logs and one of folders.
 */
export interface LogDirectoryOptions {
  disk: Disk
  clock: Clock
  logger: Logger
  pool: BufferPool
  cache: TailCache
  producers: ProducerStateOptions
  root: string
  /** 16 random bytes that name the directory. */
  directoryId: Buffer
  journalBytes: number
  openFilesMax?: number
  /** From how many bytes of a log in a round they go to its segment instead of the journal. */
  directBytes?: number
  /** The directory cannot be written any more: its logs are offline. Called once. */
  onOffline: (error: Error) => void
}

const JOURNAL_FOLDER = 'journal'
const JOURNAL_FILES_MAX = 8
const SWEEP_MS = 500
/** For one partition direct writes win from about here on; below it one sync for all does. */
const DIRECT_BYTES = 128 << 10

export class LogDirectory {
  readonly root: string
  readonly directoryId: Buffer
  readonly #options: LogDirectoryOptions
  readonly #environment: LogEnvironment
  readonly #logs = new Map<string, PartitionLog>()
  readonly #catalogue = new Map<string, ReplicaCheckpoint>()
  readonly #entries: Map<string, JournalEntry[]>
  readonly #isClean: boolean
  /** It was in use before this start. */
  readonly #hadCheckpoint: boolean
  readonly #files: JournalFiles
  readonly journal: Journal
  readonly #checkpoints: CheckpointWriter
  readonly #folders: PartitionFolders
  readonly #background: BackgroundWork
  /** Folders that are being removed or placed: until then their names are not free. */
  readonly #busyFolders = new Map<string, Promise<void>>()
  #sweep: Timer | undefined
  #isStarted = false
  #isClosing = false

  private constructor(
    options: LogDirectoryOptions,
    checkpoint: DirectoryCheckpoint | undefined,
    contents: JournalContents,
  ) {
    const { disk, clock, logger, pool, cache, producers, root } = options
    this.root = root
    this.directoryId = options.directoryId
    this.#options = options
    this.#background = new BackgroundWork(logger, () => this.isOffline || this.#isClosing)
    this.#folders = new PartitionFolders(disk, root, logger)
    this.#isClean = checkpoint?.isClean ?? false
    this.#hadCheckpoint = checkpoint !== undefined
    this.#entries = contents.entries
    for (const replica of checkpoint?.replicas ?? []) this.#catalogue.set(identityKey(replica), replica)
    learnFromJournal(this.#catalogue, this.#entries)
    this.#files = new JournalFiles(disk, `${root}/${JOURNAL_FOLDER}`, {
      fileBytes: Math.ceil(options.journalBytes / JOURNAL_FILES_MAX),
      filesMax: JOURNAL_FILES_MAX,
      lap: contents.lap,
    })
    this.journal = new Journal({
      files: this.#files,
      pool,
      clock,
      directoryTag: options.directoryId,
      nextSequence: contents.highestSequence + 1,
      onFailure: error => {
        for (const log of this.#logs.values()) log.dropTail()
        options.onOffline(error)
      },
      onPressure: () => this.#background.add(this.#checkpoints.request()),
    })
    this.#environment = {
      disk,
      clock,
      logger,
      pool,
      cache,
      readAhead: new ReadAhead(),
      producers,
      root,
      journal: this.journal,
      handles: new FileHandles(disk, options.openFilesMax),
      indexIntervalBytes: 4096,
      directBytes: options.directBytes ?? DIRECT_BYTES,
      full: undefined,
      fail: error => this.journal.fail(error),
      noteDirectBytes: bytes => {
        if (this.#checkpoints.noteDirectBytes(bytes)) this.#background.add(this.#checkpoints.request())
      },
    }
    this.#checkpoints = new CheckpointWriter(
      disk,
      logger,
      root,
      this.journal,
      () => this.#logs.values(),
      this.#catalogue,
    )
  }

  /** Reads what the directory holds. Throws CorruptionError when its checkpoint or journal is damaged. */
  static async open(options: LogDirectoryOptions): Promise<LogDirectory> {
    const { disk, root } = options
    const checkpoint = await readCheckpoint(disk, root)
    if (!checkpoint && (await listJournalFiles(disk, `${root}/${JOURNAL_FOLDER}`)).length > 0) {
      throw new CorruptionError(
        `${root}/${CHECKPOINT_FILE}`,
        0,
        'it is missing, and there is a journal that leans on it',
      )
    }
    const after = checkpoint?.sequence ?? 0
    const contents = await readJournal(disk, `${root}/${JOURNAL_FOLDER}`, options.directoryId, after)
    return new LogDirectory(options, checkpoint, contents)
  }

  get logs(): Iterable<PartitionLog> {
    return this.#logs.values()
  }

  get logCount(): number {
    return this.#logs.size
  }

  get environment(): LogEnvironment {
    return this.#environment
  }

  get isOffline(): boolean {
    return this.journal.failure !== undefined
  }

  /** What the catalogue knows. */
  get replicas(): Iterable<ReplicaCheckpoint> {
    return this.#catalogue.values()
  }

  /** Whether the catalogue knows the replica. */
  holds(identity: LogIdentity): boolean {
    return this.#catalogue.has(identityKey(identity))
  }

  findLog(identity: LogIdentity): PartitionLog | undefined {
    return this.#logs.get(identityKey(identity))
  }

  /**
   * Opens a log: recovered when it was here before, else new and without a folder. Each start of a replica that was here before is a
   * new term, so that what a lost tail was numbered with is never used again.
   */
  async openLog(identity: LogIdentity, topic: string, settings: LogSettings): Promise<PartitionLog> {
    const key = identityKey(identity)
    const folder = folderName(topic, identity.partition)
    await this.#busyFolders.get(folder)?.catch(() => {})
    const known = this.#catalogue.get(key)
    if (!known?.hasFolder)
      await this.#freeFolder(folder, identity, { mayAdopt: known !== undefined || !this.#hadCheckpoint })
    const replica = known ?? newReplica(identity, topic, 0)
    const entries = this.#entries.get(key) ?? []
    const recovered = await recoverLog(this.#environment, {
      folder,
      checkpoint: replica,
      isCatalogued: known !== undefined,
      isClean: this.#isClean && entries.length === 0 && !replica.known,
      entries,
      settings,
    })
    const { state, damage, known: knownPlace } = recovered
    if (!this.#isStarted && (this.#hadCheckpoint || state.endOffset > 0))
      state.term = Math.max(replica.term, state.epochs.latestEpoch) + 1
    const log = new PartitionLog(this.#environment, identity, { topic, folder }, settings, state)
    // What was recovered is told by the next checkpoint, which frees the journal that it came from.
    log.isDirty = state.hasFolder && (!this.#isClean || state.endOffset !== replica.endOffset)
    log.cleanedTo = replica.cleanedTo ?? 0
    this.#reportDamage(log, damage)
    log.onRoll = () => this.#background.add(this.#sealWhenLanded(log))
    const { term, startOffset } = state
    this.#catalogue.set(key, { ...replica, term, startOffset, known: damage && knownPlace })
    if (this.#isStarted && !known)
      await this.#journalAddition(identity, EntryKind.ADDED, term, Buffer.from(topic))
    this.#logs.set(key, log)
    return log
  }

  /** The catalogue must know a replica before anything of it is acknowledged. */
  async #journalAddition(
    identity: LogIdentity,
    kind: EntryKind,
    epoch: number,
    bytes: Buffer,
  ): Promise<void> {
    const waitsForRoom = kind === EntryKind.ADDED // behind one that is placed appends are waiting
    try {
      await this.journal.write(identity, { ...NO_PLACE, kind, epoch }, bytes, waitsForRoom)
    } catch (error) {
      this.#catalogue.delete(identityKey(identity))
      throw error
    }
  }

  async #sealWhenLanded(log: PartitionLog): Promise<void> {
    const endOffset = log.active?.baseOffset ?? 0
    await log.durableTo(endOffset).catch(() => {}) // taken back: the segment goes on
    await this.#checkpoints.seal(log)
  }

  /** Makes what was recovered durable, and lets appends begin. */
  async start(): Promise<void> {
    for (const [key, replica] of this.#catalogue) {
      if (!this.#logs.has(key)) await this.#removeLeftover(key, replica)
    }
    this.#entries.clear()
    await this.#checkpoints.request()
    await this.#files.open()
    this.#isStarted = true
    await this.#folders.removeFutures()
    await this.#folders.removeDeleted()
    this.#scheduleSweep()
  }

  /** Writes a checkpoint now: what is above it is read at the next start. */
  checkpoint(): Promise<void> {
    return this.#checkpoints.request()
  }

  /** Completes the files of a log, so that a copy of its folder is a whole replica with this checkpoint. */
  completeLog(log: PartitionLog): Promise<ReplicaCheckpoint> {
    return this.#checkpoints.complete(log)
  }

  /** Begins to copy a log of another directory. When it was here before, the checkpoint forgets that first. */
  async beginCopy(log: PartitionLog): Promise<ReplicaCopy> {
    await this.checkpoint()
    return ReplicaCopy.begin(this.#options.disk, this.root, log)
  }

  /**
   * Takes over a replica that was copied here whole, and opens it. It counts when the metadata names this directory: a start before that
   * removes it. Rejects with nothing left of it.
   */
  async adoptLog(
    replica: ReplicaCheckpoint,
    copy: ReplicaCopy,
    settings: LogSettings,
  ): Promise<PartitionLog> {
    const folder = folderName(replica.topic, replica.partition)
    try {
      await this.#busyFolders.get(folder)?.catch(() => {})
      await this.#whileBusy(folder, this.#place(replica, copy, folder))
      const { topicId, partition, incarnation } = replica
      const log = await this.openLog({ topicId, partition, incarnation }, replica.topic, settings)
      if (!log.damage) return log
      await this.removeLog(replica)
      throw log.damage
    } catch (error) {
      // What cannot be done now is done by the next start.
      if (this.holds(replica)) await this.#whileBusy(folder, this.#forget(replica)).catch(() => {})
      throw error
    }
  }

  async #place(replica: ReplicaCheckpoint, copy: ReplicaCopy, folder: string): Promise<void> {
    const isTaken = [...this.#logs.values()].some(log => log.folder === folder)
    if (isTaken) throw new Error(`${this.root}/${folder} belongs to another topic`)
    await this.#freeFolder(folder, replica, { mustGo: true })
    this.#catalogue.set(identityKey(replica), replica)
    await this.#journalAddition(replica, EntryKind.PLACED, replica.term, formatReplica(replica))
    if (replica.hasFolder) await this.#folders.place(copy.folder, folder)
  }

  /** Forgets a replica and removes its folder. A crash in between is finished by the next start. */
  async removeLog(identity: LogIdentity): Promise<void> {
    const key = identityKey(identity)
    const log = this.#logs.get(key)
    const replica = this.#catalogue.get(key)
    if (!log || !replica) return
    this.#logs.delete(key)
    log.close()
    await this.#whileBusy(log.folder, this.#remove(log, replica))
    this.#background.add(this.#folders.removeDeleted())
  }

  /** The replica leaves the catalogue last, so that a start after a crash knows what is left to do. */
  async #remove(log: PartitionLog, replica: ReplicaCheckpoint): Promise<void> {
    await this.#forget(replica, async () => {
      await log.settle()
      for (const segment of log.segments) await segment.retire()
      log.producers.close()
    })
  }

  async #whileBusy(folder: string, work: Promise<void>): Promise<void> {
    this.#busyFolders.set(folder, work)
    await work.finally(() => this.#busyFolders.delete(folder))
  }

  async #forget(replica: ReplicaCheckpoint, release = async () => {}): Promise<void> {
    await this.journal.write(replica, { ...NO_PLACE, kind: EntryKind.REMOVED })
    await release()
    await this.#folders.setAside(folderName(replica.topic, replica.partition), replica)
    this.#catalogue.delete(identityKey(replica))
  }

  async close(): Promise<void> {
    if (this.#isClosing) return
    this.#isClosing = true
    this.#sweep?.cancel()
    await this.#background.settle()
    await Promise.allSettled(this.#busyFolders.values())
    if (this.#isStarted && !this.isOffline) await this.#closeInOrder()
    if (this.#isStarted) await this.journal.close()
    for (const log of this.#logs.values()) {
      log.close()
      log.producers.close()
    }
    this.#environment.readAhead.clear()
    await this.#environment.handles.closeAll()
  }

  /** What cannot be written now (the disk may be full) is in the journal, and the next start brings it to its place. */
  async #closeInOrder(): Promise<void> {
    await this.journal.drain()
    await Promise.all([...this.#logs.values()].map(log => log.settle()))
    await this.#checkpoints.finish().catch(error => {
      this.#options.logger.error(
        { event: 'last-checkpoint', error: String(error) },
        'could not write the last checkpoint',
      )
    })
  }

  #reportDamage(log: PartitionLog, damage: CorruptionError | undefined): void {
    if (!damage) return
    log.damage = damage
    this.#options.logger.error(
      { event: 'log-damaged', partition: log.folder, file: damage.file, position: damage.position },
      `${damage.message}; the partition is offline. \`loggerhead check\` shows it, \`loggerhead repair\` can cut it.`,
    )
  }

  /** The log's records are in a directory that this broker was not given. It is not served: an empty one would be taken for all there is. */
  reportAbsent(log: PartitionLog, directoryId: string): void {
    const text = `${log.folder} is in the log directory ${directoryId}, which is not here`
    log.damage = new Error(text)
    this.#options.logger.error(
      { event: 'log-dir-missing', partition: log.folder, directoryId },
      `${text}; the partition is offline. Name its folder in log.dirs again, or delete the topic.`,
    )
  }

  async #removeLeftover(key: string, replica: ReplicaCheckpoint): Promise<void> {
    const folder = folderName(replica.topic, replica.partition)
    const isTaken = [...this.#logs.values()].some(log => log.folder === folder)
    if (!isTaken) await this.#folders.setAside(folder, replica)
    this.#catalogue.delete(key)
  }

  /** One without an owner was begun a moment before a crash, for a replica enters the catalogue only when the name is free. */
  #freeFolder(folder: string, identity: LogIdentity, may: { mayAdopt?: boolean; mustGo?: boolean }) {
    const findLeftover = (topicId: Buffer) =>
      [...this.#catalogue.values()].find(
        one =>
          one.topicId.equals(topicId) &&
          one.partition === identity.partition &&
          !this.#logs.has(identityKey(one)),
      )
    return this.#folders.free(folder, identity, { ...may, findLeftover })
  }

  #scheduleSweep(): void {
    if (this.#isClosing) return
    this.#sweep = this.#options.clock.after(
      SWEEP_MS,
      () => {
        this.#background.add(this.#sweepOnce())
        this.#scheduleSweep()
      },
      'log-sweep',
    )
  }

  /** Brings what the journal holds into the segments, and syncs logs whose `flush.ms` has passed. */
  async #sweepOnce(): Promise<void> {
    const now = this.#options.clock.mono()
    for (const log of this.#logs.values()) {
      if (log.isClosed || log.damage) continue
      if (log.unwrittenBytes > 0) log.requestWriteOut()
      if (!log.isSyncDue(now)) continue
      await log.sync()
      await this.journal.sync()
    }
    if (this.#files.isUnderPressure) await this.#checkpoints.request() // the one that was asked for may have failed
  }
}

const NO_PLACE = { segment: 0, position: 0, offset: 0, epoch: 0 }
