/**
 * Metadata: the brokers, and of topics the partitions with leaders and replicas. No list of topics asks for all of them.
 *
 * v1 null asks for all, an empty list for none; v4 may create missing topics; v5 offline replicas; v7 leader epochs; v8 allowed
 * operations; v10 topic ids, v12 questions by id; v11 no operations of the cluster any more; v13 an error for the whole.
 */
import {
  api,
  arrayOf,
  bool,
  int16,
  int32,
  type RequestOf,
  type ResponseOf,
  string,
  uuid,
  ZERO_UUID,
} from '../schema.ts'

export const Metadata = api(3, 'Metadata', {
  versions: [0, 13],
  flexibleSince: 9,
  request: {
    topics: arrayOf({ topicId: uuid.since(10).default(ZERO_UUID), name: string.nullable(10) }).nullable(1),
    allowAutoTopicCreation: bool.since(4).default(true),
    includeClusterAuthorizedOperations: bool.since(8).until(10).default(false),
    includeTopicAuthorizedOperations: bool.since(8).default(false),
  },
  response: {
    throttleTimeMs: int32.since(3).default(0),
    brokers: arrayOf({
      nodeId: int32,
      host: string,
      port: int32,
      rack: string.since(1).nullable().default(null),
    }),
    clusterId: string.since(2).nullable().default(null),
    controllerId: int32.since(1).default(-1),
    topics: arrayOf({
      errorCode: int16,
      name: string.nullable(12),
      topicId: uuid.since(10).default(ZERO_UUID),
      isInternal: bool.since(1).default(false),
      partitions: arrayOf({
        errorCode: int16,
        partitionIndex: int32,
        leaderId: int32,
        leaderEpoch: int32.since(7).default(-1),
        replicaNodes: arrayOf(int32),
        isrNodes: arrayOf(int32),
        offlineReplicas: arrayOf(int32).since(5).default([]),
      }),
      topicAuthorizedOperations: int32.since(8).default(-2147483648),
    }),
    clusterAuthorizedOperations: int32.since(8).until(10).default(-2147483648),
    errorCode: int16.since(13).default(0),
  },
})

export type MetadataRequestTopic = NonNullable<RequestOf<typeof Metadata>['topics']>[number]
export type MetadataBroker = ResponseOf<typeof Metadata>['brokers'][number]
export type MetadataTopic = ResponseOf<typeof Metadata>['topics'][number]
export type MetadataPartition = MetadataTopic['partitions'][number]
