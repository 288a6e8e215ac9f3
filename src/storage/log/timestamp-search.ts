import { readRecords } from '../../protocol/record.ts'
import { batchBytesOf, lastOffsetOf, leaderEpochOf, maxTimestampOf } from '../../protocol/record-batch.ts'
import { requirePlaceAgain } from './log-reader.ts'
import type { PartitionLog } from './partition-log.ts'
import { SegmentGoneError } from './segment.ts'

/**
 * Offsets by timestamp, exact to the record: the time index says where to begin, batches are passed over by their largest timestamp, and
 * only one that can hold the answer is opened.
 */
export interface TimestampedOffset {
  offset: number
  timestamp: number
  leaderEpoch: number
}

const CHUNK_BYTES = 1 << 20

/** The first record below `limit` with this timestamp or a later one. */
export function findOffsetAtTimestamp(
  log: PartitionLog,
  timestamp: number,
  limit: number,
): Promise<TimestampedOffset | undefined> {
  return onWholeLog(log, () => findAt(log, timestamp, limit))
}

/** The first of the records with the largest timestamp below `limit`. */
export function findLargestTimestamp(
  log: PartitionLog,
  limit: number,
): Promise<TimestampedOffset | undefined> {
  return onWholeLog(log, () => findLargest(log, limit))
}

/** Compaction may replace a segment under the search, and retention may take it away: then the search begins anew. */
async function onWholeLog<T>(log: PartitionLog, search: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await search()
    } catch (error) {
      if (!(error instanceof SegmentGoneError)) throw error
    }
    await requirePlaceAgain(log, log.endOffset)
  }
}

async function findAt(
  log: PartitionLog,
  timestamp: number,
  limit: number,
): Promise<TimestampedOffset | undefined> {
  for (const segment of [...log.segments]) {
    if (segment.baseOffset >= limit) continue
    const largest = await segment.largestTimestamp()
    if (largest.timestamp < timestamp) continue
    const from = Math.max(await segment.offsetBeforeTimestamp(timestamp), log.startOffset)
    const found = await searchFrom(log, from, limit, time => time >= timestamp)
    if (found) return found
  }
  return undefined
}

async function findLargest(log: PartitionLog, limit: number): Promise<TimestampedOffset | undefined> {
  let best = -1
  for (const segment of [...log.segments]) {
    if (segment.baseOffset >= limit) continue
    best = Math.max(best, (await segment.largestTimestamp()).timestamp)
  }
  return best < 0 ? undefined : findAt(log, best, limit)
}

/** Begins with the batch that holds `from`: records before it in that batch count too, for an index names batches by their last offset. */
async function searchFrom(
  log: PartitionLog,
  from: number,
  limit: number,
  matches: (timestamp: number) => boolean,
): Promise<TimestampedOffset | undefined> {
  let offset = from
  while (offset < limit) {
    const slice = await log.read(offset, CHUNK_BYTES, limit, true)
    try {
      const found = findIn(slice.parts, log.startOffset, limit, matches)
      if (found) return found
    } finally {
      for (const lease of slice.leases) lease.release()
    }
    if (slice.bytes === 0 && slice.nextOffset === offset) return undefined
    offset = slice.nextOffset
  }
  return undefined
}

function findIn(
  parts: readonly Buffer[],
  start: number,
  limit: number,
  matches: (timestamp: number) => boolean,
): TimestampedOffset | undefined {
  for (const part of parts) {
    for (let at = 0; at < part.length; at += batchBytesOf(part, at)) {
      if (lastOffsetOf(part, at) < start || !matches(maxTimestampOf(part, at))) continue
      for (const { offset, timestamp } of readRecords(part, at)) {
        if (offset < start || offset >= limit || !matches(timestamp)) continue
        return { offset, timestamp, leaderEpoch: leaderEpochOf(part, at) }
      }
    }
  }
  return undefined
}
