/**
 * ShareGroupDescribe: state and members of share groups.
 */
import { api, arrayOf, bool, int16, int32, string, struct, uuid } from '../schema.ts'

export const ShareGroupDescribe = api(77, 'ShareGroupDescribe', {
  versions: [1, 1],
  flexibleSince: 0,
  request: {
    groupIds: arrayOf(string),
    includeAuthorizedOperations: bool,
  },
  response: {
    throttleTimeMs: int32.default(0),
    groups: arrayOf({
      errorCode: int16,
      errorMessage: string.nullable().default(null),
      groupId: string,
      groupState: string,
      groupEpoch: int32,
      assignmentEpoch: int32,
      assignorName: string,
      members: arrayOf({
        memberId: string,
        rackId: string.nullable().default(null),
        memberEpoch: int32,
        clientId: string,
        clientHost: string,
        subscribedTopicNames: arrayOf(string),
        assignment: struct({
          topicPartitions: arrayOf({ topicId: uuid, topicName: string, partitions: arrayOf(int32) }),
        }),
      }),
      authorizedOperations: int32.default(-2147483648),
    }),
  },
})
