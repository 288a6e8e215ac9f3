import { AlterPartitionReassignments } from '../../protocol/messages/alter-partition-reassignments.ts'
import type { RequestContext } from '../context.ts'
import { handler } from '../handler.ts'
import { wireErrorOf } from '../wire-error.ts'

/** AlterPartitionReassignments: on one node a partition can only be told to stay, and there is never a move to cancel. */
export const alterPartitionReassignments = handler(AlterPartitionReassignments, {
  versions: [0, 1],
  notes: 'On one node: to itself is accepted, elsewhere gets INVALID_REPLICA_ASSIGNMENT (39).',
  handle({ topics, allowReplicationFactorChange }, context) {
    const responses = topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ partitionIndex, replicas }) => ({
        partitionIndex,
        ...reassign(name, partitionIndex, replicas, context),
      })),
    }))
    return { allowReplicationFactorChange, errorCode: 0, errorMessage: null, responses }
  },
})

function reassign(
  topic: string,
  partitionIndex: number,
  replicas: readonly number[] | null,
  { broker }: RequestContext,
) {
  try {
    broker.cluster.reassign(topic, partitionIndex, replicas)
    return { errorCode: 0, errorMessage: null }
  } catch (error) {
    return wireErrorOf(error, broker.logger)
  }
}
