import type { Lease } from '../base/buffer-pool.ts'
import type { Clock } from '../base/clock.ts'
import { decompress } from '../protocol/compression.ts'
import { KafkaError } from '../protocol/errors.ts'
import { recompress } from '../protocol/record.ts'
import {
  BATCH_HEADER_BYTES,
  codecOf,
  isTransactional,
  maxTimestampOf,
  NO_PRODUCER_ID,
  producerIdOf,
  setMaxTimestamp,
  stampLogAppendTime,
} from '../protocol/record-batch.ts'
import { type BatchRules, checkBatch, walkRecordBytes, walkRecords } from '../protocol/record-batch-check.ts'
import type { LogSlice } from '../storage/log/log-reader.ts'
import type { PartitionLog } from '../storage/log/partition-log.ts'
import type { ProducerEntry } from '../storage/log/producer-snapshot.ts'
import {
  findLargestTimestamp,
  findOffsetAtTimestamp,
  type TimestampedOffset,
} from '../storage/log/timestamp-search.ts'
import { TopicTraffic } from './topic-traffic.ts'

/**
 * A partition as handlers see it: who leads it, what is committed, and how to append and read.
 *
 * This is the seam for consensus. Today the group of a partition has one member, which leads it in the term its log was opened with, and
 * commits what its log calls durable. Nothing above this file knows how many members there are.
 */
export interface PartitionRules extends BatchRules {
  readonly stampsAppendTime: boolean
  /** Codec that every batch is brought to; undefined keeps the producer's. */
  readonly codec: number | undefined
  readonly compressionLevel: number | undefined
  readonly minInsyncReplicas: number
}

export interface AppendAnswer {
  baseOffset: number
  /** −1 where the records keep the time of their producer. */
  logAppendTimeMs: number
  logStartOffset: number
  /** Resolves when the append is as safe as the topic's policy says. */
  done: Promise<void>
}

export const IsolationLevel = { READ_UNCOMMITTED: 0, READ_COMMITTED: 1 } as const

/** Special times of ListOffsets. */
const LATEST = -1
const EARLIEST = -2
const LARGEST_TIMESTAMP = -3
const EARLIEST_LOCAL = -4
const LATEST_TIERED = -5
const EARLIEST_PENDING_UPLOAD = -6

/** In DeleteRecords. */
const HIGH_WATERMARK = -1

const NO_OFFSET: TimestampedOffset = { offset: -1, timestamp: -1, leaderEpoch: -1 }

export class Partition {
  readonly topic: string
  readonly topicId: string
  readonly index: number
  readonly leaderId: number
  /** Of the whole topic. */
  readonly traffic: TopicTraffic
  rules: PartitionRules
  readonly #clock: Clock
  readonly #watchers = new Set<() => void>()
  #log: PartitionLog
  #pause: Promise<void> | undefined
  #isQuiet = false

  constructor(
    names: { topic: string; topicId: string; index: number; leaderId: number },
    log: PartitionLog,
    rules: PartitionRules,
    clock: Clock,
    traffic = new TopicTraffic(),
  ) {
    this.topic = names.topic
    this.topicId = names.topicId
    this.index = names.index
    this.leaderId = names.leaderId
    this.rules = rules
    this.#clock = clock
    this.traffic = traffic
    this.#log = log
    this.#watchLog()
  }

  get log(): PartitionLog {
    return this.#log
  }

  /** While the partition changes its directory: who would append waits for it first. They go on in the order in which they came. */
  get pause(): Promise<void> | undefined {
    return this.#pause
  }

  /** Runs while nothing is appended, when everything that was is on the disk. */
  async whileQuiet<T>(run: () => Promise<T>): Promise<T> {
    let end = () => {}
    const pause = new Promise<void>(resolve => {
      end = resolve
    })
    this.#pause = pause
    this.#isQuiet = true
    try {
      await this.#log.settle()
      return await run()
    } finally {
      this.#isQuiet = false
      end()
      // Who comes before those that waited have had their turn waits behind them.
      void pause.then(() => {
        if (this.#pause === pause) this.#pause = undefined
      })
    }
  }

  /** The partition is in another directory from now on, with the same records. */
  moveTo(log: PartitionLog): void {
    this.#log.onAdvance = () => {}
    this.#log = log
    this.#watchLog()
  }

  get leaderEpoch(): number {
    return this.log.term
  }

  get logStartOffset(): number {
    return this.log.startOffset
  }

  /** The first offset that clients cannot read yet. */
  get highWatermark(): number {
    return this.log.visibleEnd
  }

  get lastStableOffset(): number {
    return Math.min(this.log.producers.lastStableOffset(this.log.durableEnd), this.log.visibleEnd)
  }

  /** −1 is a client that does not track epochs. */
  requireLeader(epochOfClient: number): void {
    if (this.log.damage) throw new KafkaError('KAFKA_STORAGE_ERROR', this.log.damage.message)
    if (epochOfClient === -1 || epochOfClient === this.leaderEpoch) return
    if (epochOfClient < this.leaderEpoch) throw new KafkaError('FENCED_LEADER_EPOCH')
    throw new KafkaError('UNKNOWN_LEADER_EPOCH')
  }

  /**
   * Checks and appends what a producer sent for the partition: exactly one batch. Bytes are stamped in place; they belong to the log from
   * now on.
   */
  append(records: Buffer, lease: Lease | null): AppendAnswer {
    const { rules, log } = this
    this.#requireAppendable()
    const now = this.#clock.wall()
    if (checkBatch(records, 0, records.length, rules, now) !== records.length) {
      throw new KafkaError('INVALID_RECORD', 'a partition must be sent exactly one record batch')
    }
    if (isTransactional(records, 0)) {
      throw new KafkaError('INVALID_TXN_STATE', 'this broker does not serve transactions yet')
    }
    const batch = this.#prove(records, now)
    if (producerIdOf(batch, 0) !== NO_PRODUCER_ID) {
      const verdict = log.producers.check(batch, 0)
      if (verdict.kind === 'duplicate') {
        const { baseOffset, lastOffset, timestamp } = verdict
        const logAppendTimeMs = rules.stampsAppendTime ? timestamp : -1
        return {
          baseOffset,
          logAppendTimeMs,
          logStartOffset: log.startOffset,
          done: log.durableTo(lastOffset + 1),
        }
      }
    }
    if (rules.stampsAppendTime) stampLogAppendTime(batch, 0, now)
    const { baseOffset, flight } = log.append(batch, this.leaderEpoch, batch === records ? lease : null)
    return {
      baseOffset,
      logAppendTimeMs: rules.stampsAppendTime ? now : -1,
      logStartOffset: log.startOffset,
      done: flight.done,
    }
  }

  /** Appends a batch that this broker made itself; it is as safe as its topic says when `done` resolves. */
  appendOwn(batch: Buffer): { baseOffset: number; done: Promise<void> } {
    this.#requireAppendable()
    const { baseOffset, flight } = this.log.append(batch, this.leaderEpoch)
    return { baseOffset, done: flight.done }
  }

  /** Whole batches from the one that holds the offset on, up to what the isolation level may see. */
  read(offset: number, bytesMax: number, isolation: number, needsOne: boolean): LogSlice | Promise<LogSlice> {
    if (offset < this.log.startOffset || offset > this.log.visibleEnd) {
      throw new KafkaError('OFFSET_OUT_OF_RANGE')
    }
    const { log } = this
    const slice = log.read(offset, bytesMax, this.#readLimit(isolation), needsOne)
    if (!(slice instanceof Promise)) return slice
    return slice.catch(error => {
      if (this.log === log) throw error
      return this.read(offset, bytesMax, isolation, needsOne) // the partition has moved meanwhile
    })
  }

  /**
   * Deletes the records below an offset; −1 is the high watermark. Resolves with the new log start when a power cut cannot bring them
   * back. Their bytes leave the disk later, segment by segment.
   */
  async deleteRecordsBefore(offset: number): Promise<number> {
    while (this.pause) await this.pause
    const { log } = this
    log.requireUsable()
    if (!log.settings.isDeleted) {
      throw new KafkaError(
        'POLICY_VIOLATION',
        `Records of partition ${this.topic}-${this.index} can not be deleted due to the configured policy`,
      )
    }
    const target = offset === HIGH_WATERMARK ? this.highWatermark : offset
    if (target < 0 || target > this.highWatermark) {
      throw new KafkaError(
        'OFFSET_OUT_OF_RANGE',
        `${offset} is not between 0 and the high watermark ${this.highWatermark}`,
      )
    }
    return log.moveStart(target)
  }

  /** The offset for a time, or for one of the special times; −1 where there is none. */
  async offsetAt(timestamp: number, isolation: number): Promise<TimestampedOffset> {
    const { log } = this
    const limit = this.#readLimit(isolation)
    switch (timestamp) {
      case LATEST:
        return { offset: limit, timestamp: -1, leaderEpoch: this.leaderEpoch }
      case EARLIEST:
      case EARLIEST_LOCAL:
        return { offset: log.startOffset, timestamp: -1, leaderEpoch: this.#epochAt(log.startOffset) }
      case LARGEST_TIMESTAMP:
        return (await findLargestTimestamp(log, limit)) ?? NO_OFFSET
      case LATEST_TIERED:
      case EARLIEST_PENDING_UPLOAD:
        return NO_OFFSET
    }
    if (timestamp < 0) throw new KafkaError('INVALID_REQUEST', `${timestamp} is no time`)
    return (await findOffsetAtTimestamp(log, timestamp, limit)) ?? NO_OFFSET
  }

  /** OffsetForLeaderEpoch: the greatest epoch not above the asked one, and where it ended. */
  endOffsetForEpoch(epoch: number): { epoch: number; endOffset: number } {
    return this.log.epochs.endOffsetFor(epoch, this.log.visibleEnd, this.leaderEpoch)
  }

  /** The producers that it remembers, as of what is committed. */
  producers(): ProducerEntry[] {
    return this.log.producers.entriesAt(this.log.durableEnd)
  }

  /** Calls back after each advance of the high watermark, until the watcher is removed. */
  watch(notify: () => void): void {
    this.#watchers.add(notify)
  }

  unwatch(notify: () => void): void {
    this.#watchers.delete(notify)
  }

  /** Who appends has looked at `pause` before. */
  #requireAppendable(): void {
    if (this.#isQuiet) throw new KafkaError('NOT_LEADER_OR_FOLLOWER', `${this.topic}-${this.index} is moving`)
    this.log.requireUsable()
  }

  #watchLog(): void {
    this.#log.onAdvance = () => {
      for (const notify of this.#watchers) notify()
    }
  }

  /** Where no record stands yet, the next one will have the leader's epoch. */
  #epochAt(offset: number): number {
    const epoch = this.log.epochs.epochAt(offset)
    return epoch < 0 && offset === this.log.endOffset ? this.leaderEpoch : epoch
  }

  #readLimit(isolation: number): number {
    return isolation === IsolationLevel.READ_COMMITTED ? this.lastStableOffset : this.log.visibleEnd
  }

  /** Looks into the records as far as the topic demands it; gives the batch to append. */
  #prove(records: Buffer, now: number): Buffer {
    const { rules } = this
    const codec = codecOf(records, 0)
    const mustConvert = rules.codec !== undefined && rules.codec !== codec
    if (codec === 0) {
      const largest = walkRecords(records, 0, rules, now)
      if (largest !== maxTimestampOf(records, 0)) setMaxTimestamp(records, 0, largest)
    } else if (rules.requireKeys || mustConvert) {
      const bytes = decompress(codec, records.subarray(BATCH_HEADER_BYTES))
      walkRecordBytes(records, 0, bytes, 0, bytes.length, rules, now)
    }
    if (!mustConvert) return records
    const converted = recompress(records, 0, rules.codec!, rules.compressionLevel)
    if (converted.length <= rules.batchBytesMax) return converted
    throw new KafkaError(
      'MESSAGE_TOO_LARGE',
      `the batch takes ${converted.length} bytes in the topic's compression, above max.message.bytes=${rules.batchBytesMax}`,
    )
  }
}
