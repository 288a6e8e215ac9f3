/** Places in partitions as offsets: asks the brokers for starts, ends and times. */
import type { KafkaClient } from '../client/kafka-client.ts'
import { findOffsets, type Isolation, Place, requireOffsets } from '../client/offsets.ts'
import type { ReadPosition } from '../client/reader.ts'
import type { TopicPartition } from '../client/topic-partition.ts'
import { KafkaError } from '../protocol/errors.ts'
import { END, type OffsetPlace, type OffsetRange } from './offset-range.ts'

/** What there is of a partition. */
export interface Bounds extends TopicPartition {
  readonly start: number
  readonly end: number
}

export async function readBounds(
  client: KafkaClient,
  partitions: readonly TopicPartition[],
  isolation?: Isolation,
): Promise<Bounds[]> {
  const starts = await requireOffsets(client, partitions, Place.START)
  const ends = await requireOffsets(client, partitions, Place.END, isolation)
  return partitions.map(({ topic, partition }, at) => ({
    topic,
    partition,
    start: starts[at]!,
    end: ends[at]!,
  }))
}

/** The offset of a place in each partition. A time after the last record is the end. */
export async function offsetsAt(
  client: KafkaClient,
  bounds: readonly Bounds[],
  place: OffsetPlace,
): Promise<number[]> {
  switch (place.at) {
    case 'start':
      return bounds.map(({ start, end }) => Math.min(start + place.shift, end))
    case 'end':
      return bounds.map(({ start, end }) => Math.max(end + place.shift, start))
    case 'offset':
      return bounds.map(() => place.offset)
    case 'time': {
      const questions = bounds.map(({ topic, partition }) => ({ topic, partition, timestamp: place.timeMs }))
      const outcomes = await findOffsets(client, questions)
      return outcomes.map((outcome, at) => {
        if (outcome instanceof KafkaError) throw outcome
        return outcome < 0 ? bounds[at]!.end : outcome
      })
    }
  }
}

/** Where to begin to read, and where to end; the end of now when nothing is to be followed. */
export async function readPositions(
  client: KafkaClient,
  partitions: readonly TopicPartition[],
  range: OffsetRange,
  { follow, isolation }: { follow: boolean; isolation: Isolation },
): Promise<ReadPosition[]> {
  const bounds = await readBounds(client, partitions, isolation)
  const from = await offsetsAt(client, bounds, range.from)
  const place = range.until ?? (follow ? undefined : END)
  const until = place && (await offsetsAt(client, bounds, place))
  return bounds.map(({ topic, partition, start, end }, at) => {
    // What lies before the start is gone; nobody has to know by how much.
    const offset = Math.max(from[at]!, start)
    if (!until) return { topic, partition, offset }
    return { topic, partition, offset, endOffset: follow ? until[at]! : Math.min(until[at]!, end) }
  })
}
