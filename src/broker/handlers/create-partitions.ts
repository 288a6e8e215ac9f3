import { KafkaError } from '../../protocol/errors.ts'
import {
  CreatePartitions,
  type CreatePartitionsTopic,
  type CreatePartitionsTopicResult,
} from '../../protocol/messages/create-partitions.ts'
import type { RequestContext } from '../context.ts'
import { handler } from '../handler.ts'
import { GROUP_TOPIC } from '../internal-topics.ts'
import { wireErrorOf } from '../wire-error.ts'

/** CreatePartitions: adds empty partitions to a topic; their number never falls. */
export const createPartitions = handler(CreatePartitions, {
  versions: [0, 3],
  notes: 'The partitions of __consumer_offsets cannot change: groups are spread over them by hash.',
  async handle(request, context) {
    const counts = new Map<string, number>()
    for (const { name } of request.topics) counts.set(name, (counts.get(name) ?? 0) + 1)
    const results: CreatePartitionsTopicResult[] = []
    for (const topic of request.topics) {
      if (counts.get(topic.name) === 1) results.push(await extend(topic, request.validateOnly, context))
    }
    for (const [name, count] of counts) {
      if (count > 1)
        results.push(refuse(name, new KafkaError('INVALID_REQUEST', 'Duplicate topic name.'), context))
    }
    return { results }
  },
})

async function extend(
  topic: CreatePartitionsTopic,
  validateOnly: boolean,
  context: RequestContext,
): Promise<CreatePartitionsTopicResult> {
  try {
    if (topic.name === GROUP_TOPIC) {
      throw new KafkaError('INVALID_PARTITIONS', `the partitions of ${GROUP_TOPIC} cannot change`)
    }
    const assignments = topic.assignments?.map(({ brokerIds }) => brokerIds) ?? null
    await context.broker.cluster.createPartitions(topic.name, topic.count, assignments, validateOnly)
    return { name: topic.name, errorCode: 0 }
  } catch (error) {
    return refuse(topic.name, error, context)
  }
}

function refuse(name: string, error: unknown, { broker }: RequestContext): CreatePartitionsTopicResult {
  return { name, ...wireErrorOf(error, broker.logger) }
}
