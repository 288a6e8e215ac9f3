import { ErrorCode, KafkaError } from '../../protocol/errors.ts'
import { ElectLeaders } from '../../protocol/messages/elect-leaders.ts'
import type { RequestOf } from '../../protocol/schema.ts'
import type { RequestContext } from '../context.ts'
import { handler } from '../handler.ts'
import { wireErrorOf } from '../wire-error.ts'

/**
 * ElectLeaders: on one node every partition has its preferred leader, so no election is needed (84).
 *
 * v1 has the type of the election: 0 preferred, 1 unclean. For all partitions (null) those that need none are not listed, as in Kafka.
 */
const ELECTION_TYPES = [0, 1]

export const electLeaders = handler(ElectLeaders, {
  versions: [0, 2],
  notes: 'On one node no election is needed: ELECTION_NOT_NEEDED (84) for every partition.',
  handle(request, context) {
    const { electionType } = request
    if (ELECTION_TYPES.includes(electionType)) return answer(request, topic => elect(topic, context))
    const refusal = {
      errorCode: ErrorCode.INVALID_REQUEST,
      errorMessage: `Unknown election type ${electionType}`,
    }
    return { errorCode: refusal.errorCode, ...answer(request, () => () => refusal) }
  },
})

type Request = RequestOf<typeof ElectLeaders>
interface Outcome {
  errorCode: number
  errorMessage: string | null
}

function answer({ topicPartitions }: Request, outcomeOf: (topic: string) => (partition: number) => Outcome) {
  const replicaElectionResults = (topicPartitions ?? []).map(({ topic, partitions }) => {
    const ofPartition = outcomeOf(topic)
    return {
      topic,
      partitionResult: partitions.map(partitionId => ({ partitionId, ...ofPartition(partitionId) })),
    }
  })
  return { replicaElectionResults }
}

function elect(topic: string, { broker }: RequestContext): (partition: number) => Outcome {
  return partition => {
    try {
      if (!broker.cluster.metadata.findTopic(topic)) {
        throw new KafkaError('UNKNOWN_TOPIC_OR_PARTITION', `No such topic as ${topic}`)
      }
      if (!broker.cluster.partitions.find(topic, partition)) {
        throw new KafkaError('UNKNOWN_TOPIC_OR_PARTITION', `No such partition as ${topic}-${partition}`)
      }
      return { errorCode: ErrorCode.ELECTION_NOT_NEEDED, errorMessage: null }
    } catch (error) {
      return wireErrorOf(error, broker.logger)
    }
  }
}
