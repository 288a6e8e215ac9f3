import type { Cluster } from '../cluster/cluster.ts'
import type { Charge, NewTopic } from '../cluster/controller.ts'
import { ConfigResource, type TopicImage } from '../cluster/metadata.ts'
import { KafkaError } from '../protocol/errors.ts'
import type { SettingsReader } from './config.ts'
import type { IdleSettings } from './idle-settings.ts'
import { parseTopicConfigs } from './topic-config.ts'

/** A topic as a client asks for it. */
export interface WantedTopic {
  name: string
  partitions: number
  replicationFactor: number
  assignments: NewTopic['assignments']
  configs: readonly { name: string; value: string | null }[]
}

/** Creates topics for clients: their configs checked, the broker's defaults filled in, and on first use when that is allowed. */
export class TopicCreation {
  readonly #cluster: Cluster
  readonly #settings: SettingsReader
  readonly #idle: IdleSettings

  constructor(cluster: Cluster, settings: SettingsReader, idle: IdleSettings) {
    this.#cluster = cluster
    this.#settings = settings
    this.#idle = idle
  }

  /** One result for each topic, in order. */
  async create(
    topics: readonly WantedTopic[],
    validateOnly: boolean,
    charge?: Charge,
  ): Promise<(TopicImage | KafkaError)[]> {
    const wanted = topics.map(topic => ({
      ...topic,
      configs: () => parseTopicConfigs(this.#settings, topic.configs),
    }))
    const created = await this.#cluster.createTopics(wanted, validateOnly, charge)
    const { metadata } = this.#cluster
    for (const topic of validateOnly ? [] : created) {
      if (topic instanceof KafkaError) continue
      this.#idle.tellTopic(topic.name, metadata.configsOf(ConfigResource.TOPIC, topic.name))
    }
    return created
  }

  /** Creates a topic with the broker's defaults because somebody uses it. Throws when it cannot be. */
  async createOnUse(name: string): Promise<TopicImage> {
    const wanted = { name, partitions: -1, replicationFactor: -1, assignments: [], configs: [] }
    const [topic] = await this.create([wanted], false)
    if (!(topic instanceof KafkaError)) return topic!
    const present = this.#cluster.metadata.findTopic(name) // somebody else was first
    if (present) return present
    throw topic
  }
}
