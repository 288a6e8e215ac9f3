import { KafkaError } from '../../protocol/errors.ts'
import {
  type EpochEndOffset,
  OffsetForLeaderEpoch,
  type OffsetForLeaderPartition,
} from '../../protocol/messages/offset-for-leader-epoch.ts'
import type { RequestContext } from '../context.ts'
import { handler } from '../handler.ts'
import { wireErrorOf } from '../wire-error.ts'

/** OffsetForLeaderEpoch: where an epoch ended, so that a client finds what was truncated behind its back (KIP-320). */
export const offsetForLeaderEpoch = handler(OffsetForLeaderEpoch, {
  versions: [2, 4],
  handle(request, context) {
    const topics = request.topics.map(({ topic, partitions }) => ({
      topic,
      partitions: partitions.map(query => answer(topic, query, request.replicaId, context)),
    }))
    return { topics }
  },
})

function answer(
  topic: string,
  { partition: index, currentLeaderEpoch, leaderEpoch }: OffsetForLeaderPartition,
  replicaId: number,
  { broker }: RequestContext,
): EpochEndOffset {
  try {
    if (replicaId >= 0) throw new KafkaError('CLUSTER_AUTHORIZATION_FAILED', 'only brokers ask as replicas')
    const partition = broker.cluster.partitions.require(topic, index)
    partition.requireLeader(currentLeaderEpoch)
    const { epoch, endOffset } = partition.endOffsetForEpoch(leaderEpoch)
    return { errorCode: 0, partition: index, leaderEpoch: epoch, endOffset }
  } catch (error) {
    return { errorCode: wireErrorOf(error, broker.logger).errorCode, partition: index }
  }
}
