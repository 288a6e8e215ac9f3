import type { Cluster } from '../../cluster/cluster.ts'
import { ErrorCode } from '../../protocol/errors.ts'
import { DescribeLogDirs } from '../../protocol/messages/describe-log-dirs.ts'
import type { RequestOf, ResponseOf } from '../../protocol/schema.ts'
import type { LogDirectory } from '../../storage/log-directory.ts'
import type { RequestContext } from '../context.ts'
import { handler } from '../handler.ts'

/**
 * DescribeLogDirs: the log directories, the room in them, and the replicas that they hold with their sizes. No list of topics is all.
 *
 * A replica on its way to another directory stands in both: there as a future one, whose lag is what is still to be copied. v4 has the
 * space of the disk, where it can be told, v5 whether the directory takes new replicas. An offline directory has its error and nothing else.
 */
export const describeLogDirs = handler(DescribeLogDirs, {
  versions: [1, 5],
  handle({ topics }, { broker }) {
    const isWanted = wantedBy(topics)
    const replicas = replicasOf(broker.cluster, isWanted)
    return { results: broker.directories.map(directory => describe(directory, replicas, broker)) }
  },
})

type Topics = RequestOf<typeof DescribeLogDirs>['topics']
type Result = ResponseOf<typeof DescribeLogDirs>['results'][number]
type Described = Result['topics'][number]['partitions'][number]

/** By directory and topic. */
type Replicas = Map<string, Map<string, Described[]>>

function wantedBy(topics: Topics): (topic: string, partition: number) => boolean {
  if (topics === null) return () => true
  const wanted = new Map<string, Set<number>>()
  for (const { topic, partitions } of topics) {
    const known = wanted.get(topic) ?? new Set()
    for (const partition of partitions) known.add(partition)
    wanted.set(topic, known)
  }
  return (topic, partition) => wanted.get(topic)?.has(partition) ?? false
}

function replicasOf(cluster: Cluster, isWanted: (topic: string, partition: number) => boolean): Replicas {
  const replicas: Replicas = new Map()
  const add = (root: string, topic: string, described: Described) => {
    const byTopic = replicas.get(root) ?? new Map<string, Described[]>()
    replicas.set(root, byTopic)
    const partitions = byTopic.get(topic) ?? []
    byTopic.set(topic, partitions)
    partitions.push(described)
  }
  for (const { topic, index, log } of cluster.partitions) {
    if (!isWanted(topic, index)) continue
    const described = {
      partitionIndex: index,
      partitionSize: log.sizeBytes,
      offsetLag: 0,
      isFutureKey: false,
    }
    add(log.root, topic, described)
  }
  for (const { partition, directory, sizeBytes, offsetLag } of cluster.moves) {
    const { topic, index } = partition
    if (!isWanted(topic, index)) continue
    add(directory.root, topic, {
      partitionIndex: index,
      partitionSize: sizeBytes,
      offsetLag,
      isFutureKey: true,
    })
  }
  return replicas
}

function describe(
  directory: LogDirectory,
  replicas: Replicas,
  { space, cluster }: RequestContext['broker'],
): Result {
  const { root: logDir, isOffline } = directory
  if (isOffline) return { errorCode: ErrorCode.KAFKA_STORAGE_ERROR, logDir, topics: [] }
  const { availableBytes = -1, totalBytes = -1 } = space.find(logDir) ?? {}
  return {
    errorCode: ErrorCode.NONE,
    logDir,
    topics: Array.from(replicas.get(logDir) ?? [], ([name, partitions]) => ({ name, partitions })),
    totalBytes: knownBytes(totalBytes),
    usableBytes: knownBytes(availableBytes),
    isCordoned: cluster.isCordoned(directory),
  }
}

/** -1 where nobody can say. */
function knownBytes(bytes: number): number {
  return Number.isSafeInteger(bytes) ? bytes : -1
}
