/**
 * ConsumerGroupDescribe: state and members of groups of the new consumer protocol. v1 member types.
 */
import { api, arrayOf, bool, int8, int16, int32, string, struct, uuid } from '../schema.ts'

const assignment = {
  topicPartitions: arrayOf({ topicId: uuid, topicName: string, partitions: arrayOf(int32) }),
}

export const ConsumerGroupDescribe = api(69, 'ConsumerGroupDescribe', {
  versions: [0, 1],
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
        instanceId: string.nullable().default(null),
        rackId: string.nullable().default(null),
        memberEpoch: int32,
        clientId: string,
        clientHost: string,
        subscribedTopicNames: arrayOf(string),
        subscribedTopicRegex: string.nullable().default(null),
        assignment: struct(assignment),
        targetAssignment: struct(assignment),
        memberType: int8.since(1).default(-1),
      }),
      authorizedOperations: int32.default(-2147483648),
    }),
  },
})
