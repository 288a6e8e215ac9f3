/**
 * JoinGroup: enters a classic group, and waits until all members have done so.
 *
 * v1 rebalance timeout; v4 a member first fetches its id (KIP-394); v5 static members; v7 protocol type in the answer;
 * v8 reason; v9 the leader may be told to leave the assignment as it is (KIP-814).
 */
import {
  api,
  arrayOf,
  bool,
  bytes,
  int16,
  int32,
  type RequestOf,
  type ResponseOf,
  string,
} from '../schema.ts'

export const JoinGroup = api(11, 'JoinGroup', {
  versions: [0, 9],
  flexibleSince: 6,
  request: {
    groupId: string,
    sessionTimeoutMs: int32,
    rebalanceTimeoutMs: int32.since(1).default(-1),
    memberId: string,
    groupInstanceId: string.since(5).nullable().default(null),
    protocolType: string,
    protocols: arrayOf({ name: string, metadata: bytes }),
    reason: string.since(8).nullable().default(null),
  },
  response: {
    throttleTimeMs: int32.since(2).default(0),
    errorCode: int16,
    generationId: int32.default(-1),
    protocolType: string.since(7).nullable().default(null),
    protocolName: string.nullable(7),
    leader: string,
    skipAssignment: bool.since(9).default(false),
    memberId: string,
    members: arrayOf({
      memberId: string,
      groupInstanceId: string.since(5).nullable().default(null),
      metadata: bytes,
    }),
  },
})

export type JoinGroupProtocol = RequestOf<typeof JoinGroup>['protocols'][number]
export type JoinGroupMember = ResponseOf<typeof JoinGroup>['members'][number]
