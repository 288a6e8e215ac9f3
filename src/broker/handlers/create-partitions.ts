import type { Charge } from '../../cluster/controller.ts'
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
    const charge = context.broker.throttle.mutations(context, context.version >= STRICT_SINCE)
    const results: CreatePartitionsTopicResult[] = []
    for (const topic of request.topics) {
      if (counts.get(topic.name) === 1) {
        results.push(await extend(topic, request.validateOnly, context, charge.take))
      }
    }
    for (const [name, count] of counts) {
      if (count > 1)
        results.push(refuse(name, new KafkaError('INVALID_REQUEST', 'Duplicate topic name.'), context))
    }
    return { results, throttleTimeMs: charge.settle() }
  },
})

/** From this version on clients know THROTTLING_QUOTA_EXCEEDED (KIP-599). */
const STRICT_SINCE = 3

async function extend(
  topic: CreatePartitionsTopic,
  validateOnly: boolean,
  context: RequestContext,
  charge: Charge,
): Promise<CreatePartitionsTopicResult> {
  try {
    if (topic.name === GROUP_TOPIC) {
      throw new KafkaError('INVALID_PARTITIONS', `the partitions of ${GROUP_TOPIC} cannot change`)
    }
    const assignments = topic.assignments?.map(({ brokerIds }) => brokerIds) ?? null
    const { cluster } = context.broker
    await cluster.createPartitions(topic.name, topic.count, assignments, validateOnly, charge)
    return { name: topic.name, errorCode: 0 }
  } catch (error) {
    return refuse(topic.name, error, context)
  }
}

function refuse(name: string, error: unknown, { broker }: RequestContext): CreatePartitionsTopicResult {
  return { name, ...wireErrorOf(error, broker.logger) }
}
