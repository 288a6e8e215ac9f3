import { CorruptionError } from '../../base/disk.ts'
import {
  BATCH_HEADER_BYTES,
  baseOffsetOf,
  batchBytesOf,
  computeCrc,
  crcOf,
  lastOffsetDeltaOf,
  lastOffsetOf,
  leaderEpochOf,
  magicOf,
} from '../../protocol/record-batch.ts'
import type { LeaderEpochs } from './leader-epochs.ts'
import type { Segment } from './segment.ts'

/**
 * Batches of a segment's file, checked before anybody gets them.
 *
 * A batch's own checksum leaves out base offset, length and leader epoch. A wrong length cannot pass the checksum. The epoch is the one that
 * the log's own list has for the offset. A base offset follows from the batch before: without compaction there are no gaps, neither
 * between batches nor between segments. A segment that may have gaps has a guard, which covers every byte, and is checked when it is
 * read. So no block of headers need be summed up again for a segment that was never cleaned (docs/decisions/0011-what-the-guard-is-for.md).
 */
const PROBE_BYTES = 16 << 10

/** The position of the batch that holds the offset, or of the first behind it where there may be gaps; undefined when there is none. */
export async function findBatch(
  segment: Segment,
  fileEnd: number,
  offset: number,
): Promise<number | undefined> {
  try {
    return await searchFrom(segment, await segment.entryBefore(offset), fileEnd, offset)
  } catch (error) {
    // The index may have led to a wrong place. If it is the log itself that is damaged, the second try says so.
    if (!(error instanceof CorruptionError) || segment.isDeleted) throw error
    if (segment.endOffset !== undefined) await segment.rebuildIndexes()
    return searchFrom(segment, { offset: undefined, position: 0 }, fileEnd, offset)
  }
}

interface IndexedPlace {
  /** Last offset of the batch at the position; undefined for the first batch, which has no entry. */
  offset: number | undefined
  position: number
}

async function searchFrom(
  segment: Segment,
  from: IndexedPlace,
  fileEnd: number,
  offset: number,
): Promise<number | undefined> {
  const mayHaveGaps = await segment.mayHaveGaps()
  let { position } = from
  let next = from.offset === undefined ? segment.baseOffset : undefined
  while (position < fileEnd) {
    const buffer = await segment.read(position, Math.min(PROBE_BYTES, fileEnd - position))
    let at = 0
    while (at + BATCH_HEADER_BYTES <= buffer.length) {
      const place = position + at
      requireBatch(segment, buffer, at, place, fileEnd)
      const lastOffset = lastOffsetOf(buffer, at)
      if (next === undefined && lastOffset !== from.offset) {
        throw new CorruptionError(segment.path, place, `the index has offset ${from.offset} here`)
      }
      if (next !== undefined) requireNext(segment, buffer, at, place, next, mayHaveGaps)
      if (lastOffset >= offset) return place
      next = lastOffset + 1
      at += batchBytesOf(buffer, at)
    }
    if (at === 0) throw new CorruptionError(segment.path, position, 'the file is cut short')
    position += at
  }
  if (mayHaveGaps) return undefined
  throw new CorruptionError(segment.path, fileEnd, `offset ${offset} is missing`)
}

/** Checks every whole batch of a buffer. `first` is the offset with which it must begin, where that is known; else -1. */
export function checkBatches(
  epochs: LeaderEpochs,
  segment: Segment,
  buffer: Buffer,
  position: number,
  mayHaveGaps: boolean,
  fileEnd: number,
  first: number,
): void {
  let next = first
  let epoch = -1
  let epochEnd = -1
  for (let at = 0; at + BATCH_HEADER_BYTES <= buffer.length; at += batchBytesOf(buffer, at)) {
    const place = position + at
    requireBatch(segment, buffer, at, place, fileEnd)
    if (at + batchBytesOf(buffer, at) > buffer.length) return
    if (next >= 0) requireNext(segment, buffer, at, place, next, mayHaveGaps)
    if (computeCrc(buffer, at) !== crcOf(buffer, at)) {
      throw new CorruptionError(segment.path, place, 'the checksum of a record batch is wrong')
    }
    const lastOffset = lastOffsetOf(buffer, at)
    if (lastOffset >= epochEnd) ({ epoch, endOffset: epochEnd } = epochs.spanAt(lastOffset))
    if (leaderEpochOf(buffer, at) !== epoch) {
      throw new CorruptionError(
        segment.path,
        place,
        `epoch ${leaderEpochOf(buffer, at)} where it is ${epoch}`,
      )
    }
    next = lastOffset + 1
  }
}

function requireBatch(segment: Segment, buffer: Buffer, at: number, place: number, fileEnd: number): void {
  const bytes = batchBytesOf(buffer, at)
  if (bytes < BATCH_HEADER_BYTES || magicOf(buffer, at) !== 2 || !hasPlausibleOffset(buffer, at)) {
    throw new CorruptionError(segment.path, place, 'no record batch begins here')
  }
  if (place + bytes > fileEnd)
    throw new CorruptionError(segment.path, place, `a batch of ${bytes} bytes is cut short`)
}

/** False for a base offset that no log can have: the accessors refuse to read it. */
export function hasPlausibleOffset(buffer: Buffer, at: number): boolean {
  return buffer[at] === 0 && buffer[at + 1]! <= 0x1f && lastOffsetDeltaOf(buffer, at) >= 0
}

function requireNext(
  segment: Segment,
  buffer: Buffer,
  at: number,
  place: number,
  next: number,
  mayHaveGaps: boolean,
): void {
  const base = baseOffsetOf(buffer, at)
  if (base === next || (mayHaveGaps && base > next)) return
  throw new CorruptionError(segment.path, place, `offset ${base} where ${next} is due`)
}
