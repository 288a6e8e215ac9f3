import { expect } from 'vitest'
import { readRecords } from '../../src/protocol/record.ts'
import { leaderEpochOf, producerIdOf } from '../../src/protocol/record-batch.ts'
import type { LogIdentity } from '../../src/storage/journal-frame.ts'
import type { LogSettings } from '../../src/storage/log/log-settings.ts'
import type { PartitionLog } from '../../src/storage/log/partition-log.ts'
import { ProducerLimit } from '../../src/storage/log/producer-limit.ts'
import { ProducerState } from '../../src/storage/log/producer-state.ts'
import { findLargestTimestamp, findOffsetAtTimestamp } from '../../src/storage/log/timestamp-search.ts'

/** A batch as the log stamped it, and what was promised about it. */
export interface ModelBatch {
  baseOffset: number
  endOffset: number
  bytes: Buffer
  /** Its sender was answered. */
  isAcked: boolean
  /** The answer said, or a later one implied, that a power cut cannot take it. */
  isDurable: boolean
}

export const PRODUCER_OPTIONS = () => ({ expirationMs: 86_400_000, limit: new ProducerLimit(1_000) })

/**
 * What a log must hold: every batch in its order. After a crash the log is a prefix of this, at least as long as what was promised;
 * that prefix is then the truth. Its start is one that was asked for, and none below one that was answered. What lies below is still on the
 * disk, for nobody takes it away here; where a power cut has left less than that, the log begins anew at its start.
 */
export class LogModel {
  readonly identity: LogIdentity
  readonly topic: string
  readonly settings: LogSettings
  readonly directory: number
  batches: ModelBatch[] = []
  /** Of any batch ever, also those that were lost. */
  highestEpoch = -1
  /** The greatest log start that was asked for, and the greatest that was answered. */
  startAsked = 0
  startAcked = 0
  /** The log began anew here, without producers: batches before it are those that were left. */
  anewAt = 0
  /** Next sequence by producer id, for senders of idempotent batches. */
  sequences = new Map<number, number>()
  log: PartitionLog | undefined

  constructor(identity: LogIdentity, topic: string, settings: LogSettings, directory: number) {
    this.identity = identity
    this.topic = topic
    this.settings = settings
    this.directory = directory
  }

  get name(): string {
    return `${this.topic}-${this.identity.partition}`
  }

  get endOffset(): number {
    return Math.max(this.anewAt, this.batches.at(-1)?.endOffset ?? 0)
  }

  /** How many batches must be there after a power cut, or after kill -9, which takes nothing that was written. */
  promised(afterPowerCut: boolean): number {
    return this.batches.findLastIndex(batch => (afterPowerCut ? batch.isDurable : batch.isAcked)) + 1
  }

  /** Everything that was answered by now is durable. */
  noteDurable(): void {
    for (const batch of this.batches) if (batch.isAcked) batch.isDurable = true
  }

  /** Compares the recovered log with what was promised; what it holds is the truth from now on. */
  async adopt(log: PartitionLog, afterPowerCut: boolean): Promise<void> {
    expect(log.damage, `${this.name} is not damaged`).toBeUndefined()
    const count = this.#countLeft(log)
    const promised = this.promised(afterPowerCut)
    if (count < promised)
      throw new Error(`${this.name} lost ${promised - count} promised batches of ${promised}`)
    this.batches = this.batches.slice(0, count)
    for (const batch of this.batches) batch.isAcked = batch.isDurable = true
    if (log.startOffset > this.endOffset) this.anewAt = log.startOffset
    expect(log.startOffset, `start of ${this.name}`).toBeGreaterThanOrEqual(this.startAcked)
    expect(log.startOffset, `start of ${this.name}`).toBeLessThanOrEqual(this.startAsked)
    this.startAsked = this.startAcked = log.startOffset
    await this.#checkBytes(log)
    this.log = log
    this.#checkOffsets(log)
    this.#checkProducers(log)
    this.#checkEpochs(log)
  }

  /** How many batches are left, by the bytes of the segments. */
  #countLeft(log: PartitionLog): number {
    let left = log.sizeBytes
    let count = 0
    for (; left > 0; count++) {
      const batch = this.batches[count]
      if (!batch) throw new Error(`${this.name} holds ${left} bytes that nobody appended`)
      left -= batch.bytes.length
    }
    if (left < 0) throw new Error(`${this.name} ends within a batch`)
    return count
  }

  /** The batches of which a reader can get something. */
  get #readable(): ModelBatch[] {
    return this.batches.filter(batch => batch.endOffset > this.startAcked)
  }

  async #checkBytes(log: PartitionLog): Promise<void> {
    const bytes = Buffer.concat(await readAll(log))
    let length = 0
    for (const batch of this.#readable) {
      const same = bytes.subarray(length, length + batch.bytes.length).equals(batch.bytes)
      if (!same) throw new Error(`${this.name} holds something else at offset ${batch.baseOffset}`)
      length += batch.bytes.length
    }
    if (length < bytes.length)
      throw new Error(`${this.name} gives ${bytes.length - length} bytes that nobody appended`)
  }

  #checkOffsets(log: PartitionLog): void {
    const { startOffset, endOffset, durableEnd, visibleEnd } = log
    const end = this.endOffset
    expect({ name: this.name, startOffset, endOffset, durableEnd, visibleEnd }).toEqual({
      name: this.name,
      startOffset: this.startAcked,
      endOffset: end,
      durableEnd: end,
      visibleEnd: end,
    })
  }

  #checkProducers(log: PartitionLog): void {
    const reference = new ProducerState(PRODUCER_OPTIONS())
    this.sequences.clear()
    for (const { bytes } of this.#sinceAnew) {
      reference.append(bytes, 0)
      const id = producerIdOf(bytes, 0)
      if (id >= 0) this.sequences.set(id, (this.sequences.get(id) ?? 0) + readRecords(bytes).length)
    }
    reference.commitTo(this.endOffset)
    const sorted = (state: ProducerState) =>
      state
        .entriesAt(this.endOffset)
        .map(({ producerId, producerEpoch, lastSequence, lastOffset, offsetDelta }) =>
          [producerId, producerEpoch, lastSequence, lastOffset, offsetDelta].join(),
        )
        .sort()
    expect(sorted(log.producers), `producers of ${this.name}`).toEqual(sorted(reference))
    for (const { bytes, baseOffset } of this.#sinceAnew) {
      if (producerIdOf(bytes, 0) < 0 || !this.#isLastOfProducer(bytes)) continue
      const retry = Buffer.from(bytes)
      expect(log.producers.check(retry, 0), `a retry to ${this.name}`).toMatchObject({
        kind: 'duplicate',
        baseOffset,
      })
    }
  }

  get #sinceAnew(): ModelBatch[] {
    return this.batches.filter(batch => batch.baseOffset >= this.anewAt)
  }

  #isLastOfProducer(bytes: Buffer): boolean {
    const id = producerIdOf(bytes, 0)
    return this.batches.findLast(batch => producerIdOf(batch.bytes, 0) === id)?.bytes === bytes
  }

  #checkEpochs(log: PartitionLog): void {
    const starts: { epoch: number; startOffset: number }[] = []
    for (const { bytes, baseOffset } of this.batches) {
      const epoch = leaderEpochOf(bytes, 0)
      if (epoch !== starts.at(-1)?.epoch) starts.push({ epoch, startOffset: baseOffset })
    }
    expect(log.epochs.entries, `epochs of ${this.name}`).toEqual(starts)
    if (this.highestEpoch >= 0) expect(log.term, `term of ${this.name}`).toBeGreaterThan(this.highestEpoch)
  }

  /** Look-ups by offset and by time, against the batches themselves. */
  async checkLookups(): Promise<void> {
    const log = this.log!
    const limit = log.visibleEnd
    for (const batch of this.#readable) {
      if (batch.endOffset > limit) break
      for (const offset of new Set([Math.max(log.startOffset, batch.baseOffset), batch.endOffset - 1])) {
        const slice = await log.read(offset, batch.bytes.length, limit, true)
        const isSame = Buffer.concat(slice.parts).equals(batch.bytes)
        for (const lease of slice.leases) lease.release()
        if (!isSame) {
          throw new Error(`${this.name} gives something else for offset ${offset}`)
        }
      }
    }
    await this.#checkTimes(log, limit)
  }

  async #checkTimes(log: PartitionLog, limit: number): Promise<void> {
    const records = this.batches
      .filter(batch => batch.endOffset <= limit)
      .flatMap(batch => readRecords(batch.bytes))
      .filter(record => record.offset >= log.startOffset)
    const times = [...new Set(records.map(record => record.timestamp))].filter(time => time >= 0)
    for (const time of times.slice(0, 12)) {
      const wanted = records.find(record => record.timestamp >= time)!
      const found = await findOffsetAtTimestamp(log, time, limit)
      expect(found?.offset, `${this.name} at time ${time}`).toBe(wanted.offset)
    }
    const largest = Math.max(-1, ...times)
    const found = await findLargestTimestamp(log, limit)
    expect(found?.offset, `the largest time of ${this.name}`).toBe(
      records.find(record => largest >= 0 && record.timestamp === largest)?.offset,
    )
  }
}

/** The parts of everything that clients may see. */
export async function readAll(log: PartitionLog, bytesMax = 1 << 20): Promise<Buffer[]> {
  const parts: Buffer[] = []
  for (let offset = log.startOffset; offset < log.visibleEnd; ) {
    const slice = await log.read(offset, bytesMax, log.visibleEnd, true)
    if (slice.nextOffset === offset)
      throw new Error(`${log.folder} gives nothing at ${offset} of ${log.visibleEnd}`)
    parts.push(Buffer.concat(slice.parts))
    for (const lease of slice.leases) lease.release()
    offset = slice.nextOffset
  }
  return parts
}
