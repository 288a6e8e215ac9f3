import type { BrokerContext } from '../broker/context.ts'
import { ConfigResource, type TopicImage } from '../cluster/metadata.ts'
import { KafkaError } from '../protocol/errors.ts'
import { settingTextsOf, type TopicSettings } from './settings.ts'

/** Topics of a broker in this process: to look at, to create, to delete. */
export interface TopicView {
  readonly name: string
  readonly id: string
  /** Written by the broker itself, as `__consumer_offsets` is. */
  readonly isInternal: boolean
  /** What was set for the topic itself. */
  readonly config: Readonly<Record<string, string>>
  readonly partitions: readonly PartitionView[]
}

export interface PartitionView {
  readonly partition: number
  /** Offset of the first record. */
  readonly startOffset: number
  /** The first offset that consumers cannot read yet. */
  readonly endOffset: number
  readonly leaderEpoch: number
  /** Size of all batches as they are stored. */
  readonly bytes: number
}

export interface NewTopicOptions {
  /** `num.partitions` of the broker when left out. */
  partitions?: number
  config?: TopicSettings
}

/** In the order of their names; internal ones only when asked for. */
export function viewTopics(context: BrokerContext, withInternal: boolean): TopicView[] {
  return [...context.cluster.metadata.topics]
    .map(topic => viewOf(context, topic))
    .filter(({ isInternal }) => withInternal || !isInternal)
    .sort((a, b) => (a.name < b.name ? -1 : 1))
}

export function findTopic(context: BrokerContext, name: string): TopicView | undefined {
  const topic = context.cluster.metadata.findTopic(name)
  return topic && viewOf(context, topic)
}

/** Throws a `KafkaError` that says why a topic cannot be; those before it are there then. */
export async function createTopics(
  { topicCreation }: BrokerContext,
  topics: readonly (NewTopicOptions & { name: string })[],
): Promise<void> {
  const wanted = topics.map(({ name, partitions = -1, config = {} }) => ({
    name,
    partitions,
    replicationFactor: -1,
    assignments: new Map<number, readonly number[]>(),
    configs: Object.entries(settingTextsOf(config)).map(([name, value]) => ({ name, value })),
  }))
  const results = await topicCreation.create(wanted, false)
  for (const [index, result] of results.entries()) {
    if (!(result instanceof KafkaError)) continue
    throw new KafkaError(result.error, `topic ${wanted[index]!.name}: ${result.message}`)
  }
}

export async function deleteTopic(context: BrokerContext, name: string): Promise<void> {
  const topic = context.cluster.metadata.findTopic(name)
  if (!topic) throw new KafkaError('UNKNOWN_TOPIC_OR_PARTITION', `there is no topic ${name}`)
  await deleteTopics(context, [topic])
}

export async function deleteTopics({ cluster }: BrokerContext, topics: readonly TopicImage[]): Promise<void> {
  await Promise.all(topics.map(topic => cluster.deleteTopic(topic).catch(unlessGone)))
}

/** A client was faster. */
function unlessGone(error: unknown): void {
  if (!(error instanceof KafkaError && error.error === 'UNKNOWN_TOPIC_OR_PARTITION')) throw error
}

function viewOf({ cluster, internalTopics }: BrokerContext, topic: TopicImage): TopicView {
  const { name, topicId } = topic
  return {
    name,
    id: topicId,
    isInternal: internalTopics.isInternal(name),
    config: Object.fromEntries(cluster.metadata.configsOf(ConfigResource.TOPIC, name)),
    partitions: topic.partitions.map((_, partition) => {
      const open = cluster.partitions.find(name, partition) // not yet, while it is being created
      return {
        partition,
        startOffset: open?.logStartOffset ?? 0,
        endOffset: open?.highWatermark ?? 0,
        leaderEpoch: open?.leaderEpoch ?? 0,
        bytes: open?.log.sizeBytes ?? 0,
      }
    }),
  }
}
