/**
 * ShareGroupHeartbeat: join, stay in, leave a share group, get the assignment (KIP-932).
 */
import { api, arrayOf, int16, int32, string, struct, uuid } from '../schema.ts'

export const ShareGroupHeartbeat = api(76, 'ShareGroupHeartbeat', {
  versions: [1, 1],
  flexibleSince: 0,
  request: {
    groupId: string,
    memberId: string,
    memberEpoch: int32,
    rackId: string.nullable().default(null),
    subscribedTopicNames: arrayOf(string).nullable().default(null),
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
