/**
 * ShareFetch: acquires records of a share group, and acknowledges earlier ones.
 *
 * v1 counts records instead of bytes for each partition; v2 acquire mode and renewal of locks.
 */
import { api, arrayOf, bool, int8, int16, int32, int64, records, string, struct, uuid } from '../schema.ts'

export const ShareFetch = api(78, 'ShareFetch', {
  versions: [1, 2],
  flexibleSince: 0,
  request: {
    groupId: string.nullable().default(null),
    memberId: string.nullable(),
    shareSessionEpoch: int32,
    maxWaitMs: int32,
    minBytes: int32,
    maxBytes: int32.default(0x7fffffff),
    maxRecords: int32,
    batchSize: int32,
    shareAcquireMode: int8.since(2).default(0),
    isRenewAck: bool.since(2).default(false),
    topics: arrayOf({
      topicId: uuid,
      partitions: arrayOf({
        partitionIndex: int32,
        acknowledgementBatches: arrayOf({
          firstOffset: int64,
          lastOffset: int64,
          acknowledgeTypes: arrayOf(int8),
        }),
      }),
    }),
    forgottenTopicsData: arrayOf({ topicId: uuid, partitions: arrayOf(int32) }),
  },
  response: {
    throttleTimeMs: int32.default(0),
    errorCode: int16,
    errorMessage: string.nullable().default(null),
    acquisitionLockTimeoutMs: int32,
    responses: arrayOf({
      topicId: uuid,
      partitions: arrayOf({
        partitionIndex: int32,
        errorCode: int16,
        errorMessage: string.nullable().default(null),
        acknowledgeErrorCode: int16,
        acknowledgeErrorMessage: string.nullable().default(null),
        currentLeader: struct({ leaderId: int32, leaderEpoch: int32 }),
        records: records,
        acquiredRecords: arrayOf({ firstOffset: int64, lastOffset: int64, deliveryCount: int16 }),
      }),
    }),
    nodeEndpoints: arrayOf({
      nodeId: int32,
      host: string,
      port: int32,
      rack: string.nullable().default(null),
    }),
  },
})
