import type { Random } from '../base/random.ts'
import type { Cluster } from '../cluster/cluster.ts'
import type { TopicImage } from '../cluster/metadata.ts'
import type { Partition } from '../cluster/partition.ts'
import type { GroupCoordinator } from '../coordinator/group-coordinator.ts'
import { KafkaError } from '../protocol/errors.ts'
import type { Config } from './config.ts'
import { PartitionCoordinatorLog } from './partition-coordinator-log.ts'

/**
 * The topics that the broker itself writes. `__consumer_offsets` is made when the first group is looked for, as in Kafka; each of its
 * partitions that this node leads gets a group coordinator, whoever has created it.
 */
export const GROUP_TOPIC = '__consumer_offsets'
const INTERNAL_TOPICS = new Set([GROUP_TOPIC, '__transaction_state', '__share_group_state'])

export interface InternalTopicsOptions {
  config: Config
  cluster: Cluster
  groups: GroupCoordinator
  random: Random
}

export class InternalTopics {
  readonly #options: InternalTopicsOptions
  #creating: Promise<TopicImage> | undefined

  constructor(options: InternalTopicsOptions) {
    this.#options = options
    options.cluster.partitions.onOpen = (topic, partitions) => this.#lead(topic, partitions)
  }

  isInternal(topic: string): boolean {
    return INTERNAL_TOPICS.has(topic)
  }

  /** Loads the groups of a topic that is there already. */
  async start(): Promise<void> {
    const { metadata, partitions } = this.#options.cluster
    const topic = metadata.findTopic(GROUP_TOPIC)
    if (topic) await this.#lead(topic, partitions.ofTopic(GROUP_TOPIC))
  }

  /** The topic of groups, made when it is missing. */
  async requireGroupTopic(): Promise<TopicImage> {
    const { cluster } = this.#options
    const topic = await cluster.whenUsable(cluster.metadata.findTopic(GROUP_TOPIC))
    if (topic) return topic
    this.#creating ??= this.#create().finally(() => {
      this.#creating = undefined
    })
    return this.#creating
  }

  /** The topic is deleted: its groups are gone with it. */
  resign(topic: TopicImage): void {
    if (topic.name !== GROUP_TOPIC) return
    for (let index = 0; index < topic.partitions.length; index++) this.#options.groups.resign(index)
  }

  async #create(): Promise<TopicImage> {
    const { cluster, config } = this.#options
    const topic = {
      name: GROUP_TOPIC,
      partitions: config.value('offsets.topic.num.partitions'),
      replicationFactor: config.value('offsets.topic.replication.factor'),
      assignments: new Map(),
      configs: () =>
        new Map([
          ['cleanup.policy', 'compact'],
          ['compression.type', 'producer'],
          ['segment.bytes', String(config.value('offsets.topic.segment.bytes'))],
        ]),
    }
    const [created] = await cluster.createTopics([topic], false)
    if (created instanceof KafkaError) {
      const present = cluster.metadata.findTopic(GROUP_TOPIC)
      if (!present) throw created
      return present
    }
    return created!
  }

  async #lead(topic: TopicImage, partitions: readonly Partition[]): Promise<void> {
    if (topic.name !== GROUP_TOPIC) return
    const { groups, random } = this.#options
    await Promise.all(
      partitions.map(partition =>
        groups.lead(partition.index, new PartitionCoordinatorLog(partition, random)),
      ),
    )
  }
}
