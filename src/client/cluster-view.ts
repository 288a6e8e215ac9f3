/** What a client knows of the cluster: brokers, and of topics the partitions with their leaders. Each answer of Metadata renews it. */
import type { Metadata } from '../protocol/messages/metadata.ts'
import { type DecodedResponseOf, ZERO_UUID } from '../protocol/schema.ts'

export interface BrokerNode {
  readonly nodeId: number
  readonly host: string
  readonly port: number
  readonly rack: string | null
}

export interface PartitionView {
  readonly partition: number
  readonly errorCode: number
  /** −1: none. */
  readonly leader: number
  readonly leaderEpoch: number
  readonly replicas: readonly number[]
  readonly inSync: readonly number[]
  readonly offline: readonly number[]
}

export interface TopicView {
  readonly name: string
  readonly topicId: string
  readonly errorCode: number
  readonly isInternal: boolean
  /** In the order of their numbers. */
  readonly partitions: readonly PartitionView[]
}

export class ClusterView {
  clusterId: string | null = null
  controllerId = -1
  readonly brokers = new Map<number, BrokerNode>()
  readonly topics = new Map<string, TopicView>()
  readonly #names = new Map<string, string>()

  /** Gives the topics of the answer. */
  learn(answer: DecodedResponseOf<typeof Metadata>): TopicView[] {
    this.clusterId = answer.clusterId
    this.controllerId = answer.controllerId
    this.brokers.clear()
    for (const broker of answer.brokers) this.brokers.set(broker.nodeId, broker)
    const topics = answer.topics.flatMap(topic => (topic.name === null ? [] : [viewOf(topic, topic.name)]))
    for (const topic of topics) {
      this.topics.set(topic.name, topic)
      if (topic.topicId !== ZERO_UUID) this.#names.set(topic.topicId, topic.name)
    }
    return topics
  }

  /** A topic's id for requests that name it so; a broker that has none does not serve such requests. */
  topicIdOf(name: string): string {
    return this.topics.get(name)?.topicId ?? ZERO_UUID
  }

  /** The topic that an answer means, by name in old versions and by id in new ones. */
  nameOf(name: string, topicId: string): string {
    return name || (this.#names.get(topicId) ?? topicId)
  }

  findPartition(topic: string, partition: number): PartitionView | undefined {
    return this.topics.get(topic)?.partitions.find(one => one.partition === partition)
  }
}

type TopicAnswer = DecodedResponseOf<typeof Metadata>['topics'][number]

function viewOf(topic: TopicAnswer, name: string): TopicView {
  const partitions = topic.partitions.map(partition => ({
    partition: partition.partitionIndex,
    errorCode: partition.errorCode,
    leader: partition.leaderId,
    leaderEpoch: partition.leaderEpoch,
    replicas: partition.replicaNodes,
    inSync: partition.isrNodes,
    offline: partition.offlineReplicas,
  }))
  return {
    name,
    topicId: topic.topicId,
    errorCode: topic.errorCode,
    isInternal: topic.isInternal,
    partitions: partitions.sort((a, b) => a.partition - b.partition),
  }
}
