import type { PartitionRules } from '../cluster/partition.ts'
import { Compression } from '../protocol/compression.ts'
import type { TopicConfig } from './topic-config.ts'

/** Of each partition, as long as there is one node. Like Kafka, nobody is asked to wait for more replicas than there are. */
const REPLICAS = 1

/** What a topic's configuration demands of the batches of its producers. */
export function partitionRulesOf(topic: TopicConfig): PartitionRules {
  const stampsAppendTime = topic.messageTimestampType === 'LogAppendTime'
  const { compressionType } = topic
  const isFixed = compressionType !== 'producer'
  return {
    batchBytesMax: topic.maxMessageBytes,
    requireKeys: topic.cleanupPolicy.compact,
    timestampBeforeMaxMs: stampsAppendTime ? Number.POSITIVE_INFINITY : topic.messageTimestampBeforeMaxMs,
    timestampAfterMaxMs: stampsAppendTime ? Number.POSITIVE_INFINITY : topic.messageTimestampAfterMaxMs,
    stampsAppendTime,
    codec: isFixed ? Compression[compressionType === 'uncompressed' ? 'none' : compressionType] : undefined,
    compressionLevel: isFixed ? levelOf(topic) : undefined,
    minInsyncReplicas: Math.min(topic.minInsyncReplicas, REPLICAS),
  }
}

/** −1 is the codec's own default. */
function levelOf({ compressionType, compressionLevels }: TopicConfig): number | undefined {
  if (compressionType === 'gzip' && compressionLevels.gzip > 0) return compressionLevels.gzip
  if (compressionType === 'zstd') return compressionLevels.zstd
  return undefined
}
