/**
 * What Java-like consumers put into the opaque bytes of JoinGroup and SyncGroup, for groups of protocol type `consumer`.
 *
 * A version (int16) stands in front of each. v1 partitions owned so far (cooperative rebalancing), v2 generation, v3 rack.
 */
import { arrayOf, bytes, int32, message, string } from '../schema.ts'

export const ConsumerProtocolSubscription = message('ConsumerProtocolSubscription', {
  versions: [0, 3],
  fields: {
    topics: arrayOf(string),
    userData: bytes.nullable().default(null),
    ownedPartitions: arrayOf({ topic: string, partitions: arrayOf(int32) })
      .since(1)
      .default([]),
    generationId: int32.since(2).default(-1),
    rackId: string.since(3).nullable().default(null),
  },
})

export const ConsumerProtocolAssignment = message('ConsumerProtocolAssignment', {
  versions: [0, 3],
  fields: {
    assignedPartitions: arrayOf({ topic: string, partitions: arrayOf(int32) }),
    userData: bytes.nullable().default(null),
  },
})
