import type { File } from '../../base/disk.ts'
import { BATCH_HEADER_BYTES, baseOffsetOf, MAGIC_AT } from '../../protocol/record-batch.ts'
import { findDamage } from '../../protocol/record-batch-check.ts'
import { hasPlausibleOffset } from './checked-batches.ts'
import type { Segment } from './segment.ts'

/** What recovery does with bytes of which nothing is known, or which cannot be trusted to be on the disk. */
const CHUNK_BYTES = 1 << 20

/** Whether a whole batch with a later offset stands anywhere behind a bad place: then bytes in the middle have rotted. */
export async function hasLaterBatch(segment: Segment, from: number, endOffset: number): Promise<boolean> {
  const bytes = await segment.read(from, segment.sizeBytes - from)
  for (let at = 1; at + BATCH_HEADER_BYTES <= bytes.length; at++) {
    if (bytes[at + MAGIC_AT] !== 2 || !hasPlausibleOffset(bytes, at) || baseOffsetOf(bytes, at) < endOffset)
      continue
    if (!findDamage(bytes, at, bytes.length)) return true
  }
  return false
}

/** Writes what is there once more: a page whose sync failed once is clean in the cache, and yet not on the disk. */
export async function rewrite(file: File, from: number, to: number): Promise<void> {
  for (let position = from; position < to; position += CHUNK_BYTES) {
    const bytes = Buffer.allocUnsafeSlow(Math.min(CHUNK_BYTES, to - position))
    const length = await file.read(position, bytes)
    await file.write(position, [bytes.subarray(0, length)])
  }
}
