/**
 * CreateTopics: makes topics, by count or by explicit assignment of replicas.
 *
 * v4 -1 stands for the broker's default; v5 answers with the topic's settings; v7 and with its id.
 */
import {
  api,
  arrayOf,
  bool,
  int8,
  int16,
  int32,
  type RequestOf,
  type ResponseOf,
  string,
  uuid,
  ZERO_UUID,
} from '../schema.ts'

export const CreateTopics = api(19, 'CreateTopics', {
  versions: [2, 7],
  flexibleSince: 5,
  request: {
    topics: arrayOf({
      name: string,
      numPartitions: int32,
      replicationFactor: int16,
      assignments: arrayOf({ partitionIndex: int32, brokerIds: arrayOf(int32) }),
      configs: arrayOf({ name: string, value: string.nullable() }),
    }),
    timeoutMs: int32.default(60000),
    validateOnly: bool.default(false),
  },
  response: {
    throttleTimeMs: int32.default(0),
    topics: arrayOf({
      name: string,
      topicId: uuid.since(7).default(ZERO_UUID),
      errorCode: int16,
      errorMessage: string.nullable(),
      topicConfigErrorCode: int16.since(5).tagged(0),
      numPartitions: int32.since(5).default(-1),
      replicationFactor: int16.since(5).default(-1),
      configs: arrayOf({
        name: string,
        value: string.nullable(),
        readOnly: bool,
        configSource: int8.default(-1),
        isSensitive: bool,
      })
        .since(5)
        .nullable()
        .default([]),
    }),
  },
})

export type CreatableTopic = RequestOf<typeof CreateTopics>['topics'][number]
export type CreatableTopicConfig = CreatableTopic['configs'][number]
export type CreatableReplicaAssignment = CreatableTopic['assignments'][number]
export type CreatableTopicResult = ResponseOf<typeof CreateTopics>['topics'][number]
export type CreatableTopicResultConfig = NonNullable<CreatableTopicResult['configs']>[number]
