import type { Cluster } from '../../cluster/cluster.ts'
import type { Charge } from '../../cluster/controller.ts'
import { ErrorCode, KafkaError } from '../../protocol/errors.ts'
import { type DeletableTopicResult, DeleteTopics } from '../../protocol/messages/delete-topics.ts'
import { ZERO_UUID } from '../../protocol/schema.ts'
import type { RequestContext } from '../context.ts'
import { handler } from '../handler.ts'
import { wireErrorOf } from '../wire-error.ts'

/**
 * DeleteTopics: by name, from v6 on also by id. When it is answered the name is free for a new topic, with a new id.
 *
 * A topic that is asked for twice is not deleted: such a client does not do what it means to.
 */
export const deleteTopics = handler(DeleteTopics, {
  versions: [1, 6],
  async handle(request, context) {
    const { cluster, config, throttle } = context.broker
    const wanted: Wanted[] =
      context.version >= 6
        ? [...request.topics]
        : request.topicNames.map(name => ({ name, topicId: ZERO_UUID }))
    if (!config.value('delete.topic.enable')) {
      const knowsDisabled = context.version >= DISABLED_SINCE
      const errorCode = knowsDisabled ? ErrorCode.TOPIC_DELETION_DISABLED : ErrorCode.INVALID_REQUEST
      return { responses: wanted.map(topic => ({ ...topic, errorCode })) }
    }
    const charge = throttle.mutations(context, context.version >= STRICT_SINCE)
    const { clear, refused } = sort(wanted, cluster)
    const deleted = await Promise.all(clear.map(topic => deleteOne(topic, context, charge.take)))
    return { responses: [...refused, ...deleted], throttleTimeMs: charge.settle() }
  },
})

/** From this version on clients know THROTTLING_QUOTA_EXCEEDED (KIP-599). */
const STRICT_SINCE = 5
/** From this version on clients know TOPIC_DELETION_DISABLED. */
const DISABLED_SINCE = 3

interface Wanted {
  name: string | null
  topicId: string
}

/** What is asked for once and clearly, and the answers to all else: one for each topic that is named twice. */
function sort(
  wanted: readonly Wanted[],
  { metadata }: Cluster,
): { clear: Wanted[]; refused: DeletableTopicResult[] } {
  const refused: DeletableTopicResult[] = []
  const refuse = (topic: Wanted, errorMessage: string) => {
    refused.push({ ...topic, errorCode: ErrorCode.INVALID_REQUEST, errorMessage })
  }
  const once = new Map<string, Wanted>()
  const repeated = new Map<string, Wanted>()
  for (const topic of wanted) {
    const { name, topicId } = topic
    if (name !== null && topicId !== ZERO_UUID) {
      refuse(topic, 'You may not specify both topic name and topic id.')
    } else if (name === null && topicId === ZERO_UUID) {
      refuse(topic, 'Neither topic name nor id were specified.')
    } else {
      const key = name === null ? `id ${topicId}` : `name ${name}`
      if (once.has(key)) repeated.set(key, topic)
      once.set(key, topic)
    }
  }
  for (const [key, topic] of repeated) {
    refuse(topic, topic.name === null ? 'Duplicate topic id.' : 'Duplicate topic name.')
    once.delete(key)
  }
  for (const [key, { name }] of once) {
    const topicId = name === null ? undefined : metadata.findTopic(name)?.topicId
    if (topicId === undefined || !once.delete(`id ${topicId}`)) continue
    once.delete(key)
    refuse({ name, topicId }, 'The provided topic name maps to an ID that was already supplied.')
  }
  return { clear: [...once.values()], refused }
}

async function deleteOne(
  { name, topicId }: Wanted,
  { broker }: RequestContext,
  charge: Charge,
): Promise<DeletableTopicResult> {
  const { cluster, logger } = broker
  try {
    const topic = name === null ? cluster.metadata.findTopicById(topicId) : cluster.metadata.findTopic(name)
    if (!topic) throw new KafkaError(name === null ? 'UNKNOWN_TOPIC_ID' : 'UNKNOWN_TOPIC_OR_PARTITION')
    charge(topic.partitions.length)
    await cluster.deleteTopic(topic)
    return { name: topic.name, topicId: topic.topicId, errorCode: 0 }
  } catch (error) {
    return { name, topicId, ...wireErrorOf(error, logger) }
  }
}
