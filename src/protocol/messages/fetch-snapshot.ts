/**
 * FetchSnapshot: a piece of a snapshot of the metadata log. v1 directory ids.
 */
import { api, arrayOf, int16, int32, int64, records, string, struct, uint16, uuid } from '../schema.ts'

export const FetchSnapshot = api(59, 'FetchSnapshot', {
  versions: [0, 1],
  flexibleSince: 0,
  request: {
    clusterId: string.nullable().tagged(0).default(null),
    replicaId: int32.default(-1),
    maxBytes: int32.default(0x7fffffff),
    topics: arrayOf({
      name: string,
      partitions: arrayOf({
        partition: int32,
        currentLeaderEpoch: int32,
        snapshotId: struct({ endOffset: int64, epoch: int32 }),
        position: int64,
        replicaDirectoryId: uuid.since(1).tagged(0),
      }),
    }),
  },
  response: {
    throttleTimeMs: int32.default(0),
    errorCode: int16,
    topics: arrayOf({
      name: string,
      partitions: arrayOf({
        index: int32,
        errorCode: int16,
        snapshotId: struct({ endOffset: int64, epoch: int32 }),
        currentLeader: struct({ leaderId: int32, leaderEpoch: int32 }).tagged(0),
        size: int64,
        position: int64,
        unalignedRecords: records,
      }),
    }),
    nodeEndpoints: arrayOf({ nodeId: int32, host: string, port: uint16 }).since(1).tagged(0),
  },
})
