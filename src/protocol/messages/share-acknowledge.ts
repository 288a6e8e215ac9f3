/**
 * ShareAcknowledge: acknowledges records of a share group. v2 renewal of locks.
 */
import { api, arrayOf, bool, int8, int16, int32, int64, string, struct, uuid } from '../schema.ts'

export const ShareAcknowledge = api(79, 'ShareAcknowledge', {
  versions: [1, 2],
  flexibleSince: 0,
  request: {
    groupId: string.nullable().default(null),
    memberId: string.nullable(),
    shareSessionEpoch: int32,
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
  },
  response: {
    throttleTimeMs: int32.default(0),
    errorCode: int16,
    errorMessage: string.nullable().default(null),
    acquisitionLockTimeoutMs: int32.since(2).default(0),
    responses: arrayOf({
      topicId: uuid,
      partitions: arrayOf({
        partitionIndex: int32,
        errorCode: int16,
        errorMessage: string.nullable().default(null),
        currentLeader: struct({ leaderId: int32, leaderEpoch: int32 }),
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
