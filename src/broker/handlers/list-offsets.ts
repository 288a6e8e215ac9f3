import { KafkaError } from '../../protocol/errors.ts'
import { ListOffsets, type ListOffsetsPartition } from '../../protocol/messages/list-offsets.ts'
import type { RequestContext } from '../context.ts'
import { handler } from '../handler.ts'
import { wireErrorOf } from '../wire-error.ts'

/**
 * ListOffsets: the offset at a time, or at a special time: -1 end, -2 start, -3 largest timestamp.
 *
 * v2 isolation level, v4 leader epochs, v7 special time -3, v8 -4 the local start; v9 -5 and v11 -6 (tiered storage) answer offset -1. For
 * read-committed callers the end is the last stable offset (KIP-98).
 */
export const listOffsets = handler(ListOffsets, {
  versions: [1, 11],
  async handle(request, context) {
    const topics = request.topics.map(async ({ name, partitions }) => ({
      name,
      partitions: await Promise.all(
        partitions.map(query => answer(name, query, request.isolationLevel, context)),
      ),
    }))
    return { topics: await Promise.all(topics) }
  },
})

async function answer(
  topic: string,
  query: ListOffsetsPartition,
  isolation: number,
  { broker, version }: RequestContext,
) {
  const { partitionIndex, timestamp } = query
  try {
    requireKnownTime(timestamp, version)
    const partition = broker.cluster.partitions.require(topic, partitionIndex)
    partition.requireLeader(query.currentLeaderEpoch)
    return { partitionIndex, errorCode: 0, ...(await partition.offsetAt(timestamp, isolation)) }
  } catch (error) {
    return { partitionIndex, errorCode: wireErrorOf(error, broker.logger).errorCode }
  }
}

/** The version from which on a special time is known. */
const SPECIAL_TIMES_SINCE = new Map([
  [-1, 0],
  [-2, 0],
  [-3, 7],
  [-4, 8],
  [-5, 9],
  [-6, 11],
])

function requireKnownTime(timestamp: number, version: number): void {
  if (timestamp >= 0 || version >= (SPECIAL_TIMES_SINCE.get(timestamp) ?? Infinity)) return
  throw new KafkaError('UNSUPPORTED_VERSION', `version ${version} knows no time ${timestamp}`)
}
