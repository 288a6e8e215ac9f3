import { KafkaError } from '../../protocol/errors.ts'
import { AlterReplicaLogDirs } from '../../protocol/messages/alter-replica-log-dirs.ts'
import type { RequestContext } from '../context.ts'
import { handler } from '../handler.ts'
import { wireErrorOf } from '../wire-error.ts'

/**
 * AlterReplicaLogDirs: begins to move partitions to other log directories; it is answered at once, and DescribeLogDirs tells how far they
 * are. To where a partition is already, or on its way to, is no change; to where it is while it moves away ends the move.
 */
export const alterReplicaLogDirs = handler(AlterReplicaLogDirs, {
  versions: [1, 2],
  notes:
    'One partition moves at a time, at the speed of the disks. A move that a stop or a crash interrupts is given up: the partition stays where it was.',
  handle({ dirs }, context) {
    const results = new Map<string, { partitionIndex: number; errorCode: number }[]>()
    for (const { path, topics } of dirs) {
      for (const { name, partitions } of topics) {
        const answers = results.get(name) ?? []
        results.set(name, answers)
        for (const index of partitions) {
          answers.push({ partitionIndex: index, errorCode: move(name, index, path, context) })
        }
      }
    }
    return { results: Array.from(results, ([topicName, partitions]) => ({ topicName, partitions })) }
  },
})

function move(topic: string, index: number, path: string, { broker }: RequestContext): number {
  try {
    const directory = broker.directories.find(({ root }) => root === path)
    if (!directory) throw new KafkaError('LOG_DIR_NOT_FOUND', `${path} is none of log.dirs`)
    if (broker.cluster.isCordoned(directory)) {
      throw new KafkaError('INVALID_REPLICA_ASSIGNMENT', `${path} is cordoned (cordoned.log.dirs)`)
    }
    const partition = broker.cluster.partitions.require(topic, index)
    const refusal = partition.log.root === path ? undefined : broker.space.refusalOf(path)
    if (refusal) throw new KafkaError('KAFKA_STORAGE_ERROR', refusal)
    broker.cluster.moves.begin(partition, directory)
    return 0
  } catch (error) {
    return wireErrorOf(error, broker.logger).errorCode
  }
}
