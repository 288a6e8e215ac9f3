import type { Charge } from '../../cluster/controller.ts'
import { KafkaError } from '../../protocol/errors.ts'
import { type DeletableTopicResult, DeleteTopics } from '../../protocol/messages/delete-topics.ts'
import { ZERO_UUID } from '../../protocol/schema.ts'
import type { RequestContext } from '../context.ts'
import { handler } from '../handler.ts'
import { wireErrorOf } from '../wire-error.ts'

/** DeleteTopics: by name, from v6 on also by id. When it is answered the name is free for a new topic, with a new id. */
export const deleteTopics = handler(DeleteTopics, {
  versions: [1, 6],
  async handle(request, context) {
    const wanted: Wanted[] =
      context.version >= 6
        ? [...request.topics]
        : request.topicNames.map(name => ({ name, topicId: ZERO_UUID }))
    const charge = context.broker.throttle.mutations(context, context.version >= STRICT_SINCE)
    const responses = await Promise.all(wanted.map(topic => deleteOne(topic, context, charge.take)))
    return { responses, throttleTimeMs: charge.settle() }
  },
})

/** From this version on clients know THROTTLING_QUOTA_EXCEEDED (KIP-599). */
const STRICT_SINCE = 5

interface Wanted {
  name: string | null
  topicId: string
}

async function deleteOne(
  { name, topicId }: Wanted,
  { broker }: RequestContext,
  charge: Charge,
): Promise<DeletableTopicResult> {
  const { cluster, config, logger } = broker
  try {
    if (!config.value('delete.topic.enable')) throw new KafkaError('TOPIC_DELETION_DISABLED')
    if (name !== null && topicId !== ZERO_UUID) {
      throw new KafkaError('INVALID_REQUEST', 'You may not specify both topic name and topic id.')
    }
    const topic = name === null ? cluster.metadata.findTopicById(topicId) : cluster.metadata.findTopic(name)
    if (!topic) throw new KafkaError(name === null ? 'UNKNOWN_TOPIC_ID' : 'UNKNOWN_TOPIC_OR_PARTITION')
    charge(topic.partitions.length)
    await cluster.deleteTopic(topic)
    return { name: topic.name, topicId: topic.topicId, errorCode: 0 }
  } catch (error) {
    return { name, topicId, ...wireErrorOf(error, logger) }
  }
}
