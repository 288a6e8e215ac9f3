import { ErrorCode, KafkaError } from '../../protocol/errors.ts'
import { ElectLeaders } from '../../protocol/messages/elect-leaders.ts'
import type { RequestOf } from '../../protocol/schema.ts'
import type { RequestContext } from '../context.ts'
import { handler } from '../handler.ts'
import { type WireError, wireErrorOf } from '../wire-error.ts'

/**
 * ElectLeaders: on one node every partition has its preferred leader, so no election is needed (84).
 *
 * v1 has the type of the election: 0 preferred, 1 unclean. For all partitions (null) topics are listed without those that need none,
 * as in Kafka.
 */
const ELECTION_TYPES = [0, 1]

export const electLeaders = handler(ElectLeaders, {
  versions: [0, 2],
  notes: 'On one node no election is needed: ELECTION_NOT_NEEDED (84) for every partition.',
  handle({ electionType, topicPartitions }, context) {
    if (!ELECTION_TYPES.includes(electionType)) {
      const errorMessage = `Unknown election type ${electionType}`
      const refusal = { errorCode: ErrorCode.INVALID_REQUEST, errorMessage }
      return { errorCode: refusal.errorCode, ...answer(topicPartitions ?? [], () => refusal) }
    }
    if (topicPartitions)
      return answer(topicPartitions, (topic, partition) => elect(topic, partition, context))
    const replicaElectionResults = Array.from(context.broker.cluster.metadata.topics, ({ name }) => {
      return { topic: name, partitionResult: [] }
    })
    return { replicaElectionResults }
  },
})

type Topics = NonNullable<RequestOf<typeof ElectLeaders>['topicPartitions']>

function answer(topics: Topics, outcomeOf: (topic: string, partition: number) => WireError) {
  const replicaElectionResults = topics.map(({ topic, partitions }) => ({
    topic,
    partitionResult: partitions.map(partitionId => ({ partitionId, ...outcomeOf(topic, partitionId) })),
  }))
  return { replicaElectionResults }
}

function elect(topic: string, partition: number, { broker }: RequestContext): WireError {
  try {
    if (!broker.cluster.metadata.findTopic(topic)) {
      throw new KafkaError('UNKNOWN_TOPIC_OR_PARTITION', `No such topic as ${topic}`)
    }
    if (!broker.cluster.partitions.find(topic, partition)) {
      throw new KafkaError('UNKNOWN_TOPIC_OR_PARTITION', `No such partition as ${topic}-${partition}`)
    }
    throw new KafkaError('ELECTION_NOT_NEEDED', `${topic}-${partition} has its preferred leader`)
  } catch (error) {
    return wireErrorOf(error, broker.logger)
  }
}
