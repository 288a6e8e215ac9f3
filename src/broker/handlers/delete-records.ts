import { KafkaError } from '../../protocol/errors.ts'
import { DeleteRecords, type DeleteRecordsPartition } from '../../protocol/messages/delete-records.ts'
import type { RequestContext } from '../context.ts'
import { handler } from '../handler.ts'
import { wireErrorOf } from '../wire-error.ts'

/** DeleteRecords: moves the start of a log up to an offset (-1: the high watermark) and answers where it is, once that is durable. */
export const deleteRecords = handler(DeleteRecords, {
  versions: [0, 2],
  async handle(request, context) {
    const topics = request.topics.map(async ({ name, partitions }) => ({
      name,
      partitions: await Promise.all(partitions.map(wanted => deleteBefore(name, wanted, context))),
    }))
    return { topics: await Promise.all(topics) }
  },
})

async function deleteBefore(
  topic: string,
  { partitionIndex, offset }: DeleteRecordsPartition,
  { broker }: RequestContext,
) {
  try {
    const partition = broker.cluster.partitions.require(topic, partitionIndex)
    if (broker.internalTopics.isInternal(topic)) {
      throw new KafkaError(
        'INVALID_TOPIC_EXCEPTION',
        `records of the internal topic ${topic} are not deleted`,
      )
    }
    return { partitionIndex, lowWatermark: await partition.deleteRecordsBefore(offset), errorCode: 0 }
  } catch (error) {
    return { partitionIndex, lowWatermark: -1, errorCode: wireErrorOf(error, broker.logger).errorCode }
  }
}
