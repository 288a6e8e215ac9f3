import { METADATA_TOPIC } from '../../cluster/metadata-log.ts'
import { ErrorCode } from '../../protocol/errors.ts'
import { DescribeQuorum } from '../../protocol/messages/describe-quorum.ts'
import type { RequestOf } from '../../protocol/schema.ts'
import { handler } from '../handler.ts'

/**
 * DescribeQuorum: who agrees on the metadata. On one node it is this one, which leads in the term of its log.
 *
 * v1 times, v2 directory ids and where the voters are; a single node has no listener for controllers, so the client's own is told.
 */
export const describeQuorum = handler(DescribeQuorum, {
  versions: [0, 2],
  notes: 'One voter, this node, of __cluster_metadata partition 0.',
  handle(request, { broker, session }) {
    if (!isAboutMetadata(request)) return unknown(request)
    const { cluster, clock } = broker
    const { term, endOffset, highWatermark } = cluster.metadataLog
    const now = clock.wall()
    const voter = {
      replicaId: cluster.nodeId,
      replicaDirectoryId: cluster.metadataDirectoryId,
      logEndOffset: endOffset,
      lastFetchTimestamp: now,
      lastCaughtUpTimestamp: now,
    }
    const partition = {
      partitionIndex: 0,
      errorCode: ErrorCode.NONE,
      leaderId: cluster.nodeId,
      leaderEpoch: term,
      highWatermark,
      currentVoters: [voter],
      observers: [],
    }
    // The Java client takes no name but in capitals.
    const listener = { name: session.listenerName.toUpperCase(), ...session.advertised }
    return {
      errorCode: ErrorCode.NONE,
      topics: [{ topicName: METADATA_TOPIC, partitions: [partition] }],
      nodes: [{ nodeId: cluster.nodeId, listeners: [listener] }],
    }
  },
})

type Request = RequestOf<typeof DescribeQuorum>

function isAboutMetadata({ topics }: Request): boolean {
  const [topic] = topics
  if (topics.length !== 1 || topic?.topicName !== METADATA_TOPIC) return false
  return topic.partitions.length === 1 && topic.partitions[0]!.partitionIndex === 0
}

function unknown({ topics }: Request) {
  const nobody = { leaderId: 0, leaderEpoch: 0, highWatermark: 0, currentVoters: [], observers: [] }
  return {
    errorCode: ErrorCode.NONE,
    topics: topics.map(({ topicName, partitions }) => ({
      topicName,
      partitions: partitions.map(({ partitionIndex }) => ({
        partitionIndex,
        errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
        errorMessage: 'The one quorum is that of __cluster_metadata partition 0.',
        ...nobody,
      })),
    })),
  }
}
