import type { PartitionRules } from '../../src/cluster/partition.ts'

/** Rules that take every sound batch as it comes. */
export const PLAIN_RULES: PartitionRules = {
  batchBytesMax: 1 << 20,
  requireKeys: false,
  timestampBeforeMaxMs: Number.POSITIVE_INFINITY,
  timestampAfterMaxMs: Number.POSITIVE_INFINITY,
  stampsAppendTime: false,
  codec: undefined,
  compressionLevel: undefined,
  minInsyncReplicas: 1,
}
