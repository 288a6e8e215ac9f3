/** `loggerhead consume` without a group: all partitions of the topics, or those that were named, from the offsets that were given. */
import type { TopicView } from '../client/cluster-view.ts'
import type { KafkaClient } from '../client/kafka-client.ts'
import { Reader, type ReaderOptions } from '../client/reader.ts'
import type { TopicPartition } from '../client/topic-partition.ts'
import { InputError } from './failure.ts'
import { readPositions } from './offset-places.ts'
import type { OffsetRange } from './offset-range.ts'
import { RecordPrinter, type RecordStyle } from './record-printer.ts'
import type { Terminal } from './terminal.ts'
import { requireTopics } from './topic-names.ts'

/** What is to be read, and how it is shown. */
export interface Consumption {
  readonly topics: readonly string[]
  readonly regex: boolean
  readonly partitions: readonly number[] | undefined
  readonly range: OffsetRange
  readonly follow: boolean
  /** How many records; Infinity for all. */
  readonly limit: number
  readonly style: RecordStyle
  readonly reading: ReaderOptions
}

export async function consumePartitions(
  client: KafkaClient,
  terminal: Terminal,
  consumption: Consumption,
): Promise<void> {
  const { topics, regex, partitions, range, follow, reading } = consumption
  const views = await requireTopics(client, topics, { regex })
  const positions = await readPositions(client, chosenPartitions(views, partitions), range, {
    follow,
    isolation: reading.isolation ?? 'read-uncommitted',
  })
  const printer = new RecordPrinter(terminal, client.clock, consumption)
  const reader = new Reader(client, positions, reading)
  const takeBack = terminal.onInterrupt(() => reader.stop())
  try {
    for await (const batch of reader.batches()) {
      await printer.print(batch)
      if (printer.isDone) break
    }
  } finally {
    takeBack()
    printer.end()
  }
}

function chosenPartitions(
  topics: readonly TopicView[],
  chosen: readonly number[] | undefined,
): TopicPartition[] {
  return topics.flatMap(({ name, partitions }) => {
    const numbers = partitions.map(({ partition }) => partition)
    const missing = chosen?.find(number => !numbers.includes(number))
    if (missing !== undefined)
      throw new InputError(`topic ${name} has no partition ${missing}: it has ${numbers.length}, from 0 on`)
    return (chosen ?? numbers).map(partition => ({ topic: name, partition }))
  })
}
