/**
 * Classic groups in `__consumer_offsets`: one record holds generation and members. v3 static members.
 */
import { arrayOf, bytes, int32, int64, message, string } from '../schema.ts'

export const GroupMetadataKey = message('GroupMetadataKey', {
  versions: [0, 0],
  fields: { group: string },
})

export const GroupMetadataValue = message('GroupMetadataValue', {
  versions: [0, 4],
  flexibleSince: 4,
  fields: {
    protocolType: string,
    generation: int32,
    protocol: string.nullable(),
    leader: string.nullable(),
    currentStateTimestamp: int64.since(2).default(-1),
    members: arrayOf({
      memberId: string,
      groupInstanceId: string.since(3).nullable().default(null),
      clientId: string,
      clientHost: string,
      rebalanceTimeout: int32.since(1).default(-1),
      sessionTimeout: int32,
      subscription: bytes,
      assignment: bytes,
    }),
  },
})
