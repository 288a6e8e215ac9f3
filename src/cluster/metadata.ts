import type { MetadataChange } from './metadata-records.ts'

/**
 * What the cluster has agreed on: topics, their partitions and replicas, configs, producer ids. Only `replay` changes it, with what the
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
export const ConfigResource = { TOPIC: 2, BROKER: 4 } as const

const NO_CONFIGS: ReadonlyMap<string, string> = new Map()

export class Metadata {
  readonly #byName = new Map<string, TopicImage>()
  readonly #byId = new Map<string, TopicImage>()
  readonly #configs = new Map<string, ReadonlyMap<string, string>>()
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
    return this.#configs.get(configKey(resourceType, resourceName)) ?? NO_CONFIGS
  }

  replay(change: MetadataChange): void {
    switch (change.type) {
      case 'topic':
        this.#replayTopic(change.topicId, change.value)
        return
      case 'config': {
        const key = configKey(change.resourceType, change.resourceName)
        if (change.value && change.value.size > 0) this.#configs.set(key, change.value)
        else this.#configs.delete(key)
        return
      }
      case 'producerIds':
        this.#nextProducerId = change.nextProducerId
    }
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

function configKey(resourceType: number, resourceName: string): string {
  return `${resourceType}:${resourceName}`
}
