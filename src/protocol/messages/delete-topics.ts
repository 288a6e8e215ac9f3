/**
 * DeleteTopics: removes topics, by name or, from v6 on, by id. v5 error messages.
 */
import {
  api,
  arrayOf,
  int16,
  int32,
  type RequestOf,
  type ResponseOf,
  string,
  uuid,
  ZERO_UUID,
} from '../schema.ts'

export const DeleteTopics = api(20, 'DeleteTopics', {
  versions: [1, 6],
  flexibleSince: 4,
  request: {
    topics: arrayOf({ name: string.nullable().default(null), topicId: uuid })
      .since(6)
      .default([]),
    topicNames: arrayOf(string).until(5).default([]),
    timeoutMs: int32,
  },
  response: {
    throttleTimeMs: int32.default(0),
    responses: arrayOf({
      name: string.nullable(6),
      topicId: uuid.since(6).default(ZERO_UUID),
      errorCode: int16,
      errorMessage: string.since(5).nullable().default(null),
    }),
  },
})

export type DeletableTopic = RequestOf<typeof DeleteTopics>['topics'][number]
export type DeletableTopicResult = ResponseOf<typeof DeleteTopics>['responses'][number]
