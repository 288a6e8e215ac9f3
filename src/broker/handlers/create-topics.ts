import { KafkaError } from '../../protocol/errors.ts'
import {
  type CreatableTopic,
  type CreatableTopicResult,
  CreateTopics,
} from '../../protocol/messages/create-topics.ts'
import { describeTopic } from '../config-describe.ts'
import type { RequestContext } from '../context.ts'
import { handler } from '../handler.ts'
import type { WantedTopic } from '../topic-creation.ts'

/**
 * CreateTopics: each topic is created as a whole or refused on its own. It can be used when it is answered.
 *
 * v4 takes -1 for the broker's number of partitions and replication factor, v5 answers the topic's configs, v7 its id.
 */
export const createTopics = handler(CreateTopics, {
  versions: [2, 7],
  notes: 'On one node the replication factor is 1.',
  async handle(request, context) {
    const repeated = repeatedNames(request.topics)
    const wanted = request.topics.filter(topic => !repeated.has(topic.name))
    const { topicCreation, throttle } = context.broker
    const charge = throttle.mutations(context, context.version >= STRICT_SINCE)
    const created = await topicCreation.create(wanted.map(wantedOf), request.validateOnly, charge.take)
    const results = wanted.map((topic, index) => {
      const outcome = created[index]!
      if (outcome instanceof KafkaError) return refused(topic.name, outcome)
      return accepted(topic, outcome.topicId, outcome.partitions.length, context)
    })
    for (const name of repeated) {
      results.push(refused(name, new KafkaError('INVALID_REQUEST', 'Duplicate topic name.')))
    }
    return { topics: results, throttleTimeMs: charge.settle() }
  },
})

/** From this version on clients know THROTTLING_QUOTA_EXCEEDED (KIP-599). */
const STRICT_SINCE = 6

function repeatedNames(topics: readonly CreatableTopic[]): Set<string> {
  const seen = new Set<string>()
  const repeated = new Set<string>()
  for (const { name } of topics) {
    if (seen.has(name)) repeated.add(name)
    seen.add(name)
  }
  return repeated
}

function wantedOf(topic: CreatableTopic): WantedTopic {
  return {
    name: topic.name,
    partitions: topic.numPartitions,
    replicationFactor: topic.replicationFactor,
    assignments: topic.assignments.map(one => [one.partitionIndex, one.brokerIds] as const),
    configs: topic.configs,
  }
}

function refused(name: string, error: KafkaError): CreatableTopicResult {
  return { name, errorCode: error.code, errorMessage: error.message }
}

function accepted(
  topic: CreatableTopic,
  topicId: string,
  numPartitions: number,
  { broker }: RequestContext,
): CreatableTopicResult {
  const overrides = new Map(topic.configs.map(({ name, value }) => [name, value ?? '']))
  return {
    name: topic.name,
    topicId,
    errorCode: 0,
    errorMessage: null,
    numPartitions,
    replicationFactor: 1,
    configs: describeTopic(broker.settings, overrides).map(
      ({ name, value, readOnly, configSource, isSensitive }) => ({
        name,
        value,
        readOnly,
        configSource,
        isSensitive,
      }),
    ),
  }
}
