/**
 * StreamsGroupHeartbeat: join, stay in, leave a group of Kafka Streams, get tasks (KIP-1071).
 */
import { api, arrayOf, bool, int8, int16, int32, int64, string, struct, uint16 } from '../schema.ts'

const keyValue = {
  key: string,
  value: string,
}

const topicInfo = {
  name: string,
  partitions: int32,
  replicationFactor: int16,
  topicConfigs: arrayOf(keyValue),
}

const taskIds = {
  subtopologyId: string,
  partitions: arrayOf(int32),
}

const taskOffset = {
  subtopologyId: string,
  partition: int32,
  offset: int64,
}

const topicPartition = {
  topic: string,
  partitions: arrayOf(int32),
}

export const StreamsGroupHeartbeat = api(88, 'StreamsGroupHeartbeat', {
  versions: [0, 0],
  flexibleSince: 0,
  request: {
    groupId: string,
    memberId: string,
    memberEpoch: int32,
    endpointInformationEpoch: int32,
    instanceId: string.nullable().default(null),
    rackId: string.nullable().default(null),
    rebalanceTimeoutMs: int32.default(-1),
    topology: struct({
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
    })
      .nullable()
      .default(null),
    activeTasks: arrayOf(taskIds).nullable().default(null),
    standbyTasks: arrayOf(taskIds).nullable().default(null),
    warmupTasks: arrayOf(taskIds).nullable().default(null),
    processId: string.nullable().default(null),
    userEndpoint: struct({ host: string, port: uint16 }).nullable().default(null),
    clientTags: arrayOf(keyValue).nullable().default(null),
    taskOffsets: arrayOf(taskOffset).nullable().default(null),
    taskEndOffsets: arrayOf(taskOffset).nullable().default(null),
    shutdownApplication: bool.default(false),
  },
  response: {
    throttleTimeMs: int32.default(0),
    errorCode: int16,
    errorMessage: string.nullable().default(null),
    memberId: string,
    memberEpoch: int32,
    heartbeatIntervalMs: int32,
    acceptableRecoveryLag: int32,
    taskOffsetIntervalMs: int32,
    status: arrayOf({ statusCode: int8, statusDetail: string }).nullable(),
    activeTasks: arrayOf(taskIds).nullable().default(null),
    standbyTasks: arrayOf(taskIds).nullable().default(null),
    warmupTasks: arrayOf(taskIds).nullable().default(null),
    endpointInformationEpoch: int32,
    partitionsByUserEndpoint: arrayOf({
      userEndpoint: struct({ host: string, port: uint16 }),
      activePartitions: arrayOf(topicPartition),
      standbyPartitions: arrayOf(topicPartition),
    })
      .nullable()
      .default(null),
  },
})
