/**
 * Produce: appends record batches to partitions and, unless acks is 0, says at which offset they begin.
 *
 * v3 transactional id; v5 log start offset and v8 errors of single records in the answer; v10 names the new leader with
 * NOT_LEADER_OR_FOLLOWER (KIP-951); v12 lets the first produce add a partition to the transaction (KIP-890);
 * v13 has topic ids in place of names. Versions 0 to 2 are gone, but are advertised for librdkafka's sake.
 */
import {
  api,
  arrayOf,
  int16,
  int32,
  int64,
  type RequestOf,
  type ResponseOf,
  records,
  string,
  struct,
  uuid,
  ZERO_UUID,
} from '../schema.ts'

export const Produce = api(0, 'Produce', {
  versions: [3, 13],
  flexibleSince: 9,
  request: {
    transactionalId: string.nullable().default(null),
    acks: int16,
    timeoutMs: int32,
    topicData: arrayOf({
      name: string.until(12).default(''),
      topicId: uuid.since(13).default(ZERO_UUID),
      partitionData: arrayOf({ index: int32, records: records.nullable() }),
    }),
  },
  response: {
    responses: arrayOf({
      name: string.until(12).default(''),
      topicId: uuid.since(13).default(ZERO_UUID),
      partitionResponses: arrayOf({
        index: int32,
        errorCode: int16,
        baseOffset: int64,
        logAppendTimeMs: int64.default(-1),
        logStartOffset: int64.since(5).default(-1),
        recordErrors: arrayOf({
          batchIndex: int32,
          batchIndexErrorMessage: string.nullable().default(null),
        })
          .since(8)
          .default([]),
        errorMessage: string.since(8).nullable().default(null),
        currentLeader: struct({ leaderId: int32.default(-1), leaderEpoch: int32.default(-1) })
          .since(10)
          .tagged(0),
      }),
    }),
    throttleTimeMs: int32.default(0),
    nodeEndpoints: arrayOf({
      nodeId: int32,
      host: string,
      port: int32,
      rack: string.nullable().default(null),
    })
      .since(10)
      .tagged(0),
  },
})

export type ProduceTopic = RequestOf<typeof Produce>['topicData'][number]
export type ProducePartition = ProduceTopic['partitionData'][number]
export type ProduceTopicResult = ResponseOf<typeof Produce>['responses'][number]
export type ProducePartitionResult = ProduceTopicResult['partitionResponses'][number]
