/**
 * Groups of Kafka Streams (KIP-1071) in `__consumer_offsets`: the group, its topology, its members and their tasks.
 */
import { arrayOf, int8, int16, int32, int64, message, string, struct, uint16 } from '../schema.ts'

const taskIds = {
  subtopologyId: string,
  partitions: arrayOf(int32),
}

const taskIdsWithEpochs = {
  subtopologyId: string,
  partitions: arrayOf(int32),
  assignmentEpochs: arrayOf(int32).nullable().tagged(0),
}

const topicInfo = {
  name: string,
  partitions: int32,
  replicationFactor: int16,
  topicConfigs: arrayOf({ key: string, value: string }),
}

export const StreamsGroupMetadataKey = message('StreamsGroupMetadataKey', {
  versions: [0, 0],
  fields: { groupId: string },
})

export const StreamsGroupMetadataValue = message('StreamsGroupMetadataValue', {
  versions: [0, 0],
  flexibleSince: 0,
  fields: {
    epoch: int32,
    metadataHash: int64,
    validatedTopologyEpoch: int32.tagged(0).default(-1),
    lastAssignmentConfigs: arrayOf({ key: string, value: string }).nullable().tagged(1),
  },
})

export const StreamsGroupMemberMetadataKey = message('StreamsGroupMemberMetadataKey', {
  versions: [0, 0],
  fields: { groupId: string, memberId: string },
})

export const StreamsGroupMemberMetadataValue = message('StreamsGroupMemberMetadataValue', {
  versions: [0, 0],
  flexibleSince: 0,
  fields: {
    instanceId: string.nullable(),
    rackId: string.nullable(),
    clientId: string,
    clientHost: string,
    rebalanceTimeoutMs: int32.default(-1),
    topologyEpoch: int32,
    processId: string,
    userEndpoint: struct({ host: string, port: uint16 }).nullable().default(null),
    clientTags: arrayOf({ key: string, value: string }),
  },
})

export const StreamsGroupTargetAssignmentMetadataKey = message('StreamsGroupTargetAssignmentMetadataKey', {
  versions: [0, 0],
  fields: { groupId: string },
})

export const StreamsGroupTargetAssignmentMetadataValue = message(
  'StreamsGroupTargetAssignmentMetadataValue',
  {
    versions: [0, 0],
    flexibleSince: 0,
    fields: { assignmentEpoch: int32, assignmentTimestamp: int64.tagged(0) },
  },
)

export const StreamsGroupTargetAssignmentMemberKey = message('StreamsGroupTargetAssignmentMemberKey', {
  versions: [0, 0],
  fields: { groupId: string, memberId: string },
})

export const StreamsGroupTargetAssignmentMemberValue = message('StreamsGroupTargetAssignmentMemberValue', {
  versions: [0, 0],
  flexibleSince: 0,
  fields: {
    activeTasks: arrayOf(taskIds),
    standbyTasks: arrayOf(taskIds),
    warmupTasks: arrayOf(taskIds),
  },
})

export const StreamsGroupCurrentMemberAssignmentKey = message('StreamsGroupCurrentMemberAssignmentKey', {
  versions: [0, 0],
  fields: { groupId: string, memberId: string },
})

export const StreamsGroupCurrentMemberAssignmentValue = message('StreamsGroupCurrentMemberAssignmentValue', {
  versions: [0, 0],
  flexibleSince: 0,
  fields: {
    memberEpoch: int32,
    previousMemberEpoch: int32,
    state: int8,
    activeTasks: arrayOf(taskIdsWithEpochs),
    standbyTasks: arrayOf(taskIdsWithEpochs),
    warmupTasks: arrayOf(taskIdsWithEpochs),
    activeTasksPendingRevocation: arrayOf(taskIdsWithEpochs),
    standbyTasksPendingRevocation: arrayOf(taskIdsWithEpochs),
    warmupTasksPendingRevocation: arrayOf(taskIdsWithEpochs),
  },
})

export const StreamsGroupTopologyKey = message('StreamsGroupTopologyKey', {
  versions: [0, 0],
  fields: { groupId: string },
})

export const StreamsGroupTopologyValue = message('StreamsGroupTopologyValue', {
  versions: [0, 0],
  flexibleSince: 0,
  fields: {
    epoch: int32,
    subtopologies: arrayOf({
      subtopologyId: string,
      sourceTopics: arrayOf(string),
      sourceTopicRegex: arrayOf(string),
      stateChangelogTopics: arrayOf(topicInfo),
      repartitionSinkTopics: arrayOf(string),
      repartitionSourceTopics: arrayOf(topicInfo),
      copartitionGroups: arrayOf({
        sourceTopics: arrayOf(int16),
        sourceTopicRegex: arrayOf(int16),
        repartitionSourceTopics: arrayOf(int16),
      }),
    }),
  },
})
