import { ClientQuotas } from './client-quotas.ts'
import type { MetadataChange } from './metadata-records.ts'

/**
 * What the cluster has agreed on: topics, their partitions and replicas, configs, producer ids, quotas. Only `replay` changes it, with what the
 * metadata log says, in its order; so every broker that has read as far sees the same.
 */
export interface TopicImage {
  readonly name: string
  readonly topicId: string
  readonly partitions: readonly PartitionImage[]
}

export interface PartitionImage {
  readonly incarnation: number
  readonly replicas: readonly { readonly nodeId: number; readonly directoryId: string }[]
}

/** Config resource types, as on the wire. */
export const ConfigResource = {
  TOPIC: 2,
  BROKER: 4,
  BROKER_LOGGER: 8,
  CLIENT_METRICS: 16,
  GROUP: 32,
} as const

const NO_CONFIGS: ReadonlyMap<string, string> = new Map()

export class Metadata {
  readonly #byName = new Map<string, TopicImage>()
  readonly #byId = new Map<string, TopicImage>()
  /** By resource type, then by name. */
  readonly #configs = new Map<number, Map<string, ReadonlyMap<string, string>>>()
  readonly clientQuotas = new ClientQuotas()
  #nextProducerId = 0

  get topics(): Iterable<TopicImage> {
    return this.#byName.values()
  }

  get topicCount(): number {
    return this.#byName.size
  }

  get partitionCount(): number {
    let count = 0
    for (const topic of this.#byName.values()) count += topic.partitions.length
    return count
  }

  /** First producer id that no broker was given yet. */
  get nextProducerId(): number {
    return this.#nextProducerId
  }

  findTopic(name: string): TopicImage | undefined {
    return this.#byName.get(name)
  }

  findTopicById(topicId: string): TopicImage | undefined {
    return this.#byId.get(topicId)
  }

  /** What was set for a resource; empty when nothing was. */
  configsOf(resourceType: number, resourceName: string): ReadonlyMap<string, string> {
    return this.#configs.get(resourceType)?.get(resourceName) ?? NO_CONFIGS
  }

  /** Names of the resources of a type for which something is set. */
  resourcesOf(resourceType: number): Iterable<string> {
    return this.#configs.get(resourceType)?.keys() ?? []
  }

  replay(change: MetadataChange): void {
    switch (change.type) {
      case 'topic':
        this.#replayTopic(change.topicId, change.value)
        return
      case 'config':
        this.#replayConfigs(change.resourceType, change.resourceName, change.value)
        return
      case 'producerIds':
        this.#nextProducerId = change.nextProducerId
        return
      case 'clientQuota':
        this.clientQuotas.replay(change.entity, change.value)
    }
  }

  #replayConfigs(
    resourceType: number,
    resourceName: string,
    configs: ReadonlyMap<string, string> | null,
  ): void {
    const resources = this.#configs.get(resourceType) ?? new Map<string, ReadonlyMap<string, string>>()
    this.#configs.set(resourceType, resources)
    if (configs && configs.size > 0) resources.set(resourceName, configs)
    else resources.delete(resourceName)
  }

  #replayTopic(topicId: string, value: { name: string; partitions: readonly PartitionImage[] } | null): void {
    const before = this.#byId.get(topicId)
    if (before) this.#byName.delete(before.name)
    if (!value) {
      this.#byId.delete(topicId)
      return
    }
    const topic: TopicImage = { name: value.name, topicId, partitions: value.partitions }
    this.#byId.set(topicId, topic)
    this.#byName.set(topic.name, topic)
  }
}
