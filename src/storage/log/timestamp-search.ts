import { readRecords } from '../../protocol/record.ts'
import { batchBytesOf, lastOffsetOf, leaderEpochOf, maxTimestampOf } from '../../protocol/record-batch.ts'
import { requirePlaceAgain } from './log-reader.ts'
import type { PartitionLog } from './partition-log.ts'
import type { Segment } from './segment.ts'
import { SegmentGoneError } from './segment-gone.ts'

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

/**
 * By the segments' largest timestamps, the greatest first. What a header says may be the time of a record that is no longer there (below
 * the log start, or compacted) or not yet readable; only then is the segment read through.
 */
async function findLargest(log: PartitionLog, limit: number): Promise<TimestampedOffset | undefined> {
  const candidates: { segment: Segment; timestamp: number }[] = []
  for (const segment of [...log.segments]) {
    const { timestamp } = await segment.largestTimestamp()
    if (segment.baseOffset < limit && timestamp >= 0) candidates.push({ segment, timestamp })
  }
  candidates.sort((a, b) => b.timestamp - a.timestamp || a.segment.baseOffset - b.segment.baseOffset)
  let best: TimestampedOffset | undefined
  for (const { segment, timestamp } of candidates) {
    if (best && timestamp < best.timestamp) break
    const end = Math.min(segment.endOffset ?? limit, limit)
    const from = await segment.offsetBeforeTimestamp(timestamp)
    const found =
      (await searchFrom(log, from, end, time => time >= timestamp)) ??
      (await scanLargest(log, segment.baseOffset, end))
    if (found && (!best || isAhead(found, best))) best = found
  }
  return best
}

/** Later in time, or as late and earlier in the log. */
function isAhead(a: TimestampedOffset, b: TimestampedOffset): boolean {
  return a.timestamp > b.timestamp || (a.timestamp === b.timestamp && a.offset < b.offset)
}

/** Begins with the batch that holds `from`: records before it in that batch count too, for an index names batches by their last offset. */
async function searchFrom(
  log: PartitionLog,
  from: number,
  limit: number,
  matches: (timestamp: number) => boolean,
): Promise<TimestampedOffset | undefined> {
  for await (const parts of partsOf(log, Math.max(from, log.startOffset), limit)) {
    for (const found of matchesIn(parts, log.startOffset, limit, matches)) return found
  }
  return undefined
}

async function scanLargest(
  log: PartitionLog,
  from: number,
  limit: number,
): Promise<TimestampedOffset | undefined> {
  let best: TimestampedOffset | undefined
  const isLater = (timestamp: number) => timestamp > (best?.timestamp ?? -1)
  for await (const parts of partsOf(log, Math.max(from, log.startOffset), limit)) {
    for (const found of matchesIn(parts, log.startOffset, limit, isLater)) best = found
  }
  return best
}

/** The log's bytes, piece by piece; each piece is valid until the next is asked for. */
async function* partsOf(log: PartitionLog, from: number, limit: number): AsyncGenerator<readonly Buffer[]> {
  for (let offset = from; offset < limit; ) {
    const slice = await log.read(offset, CHUNK_BYTES, limit, true)
    try {
      yield slice.parts
    } finally {
      for (const lease of slice.leases) lease.release()
    }
    if (slice.bytes === 0 && slice.nextOffset === offset) return
    offset = slice.nextOffset
  }
}

function* matchesIn(
  parts: readonly Buffer[],
  start: number,
  limit: number,
  matches: (timestamp: number) => boolean,
): Generator<TimestampedOffset> {
  for (const part of parts) {
    for (let at = 0; at < part.length; at += batchBytesOf(part, at)) {
      if (lastOffsetOf(part, at) < start || !matches(maxTimestampOf(part, at))) continue
      for (const { offset, timestamp } of readRecords(part, at)) {
        if (offset < start || offset >= limit || !matches(timestamp)) continue
        yield { offset, timestamp, leaderEpoch: leaderEpochOf(part, at) }
      }
    }
  }
}
