import type { TopicImage } from '../../cluster/metadata.ts'
import { ErrorCode, KafkaError } from '../../protocol/errors.ts'
import { Metadata, type MetadataRequestTopic, type MetadataTopic } from '../../protocol/messages/metadata.ts'
import type { RequestOf } from '../../protocol/schema.ts'
import { ZERO_UUID } from '../../protocol/schema.ts'
import { findTopicNameFault } from '../../storage/log/segment-names.ts'
import { CLUSTER_OPERATIONS, NOT_ASKED, TOPIC_OPERATIONS } from '../authorized-operations.ts'
import type { RequestContext } from '../context.ts'
import { handler } from '../handler.ts'
import { GROUP_TOPIC } from '../internal-topics.ts'
import { leadershipOf } from '../partition-leadership.ts'
import { wireErrorOf } from '../wire-error.ts'

/**
 * Metadata: brokers, topics, partitions and who leads them.
 *
 * v0 takes an empty list for all topics, later versions take null. v4 lets the client forbid auto-creation, v10 has topic ids, v12 asks by id.
 * A topic that is created on use is answered at once with its leaders: LEADER_NOT_AVAILABLE would only make clients wait. So is one that
 * somebody else is creating: the answer waits until it can be used.
 */
export const metadata = handler(Metadata, {
  versions: [0, 13],
  notes: 'A topic created on use is answered with its leader at once.',
  async handle(request, context) {
    const { broker, session, version } = context
    const { cluster, config } = broker
    const topics = await describeTopics(request, context)
    return {
      brokers: [{ nodeId: cluster.nodeId, ...session.advertised, rack: config.value('broker.rack') }],
      clusterId: cluster.clusterId,
      controllerId: cluster.nodeId,
      topics,
      clusterAuthorizedOperations:
        version <= 10 && request.includeClusterAuthorizedOperations ? CLUSTER_OPERATIONS : NOT_ASKED,
    }
  },
})

type Request = RequestOf<typeof Metadata>

async function describeTopics(request: Request, context: RequestContext): Promise<MetadataTopic[]> {
  const { cluster } = context.broker
  const wantsAll = request.topics === null || (context.version === 0 && request.topics.length === 0)
  if (wantsAll) {
    const topics = await Promise.all([...cluster.metadata.topics].map(topic => cluster.whenUsable(topic)))
    return topics.filter(topic => topic !== undefined).map(topic => describe(topic, request, context))
  }
  return Promise.all(request.topics!.map(wanted => describeWanted(wanted, request, context)))
}

async function describeWanted(
  wanted: MetadataRequestTopic,
  request: Request,
  context: RequestContext,
): Promise<MetadataTopic> {
  const { cluster } = context.broker
  if (wanted.name === null || (wanted.topicId !== ZERO_UUID && context.version >= 12)) {
    const topic = await cluster.whenUsable(cluster.metadata.findTopicById(wanted.topicId))
    return topic ? describe(topic, request, context) : unknownTopic(wanted, ErrorCode.UNKNOWN_TOPIC_ID)
  }
  const topic = await cluster.whenUsable(cluster.metadata.findTopic(wanted.name))
  if (topic) return describe(topic, request, context)
  try {
    return describe(await createOnUse(wanted.name, request, context), request, context)
  } catch (error) {
    return unknownTopic(wanted, wireErrorOf(error, context.broker.logger).errorCode)
  }
}

async function createOnUse(name: string, request: Request, { broker }: RequestContext): Promise<TopicImage> {
  const { config, internalTopics, topicCreation } = broker
  const fault = findTopicNameFault(name)
  if (fault) throw new KafkaError('INVALID_TOPIC_EXCEPTION', fault)
  if (!request.allowAutoTopicCreation || !config.value('auto.create.topics.enable')) {
    throw new KafkaError('UNKNOWN_TOPIC_OR_PARTITION')
  }
  return name === GROUP_TOPIC ? internalTopics.requireGroupTopic() : topicCreation.createOnUse(name)
}

function describe(topic: TopicImage, request: Request, { broker }: RequestContext): MetadataTopic {
  const { cluster, internalTopics } = broker
  const partitions = topic.partitions.map((image, partitionIndex) => {
    const partition = cluster.partitions.findById(topic.topicId, partitionIndex)
    const replicaNodes = image.replicas.map(replica => replica.nodeId)
    // A damaged log still has its leader: clients then get KAFKA_STORAGE_ERROR, which they try again.
    return {
      ...leadershipOf(partition, replicaNodes),
      partitionIndex,
      replicaNodes,
      isrNodes: replicaNodes,
    }
  })
  return {
    errorCode: ErrorCode.NONE,
    name: topic.name,
    topicId: topic.topicId,
    isInternal: internalTopics.isInternal(topic.name),
    partitions,
    topicAuthorizedOperations: request.includeTopicAuthorizedOperations ? TOPIC_OPERATIONS : NOT_ASKED,
  }
}

function unknownTopic({ name, topicId }: MetadataRequestTopic, errorCode: number): MetadataTopic {
  return { errorCode, name, topicId, partitions: [] }
}
