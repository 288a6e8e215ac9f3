import type { File } from '../../base/disk.ts'
import {
  BATCH_HEADER_BYTES,
  baseOffsetOf,
  batchBytesOf,
  lastOffsetOf,
  leaderEpochOf,
} from '../../protocol/record-batch.ts'
import { findDamage } from '../../protocol/record-batch-check.ts'
import { hasPlausibleOffset } from './checked-batches.ts'

/**
 * Goes through the bytes of one segment, batch after batch, and stops at the first place where no whole batch continues the log. For
 * tools: no log is open.
 */
export interface WalkedBatch {
  buffer: Buffer
  at: number
  position: number
}

export interface WalkEnd {
  /** Behind the last whole batch. */
  position: number
  /** First offset behind it. */
  offset: number
  /** Why the walk ends there; undefined at the end of the file. */
  reason?: string
}

export interface WalkOptions {
  baseOffset: number
  sizeBytes: number
  /** The offset that is due at the beginning. */
  offset: number
  mayHaveGaps: boolean
  /** Called with every whole batch; may say what is wrong with it. */
  visit(batch: WalkedBatch): string | undefined
}

/** What is written to the segment when the broker starts next: it stands in the journal. */
export interface Patch {
  position: number
  bytes: Buffer
}

const CHUNK_BYTES = 1 << 20

export class SegmentBytes {
  readonly #file: File | undefined
  readonly #patches: readonly Patch[]

  constructor(file: File | undefined, patches: readonly Patch[] = []) {
    this.#file = file
    this.#patches = patches
  }

  async size(): Promise<number> {
    const ends = this.#patches.map(({ position, bytes }) => position + bytes.length)
    return Math.max((await this.#file?.size()) ?? 0, ...ends)
  }

  async read(position: number, length: number): Promise<Buffer> {
    const into = Buffer.alloc(length)
    await this.#file?.read(position, into)
    for (const patch of this.#patches) {
      const from = Math.max(position, patch.position)
      const to = Math.min(position + length, patch.position + patch.bytes.length)
      if (from < to) patch.bytes.copy(into, from - position, from - patch.position, to - patch.position)
    }
    return into
  }
}

export async function walkSegment(bytes: SegmentBytes, options: WalkOptions): Promise<WalkEnd> {
  const { sizeBytes } = options
  let { offset } = options
  let position = 0
  while (position < sizeBytes) {
    let chunk = await bytes.read(position, Math.min(CHUNK_BYTES, sizeBytes - position))
    const first = chunk.length >= BATCH_HEADER_BYTES ? batchBytesOf(chunk, 0) : 0
    if (first > chunk.length && position + first <= sizeBytes) chunk = await bytes.read(position, first)
    let at = 0
    while (at < chunk.length) {
      const isCut = at + BATCH_HEADER_BYTES > chunk.length || at + batchBytesOf(chunk, at) > chunk.length
      if (isCut && at > 0 && position + chunk.length < sizeBytes) break // its rest is in the next chunk
      const place = position + at
      const reason =
        findDamage(chunk, at, chunk.length) ??
        findBreak(chunk, at, offset, options) ??
        options.visit({ buffer: chunk, at, position: place })
      if (reason) return { position: place, offset, reason }
      offset = lastOffsetOf(chunk, at) + 1
      at += batchBytesOf(chunk, at)
    }
    position += at
  }
  return { position, offset }
}

function findBreak(buffer: Buffer, at: number, due: number, options: WalkOptions): string | undefined {
  if (!hasPlausibleOffset(buffer, at)) return 'its offset is none'
  const base = baseOffsetOf(buffer, at)
  if (base < options.baseOffset) return `offset ${base} in segment ${options.baseOffset}`
  if (base === due || (base > due && options.mayHaveGaps)) return undefined
  return `offset ${base} where ${due} is due`
}

/** What is wrong with a batch's epoch by the list of the log. */
export function findWrongEpoch(
  { buffer, at }: WalkedBatch,
  epochAt: (offset: number) => number,
): string | undefined {
  const epoch = leaderEpochOf(buffer, at)
  const due = epochAt(lastOffsetOf(buffer, at))
  return epoch === due ? undefined : `epoch ${epoch} where it is ${due}`
}
