/**
 * DescribeTopicPartitions: topics page by page, so that huge ones can be described.
 */
import { api, arrayOf, bool, int16, int32, string, struct, uuid } from '../schema.ts'

export const DescribeTopicPartitions = api(75, 'DescribeTopicPartitions', {
  versions: [0, 0],
  flexibleSince: 0,
  request: {
    topics: arrayOf({ name: string }),
    responsePartitionLimit: int32.default(2000),
    cursor: struct({ topicName: string, partitionIndex: int32 }).nullable().default(null),
  },
  response: {
    throttleTimeMs: int32.default(0),
    topics: arrayOf({
      errorCode: int16,
      name: string.nullable(),
      topicId: uuid,
      isInternal: bool.default(false),
      partitions: arrayOf({
        errorCode: int16,
        partitionIndex: int32,
        leaderId: int32,
        leaderEpoch: int32.default(-1),
        replicaNodes: arrayOf(int32),
        isrNodes: arrayOf(int32),
        eligibleLeaderReplicas: arrayOf(int32).nullable().default(null),
        lastKnownElr: arrayOf(int32).nullable().default(null),
        offlineReplicas: arrayOf(int32),
      }),
      topicAuthorizedOperations: int32.default(-2147483648),
    }),
    nextCursor: struct({ topicName: string, partitionIndex: int32 }).nullable().default(null),
  },
})
