/**
 * Fetch: record batches from given offsets on, for consumers and for followers.
 *
 * v5 log start offset; v7 incremental sessions (KIP-227); v9 leader epochs; v11 rack and preferred read replica (KIP-392);
 * v12 epochs that diverge; v13 has topic ids in place of names; v15 moves the replica id into a tagged struct;
 * v16 names new leaders (KIP-951); v17 the replica's directory; v18 the follower's high watermark.
 */
import {
  api,
  arrayOf,
  int8,
  int16,
  int32,
  int64,
  MAX_INT64,
  type RequestOf,
  type ResponseOf,
  records,
  string,
  struct,
  uuid,
  ZERO_UUID,
} from '../schema.ts'

export const Fetch = api(1, 'Fetch', {
  versions: [4, 18],
  flexibleSince: 12,
  request: {
    clusterId: string.since(12).nullable().tagged(0).default(null),
    replicaId: int32.until(14).default(-1),
    replicaState: struct({ replicaId: int32.default(-1), replicaEpoch: int64.default(-1) })
      .since(15)
      .tagged(1),
    maxWaitMs: int32,
    minBytes: int32,
    maxBytes: int32.default(0x7fffffff),
    isolationLevel: int8.default(0),
    sessionId: int32.since(7).default(0),
    sessionEpoch: int32.since(7).default(-1),
    topics: arrayOf({
      topic: string.until(12).default(''),
      topicId: uuid.since(13).default(ZERO_UUID),
      partitions: arrayOf({
        partition: int32,
        currentLeaderEpoch: int32.since(9).default(-1),
        fetchOffset: int64,
        lastFetchedEpoch: int32.since(12).default(-1),
        logStartOffset: int64.since(5).default(-1),
        partitionMaxBytes: int32,
        replicaDirectoryId: uuid.since(17).tagged(0),
        highWatermark: int64.since(18).tagged(1).default(MAX_INT64),
      }),
    }),
    forgottenTopicsData: arrayOf({
      topic: string.until(12).default(''),
      topicId: uuid.since(13).default(ZERO_UUID),
      partitions: arrayOf(int32),
    })
      .since(7)
      .default([]),
    rackId: string.since(11).default(''),
  },
  response: {
    throttleTimeMs: int32.default(0),
    errorCode: int16.since(7).default(0),
    sessionId: int32.since(7).default(0),
    responses: arrayOf({
      topic: string.until(12).default(''),
      topicId: uuid.since(13).default(ZERO_UUID),
      partitions: arrayOf({
        partitionIndex: int32,
        errorCode: int16,
        highWatermark: int64,
        lastStableOffset: int64.default(-1),
        logStartOffset: int64.since(5).default(-1),
        divergingEpoch: struct({ epoch: int32.default(-1), endOffset: int64.default(-1) })
          .since(12)
          .tagged(0),
        currentLeader: struct({ leaderId: int32.default(-1), leaderEpoch: int32.default(-1) })
          .since(12)
          .tagged(1),
        snapshotId: struct({ endOffset: int64.default(-1), epoch: int32.default(-1) })
          .since(12)
          .tagged(2),
        abortedTransactions: arrayOf({ producerId: int64, firstOffset: int64 }).nullable(),
        preferredReadReplica: int32.since(11).default(-1),
        records: records.nullable(),
      }),
    }),
    nodeEndpoints: arrayOf({
      nodeId: int32,
      host: string,
      port: int32,
      rack: string.nullable().default(null),
    })
      .since(16)
      .tagged(0),
  },
})

export type FetchTopic = RequestOf<typeof Fetch>['topics'][number]
export type FetchPartition = FetchTopic['partitions'][number]
export type ForgottenTopic = RequestOf<typeof Fetch>['forgottenTopicsData'][number]
export type FetchTopicResult = ResponseOf<typeof Fetch>['responses'][number]
export type FetchPartitionResult = FetchTopicResult['partitions'][number]
export type FetchNodeEndpoint = NonNullable<ResponseOf<typeof Fetch>['nodeEndpoints']>[number]
