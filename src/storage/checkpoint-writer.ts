import { type Disk, replaceFile } from '../base/disk.ts'
import { inLanes } from '../base/lanes.ts'
import type { Logger } from '../base/logger.ts'
import { type ReplicaCheckpoint, writeCheckpoint } from './checkpoint.ts'
import type { Journal } from './journal.ts'
import { identityKey } from './journal-frame.ts'
import { formatOffsetCheckpoint } from './log/checkpoint-file.ts'
import { LEADER_EPOCH_FILE } from './log/leader-epochs.ts'
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
    if (!this.#running) {
      this.#running = this.write({ isClean: false }).finally(() => {
        this.#running = undefined
      })
      return this.#running
    }
    this.#next ??= this.#running
      .catch(() => {})
      .then(() => {
        this.#next = undefined
        return this.request()
      })
    return this.#next
  }

  async write({ isClean }: { isClean: boolean }): Promise<void> {
    const sequence = this.#journal.writtenSequence
    this.#directBytes = 0
    const obsolete: string[] = []
    await inLanes(LOGS_AT_ONCE, this.#logs(), async log => {
      if (log.damage || !log.isDirty) return
      const key = identityKey(log.identity)
      const before = this.#catalogue.get(key)
      if (!before) return
      const after = await this.#checkpointLog(log, before, obsolete)
      if (this.#catalogue.has(key)) this.#catalogue.set(key, after)
    })
    await writeCheckpoint(this.#disk, this.#root, { sequence, isClean, replicas: [...this.#catalogue.values()] })
    this.#journal.release(sequence)
    for (const path of obsolete) await this.#disk.remove(path).catch(() => {})
    await this.#writeKafkaCheckpoints()
  }

  /** A segment gets no more appends: its indexes are completed, and the producers' state at its end is written beside. */
  async seal(log: PartitionLog, segment: Segment, snapshot: Buffer): Promise<void> {
    const endOffset = segment.endOffset!
    await log.writeOut()
    if (log.isClosed || segment.isDeleted) return
    await segment.writeIndexes({ final: true, sync: true })
    await this.#writeSynced(`${log.path}/${segmentName(endOffset, '.snapshot')}`, snapshot)
  }

  async #checkpointLog(log: PartitionLog, before: ReplicaCheckpoint, obsolete: string[]): Promise<ReplicaCheckpoint> {
    log.isDirty = false
    const place = log.landedPlace
    const { startOffset, term, active } = log
    const producers = log.producers.producerCount > 0 ? log.producers.snapshotAt(place.endOffset) : undefined
    try {
      await log.sync()
      await active?.writeIndexes({ final: true, sync: false })
      if (log.hasFolder) await replaceFile(this.#disk, `${log.path}/${LEADER_EPOCH_FILE}`, log.epochs.format())
      let { snapshotOffset } = before
      if (producers && place.endOffset !== snapshotOffset) {
        await this.#writeSynced(`${log.path}/${segmentName(place.endOffset, '.snapshot')}`, producers)
        if (snapshotOffset >= 0 && !log.segments.some(segment => segment.baseOffset === snapshotOffset)) {
          obsolete.push(`${log.path}/${segmentName(snapshotOffset, '.snapshot')}`)
        }
        snapshotOffset = place.endOffset
      } else if (!producers) {
        snapshotOffset = -1
      }
      return { ...before, ...place, startOffset, term, hasFolder: log.hasFolder, snapshotOffset }
    } catch (error) {
      log.isDirty = true
      throw error
    }
  }

  async #writeSynced(path: string, bytes: Buffer): Promise<void> {
    const file = await this.#disk.open(path, { mode: 'replace' })
    try {
      await file.write(0, [bytes])
      await file.sync()
    } finally {
      await file.close()
    }
    await this.#disk.syncDirectory(path.slice(0, path.lastIndexOf('/')))
  }

  /** Kafka's own text files, for its tools and for a way back; this broker does not read them. */
  async #writeKafkaCheckpoints(): Promise<void> {
    const replicas = [...this.#catalogue.values()].filter(replica => replica.hasFolder)
    const files = {
      'recovery-point-offset-checkpoint': replicas.map(replica => ({ ...replica, offset: replica.endOffset })),
      'log-start-offset-checkpoint': replicas
        .filter(replica => replica.startOffset > 0)
        .map(replica => ({ ...replica, offset: replica.startOffset })),
      'replication-offset-checkpoint': replicas.map(replica => ({ ...replica, offset: replica.endOffset })),
    }
    for (const [name, entries] of Object.entries(files)) {
      await replaceFile(this.#disk, `${this.#root}/${name}`, formatOffsetCheckpoint(entries)).catch(error =>
        this.#logger.warn({ event: 'checkpoint-file', name, error: String(error) }, 'could not write a checkpoint file'),
      )
    }
  }
}
