import { KafkaError } from '../../protocol/errors.ts'
import { DescribeProducers } from '../../protocol/messages/describe-producers.ts'
import type { ResponseOf } from '../../protocol/schema.ts'
import { findTopicNameFault } from '../../storage/log/segment-names.ts'
import type { RequestContext } from '../context.ts'
import { handler } from '../handler.ts'
import { wireErrorOf } from '../wire-error.ts'

/** DescribeProducers: the idempotent producers that a partition remembers, and since when one has a transaction open. */
export const describeProducers = handler(DescribeProducers, {
  versions: [0, 0],
  handle(request, context) {
    const topics = request.topics.map(({ name, partitionIndexes }) => ({
      name,
      partitions: partitionIndexes.map(index => describe(name, index, context)),
    }))
    return { topics }
  },
})

type Answer = ResponseOf<typeof DescribeProducers>['topics'][number]['partitions'][number]

function describe(topic: string, partitionIndex: number, { broker }: RequestContext): Answer {
  try {
    const fault = findTopicNameFault(topic)
    if (fault) throw new KafkaError('INVALID_TOPIC_EXCEPTION', fault)
    const partition = broker.cluster.partitions.require(topic, partitionIndex)
    partition.requireLeader(-1)
    const activeProducers = partition.producers().map(producer => ({
      producerId: producer.producerId,
      producerEpoch: producer.producerEpoch,
      lastSequence: producer.lastSequence,
      lastTimestamp: producer.lastTimestamp,
      coordinatorEpoch: producer.coordinatorEpoch,
      currentTxnStartOffset: producer.currentTxnFirstOffset,
    }))
    return { partitionIndex, errorCode: 0, activeProducers }
  } catch (error) {
    return { partitionIndex, ...wireErrorOf(error, broker.logger), activeProducers: [] }
  }
}
