import { type Disk, replaceFile } from '../base/disk.ts'
import { inLanes } from '../base/lanes.ts'
import type { Logger } from '../base/logger.ts'
import { type ReplicaCheckpoint, writeCheckpoint } from './checkpoint.ts'
import type { Journal } from './journal.ts'
import { identityKey } from './journal-frame.ts'
import { formatOffsetCheckpoint } from './log/checkpoint-file.ts'
import type { PartitionLog } from './log/partition-log.ts'
import type { Segment } from './log/segment.ts'
import { segmentName } from './log/segment-names.ts'

/**
 * Takes checkpoints of a log directory while appends go on.
 *
 * For each log that changed: what has landed is noted, then written out and synced, so the note is a place below which
 * everything is durable in the segments. When the file that says so is safe, the journal's frames up to the sequence seen at the
 * beginning are free. One checkpoint runs at a time; a request that comes meanwhile is served by another one behind it.
 */
const LOGS_AT_ONCE = 4
/**
 * At a stop nobody waits for anything else. And beside large writes, since each of a log's dozen small steps stands in line behind them: with
 * few at once a checkpoint of 100 logs took longer than what it was to cover.
 */
const LOGS_AT_ONCE_IN_HASTE = 32
/** Bytes written around the journal after which a checkpoint is due, so that a start after a crash reads little. */
const DIRECT_BYTES_BETWEEN = 1 << 30

export class CheckpointWriter {
  readonly #disk: Disk
  readonly #logger: Logger
  readonly #root: string
  readonly #journal: Journal
  readonly #logs: () => Iterable<PartitionLog>
  readonly #catalogue: Map<string, ReplicaCheckpoint>
  #running: Promise<void> | undefined
  #next: Promise<void> | undefined
  #directBytes = 0
  readonly #turns = new WeakMap<PartitionLog, Promise<void>>()
  /** What stands in each of Kafka's checkpoint files. */
  readonly #kafkaFiles = new Map<string, Buffer>()

  constructor(
    disk: Disk,
    logger: Logger,
    root: string,
    journal: Journal,
    logs: () => Iterable<PartitionLog>,
    catalogue: Map<string, ReplicaCheckpoint>,
  ) {
    this.#disk = disk
    this.#logger = logger
    this.#root = root
    this.#journal = journal
    this.#logs = logs
    this.#catalogue = catalogue
  }

  /** True when so much went around the journal that a checkpoint is due. */
  noteDirectBytes(bytes: number): boolean {
    this.#directBytes += bytes
    return this.#directBytes >= DIRECT_BYTES_BETWEEN
  }

  /** Resolves when a checkpoint that was begun after the call is safe. */
  request(): Promise<void> {
    this.#next ??= (this.#running ?? Promise.resolve())
      .catch(() => {})
      .then(() => {
        this.#next = undefined
        return this.#run({ isClean: false })
      })
    return this.#next
  }

  /** The last one of a directory that is closed in order. */
  async finish(): Promise<void> {
    while (this.#running ?? this.#next) await (this.#running ?? this.#next)!.catch(() => {})
    await this.#run({ isClean: true })
  }

  /** Completes the files of one log alone; resolves with what a checkpoint would say of it. */
  async complete(log: PartitionLog): Promise<ReplicaCheckpoint> {
    while (this.#running ?? this.#next) await (this.#running ?? this.#next)!.catch(() => {})
    const before = this.#catalogue.get(identityKey(log.identity))
    if (!before) throw new Error(`${log.folder} is not of ${this.#root}`)
    // Its last snapshot stays, for the catalogue still names that one.
    const completing = log.usingFiles(this.#completeLog(log, before, []))
    const done = () => {
      this.#running = undefined
    }
    this.#running = completing.then(done, done)
    return completing
  }

  #run(options: { isClean: boolean }): Promise<void> {
    const running = this.#write(options).finally(() => {
      this.#running = undefined
    })
    this.#running = running
    return running
  }

  async #write({ isClean }: { isClean: boolean }): Promise<void> {
    const sequence = this.#journal.writtenSequence
    const isInHaste = isClean || this.#directBytes >= DIRECT_BYTES_BETWEEN
    this.#directBytes = 0
    const obsolete: string[] = []
    const failures: Error[] = []
    // All are waited for, also when one fails: what a log is said to have is true only when its own work is done.
    await inLanes(isInHaste ? LOGS_AT_ONCE_IN_HASTE : LOGS_AT_ONCE, [...this.#logs()], log =>
      this.#checkpointLog(log, obsolete).catch(error => void failures.push(error)),
    )
    if (failures[0]) throw failures[0]
    await writeCheckpoint(this.#disk, this.#root, {
      sequence,
      isClean,
      replicas: [...this.#catalogue.values()],
    })
    this.#journal.release(sequence)
    for (const path of obsolete) await this.#disk.remove(path).catch(() => {})
    await this.#writeKafkaCheckpoints()
  }

  /** Completes the files of segments that get no more appends, as far as all of a segment has landed. */
  seal(log: PartitionLog): Promise<void> {
    return this.#inTurn(log, () => this.#sealLanded(log))
  }

  /** A roll and a checkpoint may want to write the snapshot of the same offset, and the indexes of the same segment. */
  #inTurn(log: PartitionLog, work: () => Promise<void>): Promise<void> {
    const before = this.#turns.get(log) ?? Promise.resolve()
    const turn = log.usingFiles(before.catch(() => {}).then(work))
    this.#turns.set(log, turn)
    return turn
  }

  async #sealLanded(log: PartitionLog): Promise<void> {
    for (let next = log.unsealed[0]; next; next = log.unsealed[0]) {
      const { segment, snapshot } = next
      const endOffset = segment.endOffset!
      if (log.isClosed || endOffset > log.durableEnd) return
      if (!segment.isDeleted) {
        await log.writeOut()
        segment.sealing = this.#sealSegment(
          log,
          segment,
          `${log.path}/${segmentName(endOffset, '.snapshot')}`,
          snapshot,
        )
        await segment.sealing
      }
      if (log.unsealed[0] === next) log.unsealed.shift()
    }
  }

  async #sealSegment(
    log: PartitionLog,
    segment: Segment,
    snapshotPath: string,
    snapshot: Buffer,
  ): Promise<void> {
    await segment.writeIndexes({ final: true, sync: true })
    if (!log.isClosed) await replaceFile(this.#disk, snapshotPath, snapshot)
  }

  async #checkpointLog(log: PartitionLog, obsolete: string[]): Promise<void> {
    const key = identityKey(log.identity)
    const before = this.#catalogue.get(key)
    if (log.damage || log.isClosed || !log.isDirty || !before) return
    log.isDirty = false
    try {
      const after = await log.usingFiles(this.#completeLog(log, before, obsolete))
      if (this.#catalogue.has(key)) this.#catalogue.set(key, after)
    } catch (error) {
      log.isDirty = true
      throw error
    }
  }

  /** Makes everything that has landed durable in the log's own files. */
  async #completeLog(
    log: PartitionLog,
    before: ReplicaCheckpoint,
    obsolete: string[],
  ): Promise<ReplicaCheckpoint> {
    const place = log.landedPlace
    const { startOffset, term, active, cleanedTo } = log
    const producers = log.producers.producerCount > 0 ? log.producers.snapshotAt(place.endOffset) : undefined
    await log.sync()
    await this.seal(log)
    await this.#inTurn(log, async () => {
      if (!active?.isDeleted) await active?.writeIndexes({ final: true, sync: true })
    })
    if (log.hasFolder) await log.epochsFile.write()
    let { snapshotOffset } = before
    if (producers && place.endOffset !== snapshotOffset) {
      const path = `${log.path}/${segmentName(place.endOffset, '.snapshot')}`
      await this.#inTurn(log, () => replaceFile(this.#disk, path, producers))
      if (snapshotOffset >= 0 && !log.segments.some(segment => segment.baseOffset === snapshotOffset)) {
        obsolete.push(`${log.path}/${segmentName(snapshotOffset, '.snapshot')}`)
      }
      snapshotOffset = place.endOffset
    } else if (!producers) {
      snapshotOffset = -1
    }
    const { known: _, ...rest } = before // only of a damaged log, and this one is whole
    return { ...rest, ...place, startOffset, term, hasFolder: log.hasFolder, snapshotOffset, cleanedTo }
  }

  /** Kafka's own text files, for its tools and for a way back; this broker does not read them. */
  async #writeKafkaCheckpoints(): Promise<void> {
    const replicas = [...this.#catalogue.values()].filter(replica => replica.hasFolder)
    // A new directory starts without: to Kafka a missing file is one without entries.
    if (replicas.length === 0 && this.#kafkaFiles.size === 0) return
    const files = {
      'recovery-point-offset-checkpoint': replicas.map(replica => ({
        ...replica,
        offset: replica.endOffset,
      })),
      'log-start-offset-checkpoint': replicas
        .filter(replica => replica.startOffset > 0)
        .map(replica => ({ ...replica, offset: replica.startOffset })),
      'cleaner-offset-checkpoint': replicas.flatMap(replica =>
        replica.cleanedTo ? [{ ...replica, offset: replica.cleanedTo }] : [],
      ),
      'replication-offset-checkpoint': replicas.map(replica => ({ ...replica, offset: replica.endOffset })),
    }
    await Promise.all(
      Object.entries(files).map(([name, entries]) =>
        this.#writeKafkaCheckpoint(name, formatOffsetCheckpoint(entries)),
      ),
    )
  }

  async #writeKafkaCheckpoint(name: string, bytes: Buffer): Promise<void> {
    if (this.#kafkaFiles.get(name)?.equals(bytes)) return
    this.#kafkaFiles.delete(name)
    try {
      await replaceFile(this.#disk, `${this.#root}/${name}`, bytes)
      this.#kafkaFiles.set(name, bytes)
    } catch (error) {
      this.#logger.warn(
        { event: 'checkpoint-file', name, error: String(error) },
        'could not write a checkpoint file',
      )
    }
  }
}
