/**
 * ConsumerGroupHeartbeat: the one request of the new consumer protocol (KIP-848): join, stay, leave, get the assignment.
 *
 * v1 subscription by regular expression, and member ids that the client makes.
 */
import { api, arrayOf, int16, int32, string, struct, uuid } from '../schema.ts'

export const ConsumerGroupHeartbeat = api(68, 'ConsumerGroupHeartbeat', {
  versions: [0, 1],
  flexibleSince: 0,
  request: {
    groupId: string,
    memberId: string,
    memberEpoch: int32,
    instanceId: string.nullable().default(null),
    rackId: string.nullable().default(null),
    rebalanceTimeoutMs: int32.default(-1),
    subscribedTopicNames: arrayOf(string).nullable().default(null),
    subscribedTopicRegex: string.since(1).nullable().default(null),
    serverAssignor: string.nullable().default(null),
    topicPartitions: arrayOf({ topicId: uuid, partitions: arrayOf(int32) })
      .nullable()
      .default(null),
  },
  response: {
    throttleTimeMs: int32.default(0),
    errorCode: int16,
    errorMessage: string.nullable().default(null),
    memberId: string.nullable().default(null),
    memberEpoch: int32,
    heartbeatIntervalMs: int32,
    assignment: struct({
      topicPartitions: arrayOf({ topicId: uuid, partitions: arrayOf(int32) }),
    })
      .nullable()
      .default(null),
  },
})
