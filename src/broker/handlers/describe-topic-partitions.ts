import type { TopicImage } from '../../cluster/metadata.ts'
import { ErrorCode } from '../../protocol/errors.ts'
import { DescribeTopicPartitions } from '../../protocol/messages/describe-topic-partitions.ts'
import { type RequestOf, type ResponseOf, ZERO_UUID } from '../../protocol/schema.ts'
import { findTopicNameFault } from '../../storage/log/segment-names.ts'
import { TOPIC_OPERATIONS } from '../authorized-operations.ts'
import type { RequestContext } from '../context.ts'
import { handler } from '../handler.ts'
import { leadershipOf } from '../partition-leadership.ts'

/**
 * DescribeTopicPartitions: topics in the order of their names, so many partitions at a time (KIP-966).
 *
 * The cursor is where the page before ended; topics in front of it are left out. No topics in the request are all topics, of which one
 * that is gone by now is no error. A page may end within a topic, which the next one then begins with.
 */
export const describeTopicPartitions = handler(DescribeTopicPartitions, {
  versions: [0, 0],
  notes: 'Lists of eligible leader replicas are empty.',
  async handle(request, context) {
    const names = namesFrom(request, context)
    if (!names) return refuse(request)
    const { cluster, config } = context.broker
    const wanted = Math.min(request.responsePartitionLimit, config.value('max.request.partition.size.limit'))
    let room = Math.max(1, wanted)
    const topics: Topic[] = []
    for (const name of names) {
      if (room === 0) return { topics, nextCursor: { topicName: name, partitionIndex: 0 } }
      const topic = await cluster.whenUsable(cluster.metadata.findTopic(name))
      if (!topic) {
        topics.push(unknownTopic(name, context))
        continue
      }
      const from = name === request.cursor?.topicName ? request.cursor.partitionIndex : 0
      const described = describe(topic, from, room, context)
      topics.push(described)
      room -= described.partitions.length
      const next = from + described.partitions.length
      if (described.partitions.length > 0 && next < topic.partitions.length) {
        return { topics, nextCursor: { topicName: name, partitionIndex: next } }
      }
    }
    return { topics }
  },
})

type Request = RequestOf<typeof DescribeTopicPartitions>
type Topic = ResponseOf<typeof DescribeTopicPartitions>['topics'][number]

/** The wanted names from the cursor on, sorted, each once; undefined when the cursor is none of the request's. */
function namesFrom({ topics, cursor }: Request, { broker }: RequestContext): string[] | undefined {
  const first = cursor?.topicName ?? ''
  const asked = topics.length > 0 ? topics : [...broker.cluster.metadata.topics]
  const names = new Set(asked.map(({ name }) => name).filter(name => name >= first))
  if (cursor && cursor.partitionIndex < 0) return undefined
  if (cursor && topics.length > 0 && !names.has(cursor.topicName)) return undefined
  return [...names].sort()
}

/** As Kafka says it: each topic that was asked for has the error. */
function refuse({ topics }: Request) {
  const errorCode = ErrorCode.INVALID_REQUEST
  return { topics: topics.map(({ name }) => ({ errorCode, name, topicId: ZERO_UUID, partitions: [] })) }
}

function unknownTopic(name: string, { broker }: RequestContext): Topic {
  const isValid = findTopicNameFault(name) === undefined
  return {
    errorCode: isValid ? ErrorCode.UNKNOWN_TOPIC_OR_PARTITION : ErrorCode.INVALID_TOPIC_EXCEPTION,
    name,
    topicId: ZERO_UUID,
    isInternal: broker.internalTopics.isInternal(name),
    partitions: [],
    topicAuthorizedOperations: TOPIC_OPERATIONS,
  }
}

function describe(topic: TopicImage, from: number, count: number, { broker }: RequestContext): Topic {
  const { cluster, internalTopics } = broker
  const partitions = topic.partitions.slice(from, from + count).map((image, i) => {
    const replicaNodes = image.replicas.map(replica => replica.nodeId)
    const partitionIndex = from + i
    return {
      ...leadershipOf(cluster.partitions.findById(topic.topicId, partitionIndex), replicaNodes),
      partitionIndex,
      replicaNodes,
      isrNodes: replicaNodes,
      eligibleLeaderReplicas: [],
      lastKnownElr: [],
    }
  })
  return {
    errorCode: ErrorCode.NONE,
    name: topic.name,
    topicId: topic.topicId,
    isInternal: internalTopics.isInternal(topic.name),
    partitions,
    topicAuthorizedOperations: TOPIC_OPERATIONS,
  }
}
