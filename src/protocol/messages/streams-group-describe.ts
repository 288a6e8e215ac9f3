/**
 * StreamsGroupDescribe: state, topology and members of groups of Kafka Streams.
 */
import { api, arrayOf, bool, int16, int32, int64, string, struct, uint16 } from '../schema.ts'

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

const taskOffset = {
  subtopologyId: string,
  partition: int32,
  offset: int64,
}

const taskIds = {
  subtopologyId: string,
  partitions: arrayOf(int32),
}

const assignment = {
  activeTasks: arrayOf(taskIds),
  standbyTasks: arrayOf(taskIds),
  warmupTasks: arrayOf(taskIds),
}

export const StreamsGroupDescribe = api(89, 'StreamsGroupDescribe', {
  versions: [0, 0],
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
      topology: struct({
        epoch: int32,
        subtopologies: arrayOf({
          subtopologyId: string,
          sourceTopics: arrayOf(string),
          repartitionSinkTopics: arrayOf(string),
          stateChangelogTopics: arrayOf(topicInfo),
          repartitionSourceTopics: arrayOf(topicInfo),
        })
          .nullable()
          .default(null),
      })
        .nullable()
        .default(null),
      members: arrayOf({
        memberId: string,
        memberEpoch: int32,
        instanceId: string.nullable().default(null),
        rackId: string.nullable().default(null),
        clientId: string,
        clientHost: string,
        topologyEpoch: int32,
        processId: string,
        userEndpoint: struct({ host: string, port: uint16 }).nullable().default(null),
        clientTags: arrayOf(keyValue),
        taskOffsets: arrayOf(taskOffset),
        taskEndOffsets: arrayOf(taskOffset),
        assignment: struct(assignment),
        targetAssignment: struct(assignment),
        isClassic: bool,
      }),
      authorizedOperations: int32.default(-2147483648),
    }),
  },
})
