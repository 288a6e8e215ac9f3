import type { PartitionView, TopicView } from '../../../client/cluster-view.ts'
import { type ConfigValue, describeConfigs } from '../../../client/configs.ts'
import type { KafkaClient } from '../../../client/kafka-client.ts'
import { partitionSizes } from '../../../client/log-dirs.ts'
import { findOffsets, Place } from '../../../client/offsets.ts'
import { keyOf } from '../../../client/topic-partition.ts'
import { KafkaError } from '../../../protocol/errors.ts'
import type { ClusterOptions } from '../../cluster-options.ts'
import { printResult } from '../../results.ts'
import { bytesText, pairLines, tableLines } from '../../table.ts'
import type { Terminal } from '../../terminal.ts'
import { requireTopics } from '../../topic-names.ts'

interface DescribeOptions extends ClusterOptions {
  regex?: boolean
  printSummary?: boolean
  printConfigs?: boolean
  printPartitions?: boolean
  printAll?: boolean
}

interface PartitionState extends PartitionView {
  /** Null where the leader did not say. */
  readonly start: number | null
  readonly end: number | null
  readonly bytes: number | null
}

interface Description {
  readonly topic: TopicView
  readonly configs: readonly ConfigValue[]
  readonly partitions: readonly PartitionState[]
}

export async function describeTopics(
  client: KafkaClient,
  terminal: Terminal,
  names: readonly string[],
  options: DescribeOptions,
): Promise<void> {
  const topics = await requireTopics(client, names, { regex: options.regex })
  const sizes = await partitionSizes(
    client,
    topics.map(({ name }) => name),
  )
  const descriptions = await Promise.all(topics.map(topic => describe(client, topic, sizes, options)))
  await printResult(terminal, options, descriptions.map(descriptionJson), () =>
    descriptions.flatMap((one, at) => [...(at > 0 ? [''] : []), ...descriptionLines(one, options)]),
  )
}

async function describe(
  client: KafkaClient,
  topic: TopicView,
  sizes: ReadonlyMap<string, number>,
  { printAll = false }: DescribeOptions,
): Promise<Description> {
  const [configs, starts, ends] = await Promise.all([
    describeConfigs(client, { type: 'topic', name: topic.name }),
    offsetsOf(client, topic, Place.START),
    offsetsOf(client, topic, Place.END),
  ])
  return {
    topic,
    configs: configs
      .filter(({ isDefault }) => printAll || !isDefault)
      .sort((a, b) => (a.name < b.name ? -1 : 1)),
    partitions: topic.partitions.map((partition, at) => ({
      ...partition,
      start: starts[at]!,
      end: ends[at]!,
      bytes: sizes.get(keyOf({ topic: topic.name, partition: partition.partition })) ?? null,
    })),
  }
}

/** A partition without a leader has no offsets, and is shown all the same. */
async function offsetsOf(
  client: KafkaClient,
  { name, partitions }: TopicView,
  timestamp: number,
): Promise<(number | null)[]> {
  const led = partitions.filter(({ leader }) => leader >= 0)
  const questions = led.map(({ partition }) => ({ topic: name, partition, timestamp }))
  const outcomes = await findOffsets(client, questions)
  const found = new Map(led.map(({ partition }, at) => [partition, outcomes[at]]))
  return partitions.map(({ partition }) => {
    const outcome = found.get(partition)
    return outcome === undefined || outcome instanceof KafkaError ? null : outcome
  })
}

function descriptionJson({ topic, configs, partitions }: Description) {
  return {
    name: topic.name,
    topicId: topic.topicId,
    internal: topic.isInternal,
    configs: configs.map(({ name, value, source }) => ({ name, value, source })),
    partitions: partitions.map(({ partition, leader, leaderEpoch, replicas, inSync, start, end, bytes }) => ({
      partition,
      leader,
      leaderEpoch,
      replicas,
      inSync,
      logStartOffset: start,
      endOffset: end,
      bytes,
    })),
  }
}

function* descriptionLines(description: Description, options: DescribeOptions): Generator<string> {
  const { printSummary, printConfigs, printPartitions, printAll } = options
  const isAll = printAll || !(printSummary || printConfigs || printPartitions)
  const sections = [
    ...(isAll || printSummary ? [summaryLines(description)] : []),
    ...(isAll || printConfigs ? [configLines(description, printAll ?? false)] : []),
    ...(isAll || printPartitions ? [partitionLines(description)] : []),
  ]
  for (const [at, lines] of sections.entries()) {
    if (at > 0) yield ''
    yield* lines
  }
}

function summaryLines({ topic, partitions }: Description): string[] {
  const known = partitions.filter(({ bytes }) => bytes !== null)
  const total = known.reduce((sum, { bytes }) => sum + (bytes ?? 0), 0)
  return pairLines([
    ['NAME', topic.name],
    ['ID', topic.topicId],
    ['INTERNAL', topic.isInternal],
    ['PARTITIONS', partitions.length],
    ['REPLICAS', partitions[0]?.replicas.length ?? 0],
    ['SIZE', known.length === 0 ? null : bytesText(total)],
  ])
}

function configLines({ configs }: Description, isAll: boolean): string[] {
  if (configs.length === 0) return ['all settings are the defaults (-a shows them)']
  return tableLines(
    [isAll ? 'SETTING' : 'SETTING (NOT DEFAULT)', 'VALUE', 'SET FOR'],
    configs.map(({ name, value, source }) => [name, value, source]),
  )
}

function partitionLines({ partitions }: Description): string[] {
  return tableLines(
    ['PARTITION', 'LEADER', 'EPOCH', 'REPLICAS', 'IN SYNC', 'START', 'END', 'BYTES'],
    partitions.map(({ partition, leader, leaderEpoch, replicas, inSync, start, end, bytes }) => [
      partition,
      leader < 0 ? 'none' : leader,
      leaderEpoch,
      replicas.join(','),
      inSync.join(','),
      start,
      end,
      bytes,
    ]),
  )
}
