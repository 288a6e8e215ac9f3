import type { Disk } from '../base/disk.ts'
import { lastOffsetOf, maxTimestampOf } from '../protocol/record-batch.ts'
import type { ReplicaCheckpoint } from './checkpoint.ts'
import { type Finding, findingOf, parseChecked } from './finding.ts'
import { EntryKind, type JournalEntry } from './journal-frame.ts'
import { AbortedTransactions } from './log/aborted-transactions.ts'
import { BASE_FILE, parseBase } from './log/base-file.ts'
import { GUARD_BLOCK_BYTES, Guard, GuardBuilder } from './log/guard.ts'
import { knownPlaceOf, type Place } from './log/known-place.ts'
import { LEADER_EPOCH_FILE, LeaderEpochs } from './log/leader-epochs.ts'
import { OffsetIndex } from './log/offset-index.ts'
import { PARTITION_METADATA_FILE, parsePartitionMetadata } from './log/partition-metadata.ts'
import { parseProducerSnapshot } from './log/producer-snapshot.ts'
import { parseSegmentName, type SegmentSuffix, segmentName } from './log/segment-names.ts'
import { findWrongEpoch, SegmentBytes, type WalkEnd, walkSegment } from './log/segment-walk.ts'
import { TimeIndex } from './log/time-index.ts'

/** Looks at every file of one partition's folder; see `check.ts`. Without a checkpoint (Kafka wrote the folder) all of it must be whole. */
export async function checkPartition(
  disk: Disk,
  path: string,
  replica: ReplicaCheckpoint | undefined,
  entries: readonly JournalEntry[],
  isClean: boolean,
): Promise<Finding[]> {
  return new PartitionCheck(disk, path, replica, entries, isClean).run()
}

interface IndexedBatch {
  lastOffset: number
  maxTimestamp: number
}

class PartitionCheck {
  readonly #disk: Disk
  readonly #path: string
  readonly #replica: ReplicaCheckpoint | undefined
  readonly #entries: readonly JournalEntry[]
  /** The broker stopped in order: indexes tell of everything. */
  readonly #isClean: boolean
  readonly #findings: Finding[] = []
  #names: string[] = []

  constructor(
    disk: Disk,
    path: string,
    replica: ReplicaCheckpoint | undefined,
    entries: readonly JournalEntry[],
    isClean: boolean,
  ) {
    this.#isClean = isClean
    this.#disk = disk
    this.#path = path
    this.#replica = replica
    this.#entries = entries
  }

  async run(): Promise<Finding[]> {
    this.#names = await this.#disk.list(this.#path)
    await this.#checkMetadata()
    await this.#checkSmallFiles()
    await this.#checkSegments(await this.#readEpochs())
    return this.#findings
  }

  #report(file: string, position: number, reason: string, kind: Finding['kind'] = 'damage'): void {
    this.#findings.push({ kind, file: `${this.#path}/${file}`, position, reason })
  }

  #parse<T>(file: string, parse: (bytes: Buffer, path: string) => T): Promise<T | undefined> {
    const path = `${this.#path}/${file}`
    return parseChecked(this.#disk, path, bytes => parse(bytes, path), this.#findings)
  }

  async #checkMetadata(): Promise<void> {
    const topicId = await this.#parse(PARTITION_METADATA_FILE, parsePartitionMetadata)
    if (topicId && this.#replica && !topicId.equals(this.#replica.topicId)) {
      this.#report(PARTITION_METADATA_FILE, 0, 'it names another topic than the checkpoint')
    }
  }

  async #checkSmallFiles(): Promise<void> {
    await this.#parse(BASE_FILE, parseBase)
    for (const name of this.#names) {
      const parsed = parseSegmentName(name)
      if (!parsed || parsed.stage) continue
      if (parsed.suffix === '.snapshot') await this.#parse(name, parseProducerSnapshot)
      if (parsed.suffix === '.txnindex') {
        await this.#parse(name, (bytes, path) => AbortedTransactions.parse(bytes, path, parsed.baseOffset))
      }
    }
    const snapshotOffset = this.#replica?.snapshotOffset ?? -1
    const snapshot = segmentName(Math.max(0, snapshotOffset), '.snapshot')
    if (snapshotOffset >= 0 && !this.#names.includes(snapshot)) this.#report(snapshot, 0, 'it is missing')
  }

  /** Undefined where the batches are the only source. */
  async #readEpochs(): Promise<LeaderEpochs | undefined> {
    if (!this.#replica) return undefined
    const epochs = await this.#parse(LEADER_EPOCH_FILE, LeaderEpochs.parse)
    const isMissing = this.#replica.position > 0 && !epochs?.entries.length
    if (isMissing && !this.#findings.some(({ file }) => file.endsWith(LEADER_EPOCH_FILE))) {
      this.#report(LEADER_EPOCH_FILE, 0, 'the leader epochs are missing')
    }
    return isMissing ? undefined : epochs
  }

  async #checkSegments(epochs: LeaderEpochs | undefined): Promise<void> {
    const known = this.#replica && knownPlaceOf(this.#replica, this.#entries)
    const bases = new Set<number>()
    for (const name of this.#names) {
      const parsed = parseSegmentName(name)
      if (parsed?.suffix === '.log' && !parsed.stage) bases.add(parsed.baseOffset)
    }
    for (const { kind, segment } of this.#entries) if (kind === EntryKind.BATCHES) bases.add(segment)
    if (known && known.position > 0 && !bases.has(known.segment)) {
      this.#report(segmentName(known.segment, '.log'), 0, 'the segment is missing')
    }
    const sorted = [...bases].sort((a, b) => a - b)
    const startOffset = this.#replica?.startOffset ?? 0
    let due: number | undefined = this.#replica?.startOffset
    if (due !== undefined && (sorted[0] ?? 0) <= due) due = undefined // it may begin inside the first segment
    for (const [i, base] of sorted.entries()) {
      const isLast = i === sorted.length - 1
      // What is missing below the start, nobody asks for: a power cut took it, after the start had moved past it.
      if (due !== undefined && base !== due && base > startOffset && base < (known?.endOffset ?? 0)) {
        this.#report(segmentName(base, '.log'), 0, `the segment begins where offset ${due} is due`)
      }
      const guard = isLast ? undefined : await this.#parse(segmentName(base, '.guard'), Guard.parse)
      const mayHaveGaps = guard !== undefined || !this.#replica
      const end = await this.#checkSegment(base, guard, mayHaveGaps, known, epochs)
      if (end?.reason) this.#reportEnd(base, end, isLast, known)
      due = end?.reason || mayHaveGaps ? undefined : end?.offset
    }
  }

  async #checkSegment(
    base: number,
    guard: Guard | undefined,
    mayHaveGaps: boolean,
    known: Place | undefined,
    epochs: LeaderEpochs | undefined,
  ): Promise<WalkEnd | undefined> {
    const name = segmentName(base, '.log')
    const path = `${this.#path}/${name}`
    const file = this.#names.includes(name) ? await this.#disk.open(path, { mode: 'read' }) : undefined
    try {
      return await this.#walk(
        new SegmentBytes(file, this.#patchesOf(base)),
        base,
        guard,
        mayHaveGaps,
        known,
        epochs,
      )
    } catch (error) {
      this.#findings.push(findingOf(error, path))
      return undefined
    } finally {
      await file?.close()
    }
  }

  /** What the next start writes to the segment. */
  #patchesOf(base: number): JournalEntry[] {
    const covered = this.#replica?.endOffset ?? 0
    return this.#entries.filter(
      ({ kind, segment, offset }) => kind === EntryKind.BATCHES && segment === base && offset > covered,
    )
  }

  async #walk(
    bytes: SegmentBytes,
    base: number,
    guard: Guard | undefined,
    mayHaveGaps: boolean,
    known: Place | undefined,
    epochs: LeaderEpochs | undefined,
  ): Promise<WalkEnd> {
    const sizeBytes = await bytes.size()
    if (guard) await this.#compareGuard(segmentName(base, '.log'), bytes, sizeBytes, guard)
    const covered = this.#replica?.endOffset ?? 0
    const places = new Map<number, IndexedBatch>()
    const end = await walkSegment(bytes, {
      baseOffset: base,
      sizeBytes,
      offset: base,
      mayHaveGaps,
      visit: batch => {
        const lastOffset = lastOffsetOf(batch.buffer, batch.at)
        places.set(batch.position, { lastOffset, maxTimestamp: maxTimestampOf(batch.buffer, batch.at) })
        return epochs && lastOffset < covered
          ? findWrongEpoch(batch, offset => epochs.epochAt(offset))
          : undefined
      },
    })
    if (!end.reason && known?.segment === base && sizeBytes < known.position) {
      return { ...end, position: sizeBytes, reason: `it must reach to ${known.position}` }
    }
    if (!end.reason) await this.#checkIndexes(base, places, sizeBytes)
    return end
  }

  async #compareGuard(name: string, bytes: SegmentBytes, sizeBytes: number, guard: Guard): Promise<void> {
    if (sizeBytes !== guard.segmentBytes) {
      this.#report(
        name,
        Math.min(sizeBytes, guard.segmentBytes),
        `its guard says ${guard.segmentBytes} bytes`,
      )
      return
    }
    const builder = new GuardBuilder(guard.baseOffset)
    for (let position = 0; position < sizeBytes; position += 1 << 20) {
      builder.add(await bytes.read(position, Math.min(1 << 20, sizeBytes - position)))
    }
    const found = Guard.parse(builder.format(), name)
    for (let block = 0; block < guard.blockCount; block++) {
      if (found.sumOf(block) === guard.sumOf(block)) continue
      this.#report(name, block * GUARD_BLOCK_BYTES, 'a block is not what its guard says')
    }
  }

  /** Every entry must name a batch. An index is short where the broker did not stop in order: what is behind the checkpoint is not in it. */
  async #checkIndexes(
    base: number,
    places: ReadonlyMap<number, IndexedBatch>,
    logBytes: number,
  ): Promise<void> {
    const covered = this.#isClean ? undefined : this.#replica?.endOffset
    const endOffset = covered ?? Number.MAX_SAFE_INTEGER
    const index = await this.#parse(segmentName(base, '.index'), (bytes, file) =>
      OffsetIndex.parse(bytes, { baseOffset: base, logBytes: Number.MAX_SAFE_INTEGER, file }),
    )
    for (const [slot, { offset, position }] of [...(index?.entries() ?? [])].entries()) {
      if (offset >= endOffset || (position < logBytes && places.get(position)?.lastOffset === offset))
        continue
      this.#reportIndex(base, '.index', slot * 8, `no batch that ends at ${offset} stands at ${position}`)
      break
    }
    const timeOf = new Map([...places.values()].map(one => [one.lastOffset, one.maxTimestamp]))
    const times = await this.#parse(segmentName(base, '.timeindex'), (bytes, file) =>
      TimeIndex.parse(bytes, { baseOffset: base, endOffset: Number.MAX_SAFE_INTEGER, file }),
    )
    for (const [slot, { timestamp, offset }] of [...(times?.entries() ?? [])].entries()) {
      if (offset >= endOffset || timeOf.get(offset) === timestamp) continue
      this.#reportIndex(base, '.timeindex', slot * 12, `no batch with time ${timestamp} ends at ${offset}`)
      break
    }
  }

  #reportIndex(base: number, suffix: SegmentSuffix, position: number, reason: string): void {
    this.#report(segmentName(base, suffix), position, `${reason}; the broker makes the index anew`)
  }

  /** Behind what is known to be durable a bad batch is the torn tail of a crash. */
  #reportEnd(base: number, { position, reason }: WalkEnd, isLast: boolean, known: Place | undefined): void {
    const isKnown = known
      ? base < known.segment || (base === known.segment && position < known.position)
      : !isLast
    const file = segmentName(base, '.log')
    if (isKnown) this.#report(file, position, reason!)
    else this.#report(file, position, `${reason}: a torn tail, which the next start cuts`, 'note')
  }
}
