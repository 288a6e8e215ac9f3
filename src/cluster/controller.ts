import type { Random } from '../base/random.ts'
import { KafkaError } from '../protocol/errors.ts'
import { ZERO_UUID } from '../protocol/schema.ts'
import { findTopicNameFault } from '../storage/log/segment-names.ts'
import { ConfigResource, type Metadata, type PartitionImage, type TopicImage } from './metadata.ts'
import type { MetadataChange } from './metadata-records.ts'

/**
 * Decides what changes in the cluster: pure. Each method looks at the metadata, and gives the changes to append to the metadata log, or
 * throws the error that the client gets. Nothing happens until the changes are replayed.
 */
const TOPICS_MAX = 2_000
export const PARTITIONS_MAX = 10_000
/** Groups, subscriptions of client metrics and brokers that have settings, of each kind. */
const CONFIG_RESOURCES_MAX = 10_000
/** Characters of all settings of one resource: they are one record of the metadata log. */
const CONFIGS_LENGTH_MAX = 256 << 10
/** Producer ids are handed out in blocks, so that a crash costs ids and never hands one out twice. */
export const PRODUCER_ID_BLOCK = 1_000

export interface NewTopic {
  name: string
  /** −1: the broker's default. */
  partitions: number
  /** −1: the broker's default. */
  replicationFactor: number
  /** Partitions with their nodes; empty when the controller chooses. */
  assignments: Iterable<readonly [partitionIndex: number, nodes: readonly number[]]>
  /** Asked for once the name is free, as Kafka does; throws when they are unfit. */
  configs: () => ReadonlyMap<string, string>
}

export interface ControllerSettings {
  nodeId: number
  defaultPartitions: number
  defaultReplicationFactor: number
}

/** Says where the next replica on this node belongs. */
export type Placement = () => string

/** Told how many partitions are about to be created or deleted; throws when that is too many for now. */
export type Charge = (partitions: number) => void

const RESERVED_NAMES = ['__cluster_metadata']

export class Controller {
  readonly #metadata: Metadata
  readonly #settings: ControllerSettings
  readonly #random: Random

  constructor(metadata: Metadata, settings: ControllerSettings, random: Random) {
    this.#metadata = metadata
    this.#settings = settings
    this.#random = random
  }

  /** One change for the topic, with all its partitions, and one for its configs: appended together, they are one whole. */
  createTopic(topic: NewTopic, place: Placement): { topicId: string; changes: MetadataChange[] } {
    const { name } = topic
    this.#requireFreeName(name)
    const configs = topic.configs()
    const assignments = this.#assign(topic)
    if (this.#metadata.topicCount >= TOPICS_MAX) {
      throw new KafkaError('POLICY_VIOLATION', `there are ${TOPICS_MAX} topics already, which is the limit`)
    }
    this.#requireRoom(assignments.length)
    const topicId = this.#newTopicId()
    const partitions = assignments.map(nodes => newPartition(nodes, place))
    const changes: MetadataChange[] = [{ type: 'topic', topicId, value: { name, partitions } }]
    if (configs.size > 0) {
      changes.push({
        type: 'config',
        resourceType: ConfigResource.TOPIC,
        resourceName: name,
        value: configs,
      })
    }
    return { topicId, changes }
  }

  deleteTopic(topic: TopicImage): MetadataChange[] {
    return [
      { type: 'topic', topicId: topic.topicId, value: null },
      { type: 'config', resourceType: ConfigResource.TOPIC, resourceName: topic.name, value: null },
    ]
  }

  createPartitions(
    topic: TopicImage,
    count: number,
    assignments: readonly (readonly number[])[] | null,
    place: Placement,
  ): MetadataChange[] {
    const present = topic.partitions.length
    if (count < present) {
      throw new KafkaError(
        'INVALID_PARTITIONS',
        `The topic ${topic.name} currently has ${present} partition(s); ${count} would not be an increase.`,
      )
    }
    if (count === present) {
      throw new KafkaError('INVALID_PARTITIONS', `Topic already has ${present} partition(s).`)
    }
    const added = count - present
    if (assignments && assignments.length !== added) {
      throw new KafkaError(
        'INVALID_REPLICA_ASSIGNMENT',
        `Attempted to add ${added} additional partition(s), but only ${assignments.length} assignment(s) were specified.`,
      )
    }
    this.#requireRoom(added)
    const nodes = assignments ?? Array.from({ length: added }, () => [this.#settings.nodeId])
    for (const replicas of nodes) this.#requireKnownNodes(replicas)
    const partitions = [...topic.partitions, ...nodes.map(replicas => newPartition(replicas, place))]
    return [{ type: 'topic', topicId: topic.topicId, value: { name: topic.name, partitions } }]
  }

  /** The replica on this node is in another of its log directories. */
  moveReplica(topicId: string, partitionIndex: number, directoryId: string): MetadataChange[] {
    const topic = this.#metadata.findTopicById(topicId)
    if (!topic?.partitions[partitionIndex]) throw new KafkaError('UNKNOWN_TOPIC_OR_PARTITION')
    const { nodeId } = this.#settings
    const partitions = topic.partitions.map((image, index) => {
      if (index !== partitionIndex) return image
      const replicas = image.replicas.map(one => (one.nodeId === nodeId ? { nodeId, directoryId } : one))
      return { ...image, replicas }
    })
    return [{ type: 'topic', topicId, value: { name: topic.name, partitions } }]
  }

  /** Throws what speaks against other replicas of a partition; null would end a move, and here there is never one. */
  reassign(topic: TopicImage, partitionIndex: number, nodes: readonly number[] | null): void {
    if (!topic.partitions[partitionIndex]) {
      throw new KafkaError(
        'UNKNOWN_TOPIC_OR_PARTITION',
        `Unable to find partition ${topic.name}:${partitionIndex}.`,
      )
    }
    if (nodes === null) {
      throw new KafkaError('NO_REASSIGNMENT_IN_PROGRESS', 'No partition reassignment is in progress.')
    }
    this.#requireKnownNodes(nodes)
  }

  /** What is set for a resource, as a whole: nothing removes it. */
  alterConfigs(
    resourceType: number,
    resourceName: string,
    configs: ReadonlyMap<string, string>,
  ): MetadataChange[] {
    let length = 0
    for (const [name, value] of configs) length += name.length + value.length
    if (length > CONFIGS_LENGTH_MAX) {
      throw new KafkaError(
        'POLICY_VIOLATION',
        `the settings of one resource may have ${CONFIGS_LENGTH_MAX} characters in all`,
      )
    }
    const isNew = this.#metadata.configsOf(resourceType, resourceName).size === 0
    if (configs.size === 0) {
      return isNew ? [] : [{ type: 'config', resourceType, resourceName, value: null }]
    }
    // Topics have their own limit; what nobody created is bounded here.
    if (isNew && resourceType !== ConfigResource.TOPIC) this.#requireRoomForConfigs(resourceType)
    return [{ type: 'config', resourceType, resourceName, value: configs }]
  }

  /** Takes the next block of producer ids: `[first, first + PRODUCER_ID_BLOCK)`. */
  allocateProducerIds(): { first: number; changes: MetadataChange[] } {
    const first = this.#metadata.nextProducerId
    return { first, changes: [{ type: 'producerIds', nextProducerId: first + PRODUCER_ID_BLOCK }] }
  }

  #requireFreeName(name: string): void {
    const fault = findTopicNameFault(name)
    if (fault) throw new KafkaError('INVALID_TOPIC_EXCEPTION', fault)
    if (RESERVED_NAMES.includes(name)) {
      throw new KafkaError('INVALID_TOPIC_EXCEPTION', `${name} is the broker's own log`)
    }
    if (this.#metadata.findTopic(name)) {
      throw new KafkaError('TOPIC_ALREADY_EXISTS', `Topic '${name}' already exists.`)
    }
    const flat = name.replaceAll('.', '_')
    if (flat === name && !name.includes('_')) return
    for (const topic of this.#metadata.topics) {
      if (topic.name.replaceAll('.', '_') !== flat) continue
      // "." and "_" are the same in the names of metrics.
      throw new KafkaError(
        'INVALID_TOPIC_EXCEPTION',
        `Topic '${name}' collides with existing topic: ${topic.name}`,
      )
    }
  }

  #assign(topic: NewTopic): (readonly number[])[] {
    const { nodeId, defaultPartitions, defaultReplicationFactor } = this.#settings
    const assignments = [...topic.assignments]
    if (assignments.length > 0) return this.#checkAssignments(topic, assignments)
    const count = topic.partitions === -1 ? defaultPartitions : topic.partitions
    if (count < 1)
      throw new KafkaError(
        'INVALID_PARTITIONS',
        'Number of partitions was set to an invalid non-positive value.',
      )
    const factor = topic.replicationFactor === -1 ? defaultReplicationFactor : topic.replicationFactor
    if (factor < 1) {
      throw new KafkaError(
        'INVALID_REPLICATION_FACTOR',
        'Replication factor must be larger than 0, or -1 to use the default value.',
      )
    }
    if (factor > 1) {
      throw new KafkaError(
        'INVALID_REPLICATION_FACTOR',
        `Unable to replicate the partition ${factor} time(s): The target replication factor of ${factor} cannot be reached because only 1 broker(s) are registered.`,
      )
    }
    return Array.from({ length: count }, () => [nodeId])
  }

  #checkAssignments(
    { partitions, replicationFactor }: NewTopic,
    assignments: readonly (readonly [number, readonly number[]])[],
  ): (readonly number[])[] {
    if (replicationFactor !== -1) {
      throw new KafkaError(
        'INVALID_REQUEST',
        'A manual partition assignment was specified, but replication factor was not set to -1.',
      )
    }
    if (partitions !== -1) {
      throw new KafkaError(
        'INVALID_REQUEST',
        'A manual partition assignment was specified, but numPartitions was not set to -1.',
      )
    }
    const byPartition = new Map<number, readonly number[]>()
    for (const [partitionIndex, nodes] of assignments) {
      if (byPartition.has(partitionIndex)) {
        throw new KafkaError(
          'INVALID_REPLICA_ASSIGNMENT',
          `Found multiple manual partition assignments for partition ${partitionIndex}`,
        )
      }
      this.#requireKnownNodes(nodes)
      byPartition.set(partitionIndex, nodes)
    }
    return assignments.map((_, index) => {
      const nodes = byPartition.get(index)
      if (nodes) return nodes
      throw new KafkaError(
        'INVALID_REPLICA_ASSIGNMENT',
        'partitions should be a consecutive 0-based integer sequence',
      )
    })
  }

  #requireKnownNodes(nodes: readonly number[]): void {
    if (nodes.length === 0) {
      throw new KafkaError(
        'INVALID_REPLICA_ASSIGNMENT',
        'The manual partition assignment includes an empty replica list.',
      )
    }
    const repeated = nodes.find((node, i) => nodes.indexOf(node) < i)
    if (repeated !== undefined) {
      throw new KafkaError(
        'INVALID_REPLICA_ASSIGNMENT',
        `The manual partition assignment includes the broker ${repeated} more than once.`,
      )
    }
    const stranger = nodes.find(node => node !== this.#settings.nodeId)
    if (stranger === undefined) return
    throw new KafkaError(
      'INVALID_REPLICA_ASSIGNMENT',
      `The manual partition assignment includes broker ${stranger}, but no such broker is registered.`,
    )
  }

  #requireRoom(partitions: number): void {
    if (this.#metadata.partitionCount + partitions <= PARTITIONS_MAX) return
    throw new KafkaError('INVALID_PARTITIONS', `a broker holds at most ${PARTITIONS_MAX} partitions`)
  }

  #requireRoomForConfigs(resourceType: number): void {
    let count = 0
    for (const _ of this.#metadata.resourcesOf(resourceType)) count++
    if (count < CONFIG_RESOURCES_MAX) return
    throw new KafkaError(
      'POLICY_VIOLATION',
      `${CONFIG_RESOURCES_MAX} resources of this kind have settings already, which is the limit`,
    )
  }

  #newTopicId(): string {
    for (;;) {
      const bytes = this.#random.bytes(16)
      bytes[6] = (bytes[6]! & 0x0f) | 0x40
      bytes[8] = (bytes[8]! & 0x3f) | 0x80
      const topicId = bytes.toString('base64url')
      // Kafka keeps ids that would look like a flag on a command line out of use.
      if (!topicId.startsWith('-') && topicId !== ZERO_UUID) return topicId
    }
  }
}

function newPartition(nodes: readonly number[], place: Placement): PartitionImage {
  return { incarnation: 0, replicas: nodes.map(nodeId => ({ nodeId, directoryId: place() })) }
}
