/**
 * Groups of the consumer protocol (KIP-848) in `__consumer_offsets`: the group, its members with what they subscribe to,
 * the target assignment and what each member has at the moment.
 */
import { arrayOf, bytes, int8, int32, int64, message, string, struct, uuid } from '../schema.ts'

const topicPartitions = {
  topicId: uuid,
  partitions: arrayOf(int32),
  assignmentEpochs: arrayOf(int32).nullable().tagged(0),
}

export const ConsumerGroupMetadataKey = message('ConsumerGroupMetadataKey', {
  versions: [0, 0],
  fields: { groupId: string },
})

export const ConsumerGroupMetadataValue = message('ConsumerGroupMetadataValue', {
  versions: [0, 0],
  flexibleSince: 0,
  fields: { epoch: int32, metadataHash: int64.tagged(0) },
})

export const ConsumerGroupPartitionMetadataKey = message('ConsumerGroupPartitionMetadataKey', {
  versions: [0, 0],
  fields: { groupId: string },
})

export const ConsumerGroupPartitionMetadataValue = message('ConsumerGroupPartitionMetadataValue', {
  versions: [0, 0],
  flexibleSince: 0,
  fields: {
    topics: arrayOf({
      topicId: uuid,
      topicName: string,
      numPartitions: int32,
      partitionMetadata: arrayOf({ partition: int32, racks: arrayOf(string) }),
    }),
  },
})

export const ConsumerGroupMemberMetadataKey = message('ConsumerGroupMemberMetadataKey', {
  versions: [0, 0],
  fields: { groupId: string, memberId: string },
})

export const ConsumerGroupMemberMetadataValue = message('ConsumerGroupMemberMetadataValue', {
  versions: [0, 0],
  flexibleSince: 0,
  fields: {
    instanceId: string.nullable(),
    rackId: string.nullable(),
    clientId: string,
    clientHost: string,
    subscribedTopicNames: arrayOf(string),
    subscribedTopicRegex: string.nullable(),
    rebalanceTimeoutMs: int32.default(-1),
    serverAssignor: string.nullable(),
    classicMemberMetadata: struct({
      sessionTimeoutMs: int32,
      supportedProtocols: arrayOf({ name: string, metadata: bytes }),
    })
      .nullable()
      .tagged(0),
  },
})

export const ConsumerGroupTargetAssignmentMetadataKey = message('ConsumerGroupTargetAssignmentMetadataKey', {
  versions: [0, 0],
  fields: { groupId: string },
})

export const ConsumerGroupTargetAssignmentMetadataValue = message(
  'ConsumerGroupTargetAssignmentMetadataValue',
  {
    versions: [0, 0],
    flexibleSince: 0,
    fields: { assignmentEpoch: int32, assignmentTimestamp: int64.tagged(0) },
  },
)

export const ConsumerGroupTargetAssignmentMemberKey = message('ConsumerGroupTargetAssignmentMemberKey', {
  versions: [0, 0],
  fields: { groupId: string, memberId: string },
})

export const ConsumerGroupTargetAssignmentMemberValue = message('ConsumerGroupTargetAssignmentMemberValue', {
  versions: [0, 0],
  flexibleSince: 0,
  fields: {
    topicPartitions: arrayOf({ topicId: uuid, partitions: arrayOf(int32) }),
  },
})

export const ConsumerGroupCurrentMemberAssignmentKey = message('ConsumerGroupCurrentMemberAssignmentKey', {
  versions: [0, 0],
  fields: { groupId: string, memberId: string },
})

export const ConsumerGroupCurrentMemberAssignmentValue = message(
  'ConsumerGroupCurrentMemberAssignmentValue',
  {
    versions: [0, 0],
    flexibleSince: 0,
    fields: {
      memberEpoch: int32,
      previousMemberEpoch: int32,
      state: int8,
      assignedPartitions: arrayOf(topicPartitions),
      partitionsPendingRevocation: arrayOf(topicPartitions),
    },
  },
)

export const ConsumerGroupRegularExpressionKey = message('ConsumerGroupRegularExpressionKey', {
  versions: [0, 0],
  fields: { groupId: string, regularExpression: string },
})

export const ConsumerGroupRegularExpressionValue = message('ConsumerGroupRegularExpressionValue', {
  versions: [0, 0],
  flexibleSince: 0,
  fields: { topics: arrayOf(string), version: int64, timestamp: int64 },
})
