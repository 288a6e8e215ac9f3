import { CorruptionError } from '../../base/disk.ts'
import { KafkaError } from '../../protocol/errors.ts'
import { baseOffsetOf, lastOffsetOf, maxTimestampOf } from '../../protocol/record-batch.ts'

/**
 * Whether an entry of a time index is true: the batch that it names must have that time. Formats of indexes have no checksum, and one turned
 * bit would let retention delete what is young. Kafka may name any offset of the batch.
 */
interface Batches {
  batches(
    from: number,
    until: number,
    chunkBytes: number,
  ): AsyncGenerator<{ buffer: Buffer; at: number; position: number }>
}

/** Batches are small between two entries of the offset index. */
const CHUNK_BYTES = 16 << 10

/** `from`: the position of a batch at or before the one that the entry names. */
export async function isTrueTime(
  segment: Batches,
  entry: { timestamp: number; offset: number },
  from: number,
  until: number,
): Promise<boolean> {
  try {
    for await (const { buffer, at } of segment.batches(from, until, CHUNK_BYTES)) {
      if (lastOffsetOf(buffer, at) < entry.offset) continue
      return baseOffsetOf(buffer, at) <= entry.offset && maxTimestampOf(buffer, at) === entry.timestamp
    }
    return false
  } catch (error) {
    if (error instanceof CorruptionError || error instanceof KafkaError) return false
    throw error
  }
}
