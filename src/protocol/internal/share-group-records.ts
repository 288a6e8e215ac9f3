/**
 * Share groups (KIP-932) in `__consumer_offsets`: the group, its members and their assignment.
 */
import { arrayOf, int8, int32, int64, message, string, uuid } from '../schema.ts'

const topicPartitionsInfo = {
  topicId: uuid,
  topicName: string,
  partitions: arrayOf(int32),
}

export const ShareGroupMemberMetadataKey = message('ShareGroupMemberMetadataKey', {
  versions: [0, 0],
  fields: { groupId: string, memberId: string },
})

export const ShareGroupMemberMetadataValue = message('ShareGroupMemberMetadataValue', {
  versions: [0, 0],
  flexibleSince: 0,
  fields: {
    rackId: string.nullable(),
    clientId: string,
    clientHost: string,
    subscribedTopicNames: arrayOf(string),
  },
})

export const ShareGroupMetadataKey = message('ShareGroupMetadataKey', {
  versions: [0, 0],
  fields: { groupId: string },
})

export const ShareGroupMetadataValue = message('ShareGroupMetadataValue', {
  versions: [0, 0],
  flexibleSince: 0,
  fields: { epoch: int32, metadataHash: int64 },
})

export const ShareGroupTargetAssignmentMetadataKey = message('ShareGroupTargetAssignmentMetadataKey', {
  versions: [0, 0],
  fields: { groupId: string },
})

export const ShareGroupTargetAssignmentMetadataValue = message('ShareGroupTargetAssignmentMetadataValue', {
  versions: [0, 0],
  flexibleSince: 0,
  fields: { assignmentEpoch: int32, assignmentTimestamp: int64.tagged(0) },
})

export const ShareGroupTargetAssignmentMemberKey = message('ShareGroupTargetAssignmentMemberKey', {
  versions: [0, 0],
  fields: { groupId: string, memberId: string },
})

export const ShareGroupTargetAssignmentMemberValue = message('ShareGroupTargetAssignmentMemberValue', {
  versions: [0, 0],
  flexibleSince: 0,
  fields: {
    topicPartitions: arrayOf({ topicId: uuid, partitions: arrayOf(int32) }),
  },
})

export const ShareGroupCurrentMemberAssignmentKey = message('ShareGroupCurrentMemberAssignmentKey', {
  versions: [0, 0],
  fields: { groupId: string, memberId: string },
})

export const ShareGroupCurrentMemberAssignmentValue = message('ShareGroupCurrentMemberAssignmentValue', {
  versions: [0, 0],
  flexibleSince: 0,
  fields: {
    memberEpoch: int32,
    previousMemberEpoch: int32,
    state: int8,
    assignedPartitions: arrayOf({ topicId: uuid, partitions: arrayOf(int32) }),
  },
})

export const ShareGroupStatePartitionMetadataKey = message('ShareGroupStatePartitionMetadataKey', {
  versions: [0, 0],
  fields: { groupId: string },
})

export const ShareGroupStatePartitionMetadataValue = message('ShareGroupStatePartitionMetadataValue', {
  versions: [0, 0],
  flexibleSince: 0,
  fields: {
    initializingTopics: arrayOf(topicPartitionsInfo),
    initializedTopics: arrayOf(topicPartitionsInfo),
    deletingTopics: arrayOf({ topicId: uuid, topicName: string }),
  },
})
