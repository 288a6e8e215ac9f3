import type { Lease } from '../../base/buffer-pool.ts'
import { CorruptionError, isSystemError } from '../../base/disk.ts'
import { KafkaError } from '../../protocol/errors.ts'
import { BATCH_HEADER_BYTES, batchBytesOf, lastOffsetOf } from '../../protocol/record-batch.ts'
import { checkBatches, findBatch } from './checked-batches.ts'
import { isInternalBatch } from './internal-batches.ts'
import type { LeaderEpochs } from './leader-epochs.ts'
import type { FilePiece, ReadAhead } from './read-ahead.ts'
import type { Segment } from './segment.ts'
import { SegmentGoneError } from './segment-gone.ts'
import type { TailEntry } from './tail-cache.ts'

/**
 * Reading a log: from memory when the tail cache has the offset, else from the segments' files by positional reads.
 *
 * A slice holds whole batches, the first being the one that contains the wanted offset. It never reaches `limit`, and has at most
 * `bytesMax` bytes, but for the first batch, which is returned at any size when `needsOne` is set. Batches that come from a file are checked
 * (`checked-batches.ts`) before they are handed out: a broken file is reported, never served.
 */
export interface LogSlice {
  parts: Buffer[]
  /** Own the parts; to be released when the parts are no longer needed. Who does not only keeps their memory from being used again. */
  leases: Lease[]
  bytes: number
  /** First offset behind the slice; the wanted offset itself when it is empty. */
  nextOffset: number
}

/** What reading needs of a `PartitionLog`. */
export interface ReadableLog {
  readonly folder: string
  readonly segments: readonly Segment[]
  readonly epochs: LeaderEpochs
  readonly readAhead: ReadAhead
  readonly startOffset: number
  readonly damage: Error | undefined
  readonly isClosed: boolean
  readonly replacing: Promise<void> | undefined
  tailFrom(offset: number): readonly TailEntry[] | undefined
  readableEnd(segment: Segment): number
}

const EMPTY: readonly Buffer[] = []
/** A read that begins at an index entry: enough to reach the wanted batch and learn its size. */
const PROBE_BYTES = 16 << 10

export function readLog(
  log: ReadableLog,
  offset: number,
  bytesMax: number,
  limit: number,
  needsOne: boolean,
): LogSlice | Promise<LogSlice> {
  if (offset >= limit || (bytesMax <= 0 && !needsOne))
    return { parts: [...EMPTY], leases: [], bytes: 0, nextOffset: offset }
  const entries = log.tailFrom(offset)
  if (entries) return readTail(entries, offset, bytesMax, limit, needsOne)
  return readFiles(log, offset, bytesMax, limit, needsOne)
}

function readTail(
  entries: readonly TailEntry[],
  offset: number,
  bytesMax: number,
  limit: number,
  needsOne: boolean,
): LogSlice {
  const slice: LogSlice = { parts: [], leases: [], bytes: 0, nextOffset: offset }
  for (const entry of entries) {
    if (entry.baseOffset >= limit) break
    const isWhole =
      entry.baseOffset >= offset && entry.endOffset <= limit && slice.bytes + entry.bytes <= bytesMax
    for (const part of entry.parts) {
      if (isWhole && !entry.hasInternal) {
        slice.parts.push(part)
        slice.bytes += part.length
        slice.nextOffset = entry.endOffset
        continue
      }
      if (addBatches(slice, part, offset, bytesMax, limit, needsOne) < part.length) break
    }
    for (const lease of entry.leases) {
      lease.retain()
      slice.leases.push(lease)
    }
    if (!isWhole && slice.bytes >= bytesMax) break
    if (slice.nextOffset < entry.endOffset && slice.nextOffset > entry.baseOffset) break
    if (slice.nextOffset <= entry.baseOffset) break
  }
  return slice
}

/** Adds the batches of one buffer that fit. Gives where the first one begins that was not passed; the buffer's length when all were. */
function addBatches(
  slice: LogSlice,
  buffer: Buffer,
  offset: number,
  bytesMax: number,
  limit: number,
  needsOne: boolean,
): number {
  let start = -1
  let at = 0
  const close = (end: number) => {
    if (start >= 0 && end > start) slice.parts.push(buffer.subarray(start, end))
    start = -1
  }
  while (at + BATCH_HEADER_BYTES <= buffer.length) {
    const bytes = batchBytesOf(buffer, at)
    if (at + bytes > buffer.length) break
    const lastOffset = lastOffsetOf(buffer, at)
    if (lastOffset >= offset) {
      const isFirst = slice.bytes === 0
      if (lastOffset >= limit || (slice.bytes + bytes > bytesMax && !(isFirst && needsOne))) break
      if (isInternalBatch(buffer, at)) {
        close(at)
      } else {
        if (start < 0) start = at
        slice.bytes += bytes
      }
      slice.nextOffset = lastOffset + 1
    }
    at += bytes
  }
  close(at)
  return at
}

async function readFiles(
  log: ReadableLog,
  offset: number,
  bytesMax: number,
  limit: number,
  needsOne: boolean,
): Promise<LogSlice> {
  for (;;) {
    try {
      const slice = await readSegments(log, offset, bytesMax, limit, needsOne)
      // Nothing here was for clients: who gets nothing would ask for the same offset again.
      const isPassedOver = slice.bytes === 0 && slice.nextOffset > offset && slice.nextOffset < limit
      if (!isPassedOver) return slice
      for (const lease of slice.leases) lease.release()
      return await readLog(log, slice.nextOffset, bytesMax, limit, needsOne)
    } catch (error) {
      if (isSystemError(error))
        throw new KafkaError('KAFKA_STORAGE_ERROR', `${log.folder} cannot be read: ${error.message}`)
      if (!(error instanceof SegmentGoneError)) throw error
    }
    await requirePlaceAgain(log, offset)
  }
}

/** A segment went away under the read. Where it was replaced, the read begins anew; where it was removed, so was the offset. */
export async function requirePlaceAgain(log: ReadableLog, offset: number): Promise<void> {
  await log.replacing
  if (log.damage) throw new KafkaError('KAFKA_STORAGE_ERROR', log.damage.message)
  if (log.isClosed) throw new KafkaError('NOT_LEADER_OR_FOLLOWER', `${log.folder} is closed`)
  if (offset < log.startOffset) throw new KafkaError('OFFSET_OUT_OF_RANGE')
}

async function readSegments(
  log: ReadableLog,
  offset: number,
  bytesMax: number,
  limit: number,
  needsOne: boolean,
): Promise<LogSlice> {
  for (const segment of segmentsFrom(log, offset)) {
    const slice = await readSegment(log, segment, offset, bytesMax, limit, needsOne)
    // Nothing behind the offset in this segment (compacted away): the next one has it.
    if (slice.nextOffset > offset || slice.bytes > 0) return slice
    if (slice.isBlocked) return slice
  }
  return { parts: [], leases: [], bytes: 0, nextOffset: offset }
}

function segmentsFrom(log: ReadableLog, offset: number): Segment[] {
  const { segments } = log
  let low = 0
  let high = segments.length - 1
  while (low < high) {
    const middle = (low + high + 1) >>> 1
    if (segments[middle]!.baseOffset <= offset) low = middle
    else high = middle - 1
  }
  return segments.slice(low)
}

type FileSlice = LogSlice & { isBlocked?: boolean }

async function readSegment(
  log: ReadableLog,
  segment: Segment,
  offset: number,
  bytesMax: number,
  limit: number,
  needsOne: boolean,
): Promise<FileSlice> {
  const fileEnd = log.readableEnd(segment)
  const expected = segment.findNext(offset)
  const position = expected ?? (await findBatch(segment, fileEnd, offset))
  const slice: FileSlice = { parts: [], leases: [], bytes: 0, nextOffset: offset }
  if (position === undefined || position + BATCH_HEADER_BYTES > fileEnd) return slice
  const length = await lengthToRead(segment, position, fileEnd, bytesMax)
  const first = expected === undefined ? -1 : offset
  const piece = await readPiece(log, segment, position, length, { fileEnd, first }, needsOne)
  slice.leases.push(piece.lease)
  const next = position + addBatches(slice, piece.buffer, offset, bytesMax, limit, needsOne)
  slice.isBlocked = slice.bytes === 0 && slice.nextOffset === offset
  if (slice.nextOffset === offset) return slice
  segment.noteNext(slice.nextOffset, next)
  // Who has come from the place before will most likely go on.
  if (expected !== undefined && next + BATCH_HEADER_BYTES < fileEnd) {
    const more = await lengthToRead(segment, next, fileEnd, bytesMax)
    log.readAhead.begin(segment, next, more, () =>
      readChecked(log, segment, next, more, { fileEnd, first: slice.nextOffset }),
    )
  }
  return slice
}

interface PieceBounds {
  fileEnd: number
  /** The offset with which the piece must begin, or -1. */
  first: number
}

/** A checked piece of a file; as long as its first batch when that one is wanted at any size. */
async function readPiece(
  log: ReadableLog,
  segment: Segment,
  position: number,
  length: number,
  bounds: PieceBounds,
  needsOne: boolean,
): Promise<FilePiece> {
  const ahead = await log.readAhead.take(segment, position, length)?.catch(() => undefined)
  const piece = ahead ?? (await readChecked(log, segment, position, length, bounds))
  const { buffer, lease } = piece
  const firstBytes = buffer.length >= BATCH_HEADER_BYTES ? batchBytesOf(buffer, 0) : 0
  if (!needsOne || firstBytes <= buffer.length) return piece
  lease.release()
  return readChecked(log, segment, position, firstBytes, bounds)
}

async function readChecked(
  log: ReadableLog,
  segment: Segment,
  position: number,
  length: number,
  { fileEnd, first }: PieceBounds,
): Promise<FilePiece> {
  const mayHaveGaps = await segment.mayHaveGaps()
  const piece = await segment.readLeased(position, length)
  try {
    if (piece.buffer.length < length)
      throw new CorruptionError(segment.path, position, 'the file is cut short')
    checkBatches(log.epochs, segment, piece.buffer, position, mayHaveGaps, fileEnd, first)
    return piece
  } catch (error) {
    piece.lease.release()
    throw error
  }
}

/** As many whole batches as fit: up to an indexed position where there is one near the end, so that little is read in vain. */
async function lengthToRead(
  segment: Segment,
  position: number,
  fileEnd: number,
  bytesMax: number,
): Promise<number> {
  const wanted = Math.min(Math.max(bytesMax, PROBE_BYTES), fileEnd - position)
  if (position + wanted === fileEnd) return wanted
  const indexed = await segment.indexedPositionIn(position, position + wanted)
  return indexed !== undefined && indexed - position > wanted / 2 ? indexed - position : wanted
}
