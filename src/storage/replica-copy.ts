import { CorruptionError, type Disk, type File, readIfExists } from '../base/disk.ts'
import type { ReplicaCheckpoint } from './checkpoint.ts'
import type { PartitionLog } from './log/partition-log.ts'
import type { Segment } from './log/segment.ts'
import { futureFolderName, parseSegmentName, segmentName } from './log/segment-names.ts'

/**
 * A copy of a log's folder in another log directory, made while the log is appended to.
 *
 * The files are the same byte for byte, so what the checkpoint says of the one folder is true of the other. `catchUp` copies what has landed
 * by then. `finish` is called while nothing is appended and the log's own files are complete: it adds the rest, and what still changed until
 * then (indexes of the active segment, leader epochs, producers). Everything is synced when it resolves.
 *
 * The log is pinned meanwhile: nobody takes segments away or replaces them. Until the directory adopts it the copy bears the name that Kafka
 * gives to such a folder (`-future`), under which nothing is ever served, and which a start removes.
 */
const CHUNK_BYTES = 1 << 20
const SIDE_SUFFIXES = ['.index', '.timeindex', '.txnindex', '.guard'] as const

/** The copy is no longer wanted. */
export class CopyStoppedError extends Error {
  override name = 'CopyStoppedError'
}

export class ReplicaCopy {
  readonly folder: string
  readonly path: string
  /** The first offset that is not copied yet. */
  endOffset: number
  /** Bytes of batches that are copied. */
  sizeBytes = 0
  readonly #disk: Disk
  readonly #root: string
  readonly #log: PartitionLog
  /** By segment. */
  readonly #copiedBytes = new Map<number, number>()
  /** Files that are copied and do not change any more. */
  readonly #complete = new Set<string>()
  #isStopped = false

  private constructor(disk: Disk, root: string, log: PartitionLog) {
    this.#disk = disk
    this.#root = root
    this.#log = log
    this.folder = futureFolderName(log.topic, log.partition, log.identity.topicId.toString('hex'))
    this.path = `${root}/${this.folder}`
    this.endOffset = log.startOffset
  }

  /** Begins with nothing, whatever an earlier copy has left. */
  static async begin(disk: Disk, root: string, log: PartitionLog): Promise<ReplicaCopy> {
    const copy = new ReplicaCopy(disk, root, log)
    await copy.discard()
    return copy
  }

  /** Copies what has landed by now; resolves with the number of bytes that this was. */
  async catchUp(): Promise<number> {
    const log = this.#log
    const place = log.landedPlace
    await log.writeOut()
    if (!log.hasFolder) return 0
    const before = this.sizeBytes
    await this.#disk.makeDirectory(this.path)
    const unsealed = new Set(log.unsealed.map(({ segment }) => segment))
    for (const [i, segment] of [...log.segments].entries()) {
      const { baseOffset, sizeBytes } = segment
      if (baseOffset > place.segment) break
      const isLast = baseOffset === place.segment
      await this.#copyBatches(segment, isLast ? place.position : sizeBytes)
      const endOffset = isLast ? place.endOffset : log.segments[i + 1]!.baseOffset
      if (!isLast && !unsealed.has(segment)) await this.#copyBeside(segment, endOffset)
      this.endOffset = Math.max(this.endOffset, endOffset)
    }
    return this.sizeBytes - before
  }

  /** Makes the copy whole: the log as its checkpoint says. */
  async finish(replica: ReplicaCheckpoint): Promise<void> {
    await this.catchUp()
    if (!replica.hasFolder) return
    const wanted = new Set(
      (await this.#disk.list(this.#log.path)).filter(name => isPartOf(name, this.#log, replica)),
    )
    for (const name of wanted)
      if (!this.#complete.has(name) && !name.endsWith('.log')) await this.#copyFile(name)
    for (const name of await this.#disk.list(this.path)) {
      if (!wanted.has(name) && !name.endsWith('.log')) await this.#disk.remove(`${this.path}/${name}`)
    }
    await this.#disk.syncDirectory(this.path)
    await this.#disk.syncDirectory(this.#root)
  }

  /** Whoever copies now ends with `CopyStoppedError`. */
  stop(): void {
    this.#isStopped = true
  }

  async discard(): Promise<void> {
    await this.#disk.removeDirectory(this.path)
  }

  async #copyBatches({ baseOffset }: Segment, end: number): Promise<void> {
    const name = segmentName(baseOffset, '.log')
    const from = this.#copiedBytes.get(baseOffset)
    if (from !== undefined && from >= end) return
    const target = await this.#disk.open(`${this.path}/${name}`, { mode: 'create' })
    try {
      this.#copiedBytes.set(baseOffset, from ?? 0)
      // Of one without a byte there need not be a file; but when there is, the log may begin with it.
      if (end > 0) await this.#copyRange(baseOffset, from ?? 0, end, target)
      await target.sync()
    } finally {
      await target.close()
    }
  }

  async #copyRange(baseOffset: number, from: number, end: number, target: File): Promise<void> {
    const source = await this.#disk.open(`${this.#log.path}/${segmentName(baseOffset, '.log')}`, {
      mode: 'read',
    })
    try {
      for (let at = from; at < end; ) {
        this.#requireGoing()
        const chunk = Buffer.allocUnsafeSlow(Math.min(CHUNK_BYTES, end - at))
        const bytes = await source.read(at, chunk)
        if (bytes === 0) throw new CorruptionError(source.path, at, 'the file is cut short')
        await target.write(at, [chunk.subarray(0, bytes)])
        at += bytes
        this.#copiedBytes.set(baseOffset, at)
        this.sizeBytes += bytes
      }
    } finally {
      await source.close()
    }
  }

  /** What stands beside the batches of a sealed segment, with the producers at its end. */
  async #copyBeside({ baseOffset }: Segment, endOffset: number): Promise<void> {
    const names = SIDE_SUFFIXES.map(suffix => segmentName(baseOffset, suffix))
    for (const name of [...names, segmentName(endOffset, '.snapshot')]) {
      if (this.#complete.has(name)) continue
      await this.#copyFile(name)
      this.#complete.add(name)
    }
  }

  /** Whole; indexes, snapshots and the like have their bounds. */
  async #copyFile(name: string): Promise<void> {
    this.#requireGoing()
    const bytes = await readIfExists(this.#disk, `${this.#log.path}/${name}`)
    if (!bytes) return
    const file = await this.#disk.open(`${this.path}/${name}`, { mode: 'replace' })
    try {
      await file.write(0, [bytes])
      await file.sync()
    } finally {
      await file.close()
    }
  }

  #requireGoing(): void {
    if (this.#isStopped || this.#log.isClosed)
      throw new CopyStoppedError(`${this.folder} is no longer wanted`)
  }
}

/** Nothing that is being made or thrown away, and of producer snapshots only those that somebody still reads. */
function isPartOf(name: string, { segments }: PartitionLog, { snapshotOffset }: ReplicaCheckpoint): boolean {
  if (name.endsWith('.tmp')) return false
  const parsed = parseSegmentName(name)
  if (!parsed) return true
  const { baseOffset, suffix, stage } = parsed
  if (stage) return false
  const isOfSegment = segments.some(segment => segment.baseOffset === baseOffset)
  return isOfSegment || (suffix === '.snapshot' && baseOffset === snapshotOffset)
}
