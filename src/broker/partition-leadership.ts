import type { Partition } from '../cluster/partition.ts'
import { ErrorCode } from '../protocol/errors.ts'

/** Who leads a partition, as clients are told: nobody, when it could not be opened. They ask again then. */
export function leadershipOf(partition: Partition | undefined, replicaNodes: number[]) {
  if (partition) {
    const { leaderId, leaderEpoch } = partition
    return { errorCode: ErrorCode.NONE, leaderId, leaderEpoch, offlineReplicas: [] }
  }
  const errorCode = ErrorCode.LEADER_NOT_AVAILABLE
  return { errorCode, leaderId: -1, leaderEpoch: 0, offlineReplicas: replicaNodes }
}
