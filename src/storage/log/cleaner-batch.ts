/**
 * What cleaning makes of one record batch: the same, a smaller one, an empty one, or nothing. The rules are Kafka's:
 *
 * - A record stays when no later one has its key. Without a key it goes: a compacted topic should have none.
 * - The first round that meets a tombstone writes into the batch when it may go (its delete horizon, KIP-534): by then every reader
 *   that was not further behind than `delete.retention.ms` has seen it.
 * - Base offset, last offset, sequences and epoch never change. A batch that is its producer's last stays, be it empty, so that
 *   a log that is read from its first byte still knows every producer's sequence.
 * - Control batches stay. Who keeps the codec keeps the compression: what was changed is compressed again as it came.
 */
import { compressionName } from '../../protocol/compression.ts'
import { KafkaError } from '../../protocol/errors.ts'
import { type BatchRecord, buildBatch, currentRecord, openRecords } from '../../protocol/record.ts'
import {
  BASE_TIMESTAMP_AT,
  baseOffsetOf,
  baseSequenceOf,
  batchBytesOf,
  codecOf,
  hasDeleteHorizon,
  isControl,
  isTransactional,
  lastOffsetOf,
  leaderEpochOf,
  maxTimestampOf,
  producerEpochOf,
  producerIdOf,
  readInt64,
  recordCountOf,
  timestampTypeOf,
} from '../../protocol/record-batch.ts'
import type { CleanerKeys } from './cleaner-keys.ts'

export interface CleaningRules {
  keys: CleanerKeys
  nowMs: number
  deleteRetentionMs: number
  /** Tombstones at or above it stay: some replica may not have seen them. */
  floor: number
  /** Of each producer, the last offset of its last batch. */
  lastOffsets: ReadonlyMap<number, number>
}

/** What stays of the batch: a view of the buffer when all of it does, undefined when nothing does. */
export function cleanBatch(buffer: Buffer, at: number, rules: CleaningRules): Buffer | undefined {
  const whole = buffer.subarray(at, at + batchBytesOf(buffer, at))
  if (isControl(buffer, at)) return whole
  const kept = new KeptRecords(buffer, at, rules)
  if (kept.count === 0) return isLastOfProducer(buffer, at, rules) ? emptyBatch(buffer, at) : undefined
  const horizon = findNewHorizon(buffer, at, kept, rules)
  if (kept.count === recordCountOf(buffer, at) && horizon === undefined) return whole
  return rebuild(buffer, at, kept, horizon)
}

class KeptRecords {
  count = 0
  /** Tombstones that stay, all of them below what the keys of this round reach to. */
  hasTombstones = false
  hasUnknownTombstones = false
  readonly #isKept: boolean[] = []
  readonly #buffer: Buffer
  readonly #at: number

  constructor(buffer: Buffer, at: number, rules: CleaningRules) {
    this.#buffer = buffer
    this.#at = at
    const { keys, nowMs, floor } = rules
    const horizon = hasDeleteHorizon(buffer, at) ? readInt64(buffer, at + BASE_TIMESTAMP_AT) : undefined
    const { cursor, count, baseOffset } = openRecords(buffer, at)
    for (let i = 0; i < count; i++) {
      cursor.next()
      const offset = baseOffset + cursor.offsetDelta
      const isTombstone = cursor.valueBytes < 0
      const isKnown = offset <= keys.latestOffset
      const isExpired = isTombstone && horizon !== undefined && horizon <= nowMs && offset < floor
      const isKept = !isKnown || (cursor.keyBytes >= 0 && keys.find(cursor.key!) <= offset && !isExpired)
      this.#isKept.push(isKept)
      if (!isKept) continue
      this.count++
      if (isTombstone) this.hasTombstones = true
      if (isTombstone && !isKnown) this.hasUnknownTombstones = true
    }
    if (!cursor.isAtEnd) throw new KafkaError('INVALID_RECORD', `batch holds more than ${count} records`)
  }

  read(): BatchRecord[] {
    const batch = openRecords(this.#buffer, this.#at)
    const records: BatchRecord[] = []
    for (const isKept of this.#isKept) {
      batch.cursor.next()
      if (isKept) records.push(currentRecord(batch))
    }
    return records
  }
}

/** Tombstones that this round has seen for the first time may go so long after it. */
function findNewHorizon(
  buffer: Buffer,
  at: number,
  kept: KeptRecords,
  { nowMs, deleteRetentionMs }: CleaningRules,
): number | undefined {
  if (!kept.hasTombstones || kept.hasUnknownTombstones || hasDeleteHorizon(buffer, at)) return undefined
  const horizon = nowMs + deleteRetentionMs
  return Number.isSafeInteger(horizon) ? horizon : undefined
}

function rebuild(buffer: Buffer, at: number, kept: KeptRecords, newHorizon: number | undefined): Buffer {
  const timestampType = timestampTypeOf(buffer, at)
  const oldHorizon = hasDeleteHorizon(buffer, at) ? readInt64(buffer, at + BASE_TIMESTAMP_AT) : undefined
  const deleteHorizonMs = newHorizon ?? oldHorizon
  return buildBatch(kept.read(), {
    ...identityOf(buffer, at),
    compression: compressionName(codecOf(buffer, at)),
    ...(timestampType === 'LogAppendTime' && { maxTimestamp: maxTimestampOf(buffer, at) }),
    ...(deleteHorizonMs !== undefined && { deleteHorizonMs }),
  })
}

function emptyBatch(buffer: Buffer, at: number): Buffer {
  return buildBatch([], { ...identityOf(buffer, at), maxTimestamp: maxTimestampOf(buffer, at) })
}

function identityOf(buffer: Buffer, at: number) {
  return {
    baseOffset: baseOffsetOf(buffer, at),
    lastOffset: lastOffsetOf(buffer, at),
    leaderEpoch: leaderEpochOf(buffer, at),
    timestampType: timestampTypeOf(buffer, at),
    producerId: producerIdOf(buffer, at),
    producerEpoch: producerEpochOf(buffer, at),
    baseSequence: baseSequenceOf(buffer, at),
    isTransactional: isTransactional(buffer, at),
  }
}

function isLastOfProducer(buffer: Buffer, at: number, { lastOffsets }: CleaningRules): boolean {
  return lastOffsets.get(producerIdOf(buffer, at)) === lastOffsetOf(buffer, at)
}
