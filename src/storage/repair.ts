import { BufferPool } from '../base/buffer-pool.ts'
import type { Clock } from '../base/clock.ts'
import { CorruptionError, type Disk, readWhole, replaceFile } from '../base/disk.ts'
import { silentLogger } from '../base/logger.ts'
import { baseOffsetOf, batchBytesOf, lastOffsetOf, leaderEpochOf } from '../protocol/record-batch.ts'
import { type ReplicaCheckpoint, readCheckpoint, writeCheckpoint } from './checkpoint.ts'
import { DataFolderError, readIdentity } from './data-folder.ts'
import { readBase } from './log/base-file.ts'
import { GuardBuilder } from './log/guard.ts'
import { LEADER_EPOCH_FILE, LeaderEpochs } from './log/leader-epochs.ts'
import { DEFAULT_LOG_SETTINGS } from './log/log-settings.ts'
import { ProducerLimit } from './log/producer-limit.ts'
import { ProducerState } from './log/producer-state.ts'
import { folderName, parseSegmentName, segmentName } from './log/segment-names.ts'
import { SegmentBytes, type WalkEnd, walkSegment } from './log/segment-walk.ts'
import { TailCache } from './log/tail-cache.ts'
import { LogDirectory } from './log-directory.ts'
import { checkPartition } from './partition-check.ts'

/**
 * Cuts a damaged partition where its operator says, while no broker runs.
 *
 * First the directory is opened and closed as a broker does it, so that nothing stands in the journal any more. Then everything up to
 * the cut is read and proven once: what it says of leader epochs and producers is written anew, with the batches that stay. The log goes on
 * in a new segment. The checkpoint is written last: after a crash the repair can be run again.
 */
export interface RepairOptions {
  disk: Disk
  clock: Clock
  root: string
  /** The partition's folder. */
  folder: string
  cutAt: Cut
}

export interface Cut {
  /** Base offset of the segment; without it, that of the first damage, or the last one. */
  segment: number | undefined
  position: number
}

export interface Repaired {
  /** The log ends here now. */
  endOffset: number
  segment: string
  position: number
  lostBytes: number
}

const PRODUCERS_MAX = 1_000_000

export async function repairPartition(options: RepairOptions): Promise<Repaired> {
  const { disk, root } = options
  const lock = await disk.lock(root, 'loggerhead repair')
  try {
    const identity = await readIdentity(disk, root)
    if (!identity) throw new DataFolderError(`${root} is no data folder: it has no meta.properties.`)
    await emptyJournal(options, Buffer.from(identity.directoryId, 'base64url'))
    return await new Repair(options).run()
  } finally {
    await lock.release()
  }
}

/** Brings what the journal holds to its place, by a start and a stop in order. */
async function emptyJournal({ disk, clock, root }: RepairOptions, directoryId: Buffer): Promise<void> {
  let failure: Error | undefined
  const directory = await LogDirectory.open({
    disk,
    clock,
    root,
    directoryId,
    logger: silentLogger,
    pool: new BufferPool(),
    cache: new TailCache(0),
    producers: producerOptions(),
    journalBytes: 1 << 20,
    onOffline: error => {
      failure = error
    },
  })
  for (const { topic, ...identity } of [...directory.replicas]) {
    await directory.openLog(identity, topic, DEFAULT_LOG_SETTINGS)
  }
  await directory.start()
  await directory.close()
  if (failure) throw failure
}

function producerOptions() {
  return { expirationMs: Number.MAX_SAFE_INTEGER, limit: new ProducerLimit(PRODUCERS_MAX) }
}

class Repair {
  readonly #options: RepairOptions
  readonly #disk: Disk
  readonly #path: string
  readonly #epochs = new LeaderEpochs()
  readonly #producers = new ProducerState(producerOptions())

  constructor(options: RepairOptions) {
    this.#options = options
    this.#disk = options.disk
    this.#path = `${options.root}/${options.folder}`
  }

  async run(): Promise<Repaired> {
    const { root, folder } = this.#options
    const checkpoint = (await readCheckpoint(this.#disk, root))!
    const index = checkpoint.replicas.findIndex(one => folderName(one.topic, one.partition) === folder)
    const replica = checkpoint.replicas[index]
    if (!replica?.hasFolder)
      throw new DataFolderError(`${root} has no partition ${folder} that could be cut.`)
    const bases = await this.#listSegments()
    const target = await this.#chooseSegment(bases, replica)
    const end = await this.#readUpTo(bases, target, replica.startOffset)
    if (end.offset < replica.startOffset) {
      throw new DataFolderError(
        `${folder} begins at offset ${replica.startOffset}: it cannot end at ${end.offset}.`,
      )
    }
    const lostBytes = await this.#cutFiles(bases, target, end)
    const snapshotOffset = await this.#writeState(end.offset)
    const { known: _, ...rest } = replica
    checkpoint.replicas[index] = {
      ...rest,
      segment: end.offset,
      position: 0,
      endOffset: end.offset,
      visibleEnd: end.offset,
      cleanedTo: Math.min(replica.cleanedTo ?? 0, end.offset),
      snapshotOffset,
    }
    await writeCheckpoint(this.#disk, root, checkpoint)
    return { endOffset: end.offset, segment: segmentName(target, '.log'), position: end.position, lostBytes }
  }

  async #listSegments(): Promise<number[]> {
    const names = (await this.#disk.list(this.#path)).map(parseSegmentName)
    return names
      .flatMap(parsed => (parsed?.suffix === '.log' && !parsed.stage ? [parsed.baseOffset] : []))
      .sort((a, b) => a - b)
  }

  async #chooseSegment(bases: readonly number[], replica: ReplicaCheckpoint): Promise<number> {
    const wanted = this.#options.cutAt.segment
    if (wanted !== undefined) {
      if (bases.includes(wanted)) return wanted
      throw new DataFolderError(`${this.#path} has no segment ${segmentName(wanted, '.log')}.`)
    }
    const findings = await checkPartition(this.#disk, this.#path, replica, [], true)
    const damaged = findings.find(({ kind, file }) => kind === 'damage' && file.endsWith('.log'))
    const base = damaged
      ? parseSegmentName(damaged.file.slice(this.#path.length + 1))!.baseOffset
      : bases.at(-1)
    if (base === undefined || !bases.includes(base)) {
      throw new DataFolderError(
        `${this.#path} has no segment that could be cut: say which, as SEGMENT:POSITION.`,
      )
    }
    return base
  }

  /** Proves every batch that stays. What is damaged before the cut must be cut first. */
  async #readUpTo(bases: readonly number[], target: number, startOffset: number): Promise<WalkEnd> {
    const base = await readBase(this.#disk, this.#path)
    const first = bases[0]!
    this.#producers.load(base?.producers ?? [], base?.logStart ?? first, this.#options.clock.wall())
    let due = first
    for (const segment of bases.filter(one => one <= target)) {
      const mayHaveGaps = await this.#disk.exists(`${this.#path}/${segmentName(segment, '.guard')}`)
      const limit = segment === target ? this.#options.cutAt.position : Number.MAX_SAFE_INTEGER
      const end = await this.#readSegment(segment, limit, mayHaveGaps)
      const file = `${this.#path}/${segmentName(segment, '.log')}`
      if (segment !== due && segment > startOffset)
        throw new CorruptionError(file, 0, `it begins where offset ${due} is due; cut before it`)
      if (segment === target) return end
      if (end.reason) throw new CorruptionError(file, end.position, `${end.reason}; cut there, or before`)
      due = mayHaveGaps ? bases[bases.indexOf(segment) + 1]! : end.offset
    }
    throw new Error('the target is one of the segments')
  }

  async #readSegment(segment: number, limit: number, mayHaveGaps: boolean): Promise<WalkEnd> {
    const file = await this.#disk.open(`${this.#path}/${segmentName(segment, '.log')}`, { mode: 'read' })
    try {
      const bytes = new SegmentBytes(file)
      const sizeBytes = await bytes.size()
      return await walkSegment(bytes, {
        baseOffset: segment,
        sizeBytes,
        offset: segment,
        mayHaveGaps,
        visit: ({ buffer, at, position }) => {
          if (position + batchBytesOf(buffer, at) > limit) return 'the cut is here'
          const epoch = leaderEpochOf(buffer, at)
          if (epoch < this.#epochs.latestEpoch) return `epoch ${epoch} after ${this.#epochs.latestEpoch}`
          if (epoch >= 0) this.#epochs.assign(epoch, baseOffsetOf(buffer, at))
          if (baseOffsetOf(buffer, at) >= this.#producers.committedOffset) this.#producers.append(buffer, at)
          this.#producers.commitTo(lastOffsetOf(buffer, at) + 1)
          return undefined
        },
      })
    } finally {
      await file.close()
    }
  }

  /** The target stays, if only as an empty file, so that a repair that was interrupted finds it again. */
  async #cutFiles(bases: readonly number[], target: number, end: WalkEnd): Promise<number> {
    let lostBytes = 0
    for (const base of bases.filter(one => one > target)) {
      lostBytes += await readSize(this.#disk, `${this.#path}/${segmentName(base, '.log')}`)
    }
    const wasGuarded = await this.#disk.exists(`${this.#path}/${segmentName(target, '.guard')}`)
    for (const name of (await this.#disk.list(this.#path)).reverse()) {
      const parsed = parseSegmentName(name)
      if (!parsed) continue
      const { baseOffset, suffix } = parsed
      const isIndex = baseOffset === target && (suffix === '.index' || suffix === '.timeindex')
      const isLost = suffix === '.snapshot' ? baseOffset > end.offset : baseOffset > target
      if (isLost || isIndex || parsed.stage) await this.#disk.remove(`${this.#path}/${name}`)
    }
    lostBytes += await this.#truncate(target, end.position, wasGuarded)
    await this.#disk.syncDirectory(this.#path)
    return lostBytes
  }

  async #truncate(base: number, position: number, wasGuarded: boolean): Promise<number> {
    const path = `${this.#path}/${segmentName(base, '.log')}`
    const size = await readSize(this.#disk, path)
    const file = await this.#disk.open(path, { mode: 'write' })
    try {
      await file.truncate(position)
      await file.sync()
    } finally {
      await file.close()
    }
    if (wasGuarded && position > 0) {
      const builder = new GuardBuilder(base)
      builder.add(await readWhole(this.#disk, path))
      await replaceFile(this.#disk, `${this.#path}/${segmentName(base, '.guard')}`, builder.format())
    } else if (wasGuarded) await this.#disk.remove(`${this.#path}/${segmentName(base, '.guard')}`)
    return size - position
  }

  /** Gives the offset of the producer snapshot, or -1. */
  async #writeState(endOffset: number): Promise<number> {
    await replaceFile(this.#disk, `${this.#path}/${LEADER_EPOCH_FILE}`, this.#epochs.format())
    this.#producers.commitTo(endOffset)
    if (this.#producers.producerCount === 0) return -1
    const path = `${this.#path}/${segmentName(endOffset, '.snapshot')}`
    await replaceFile(this.#disk, path, this.#producers.snapshotAt(endOffset))
    return endOffset
  }
}

async function readSize(disk: Disk, path: string): Promise<number> {
  const file = await disk.open(path, { mode: 'read' })
  try {
    return await file.size()
  } finally {
    await file.close()
  }
}
