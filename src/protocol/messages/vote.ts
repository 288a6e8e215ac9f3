/**
 * Vote: a candidate of a KRaft quorum asks for a vote. v1 directory ids; v2 pre-votes.
 */
import { api, arrayOf, bool, int16, int32, int64, string, uint16, uuid, ZERO_UUID } from '../schema.ts'

export const Vote = api(52, 'Vote', {
  versions: [0, 2],
  flexibleSince: 0,
  request: {
    clusterId: string.nullable().default(null),
    voterId: int32.since(1).default(-1),
    topics: arrayOf({
      topicName: string,
      partitions: arrayOf({
        partitionIndex: int32,
        replicaEpoch: int32,
        replicaId: int32,
        replicaDirectoryId: uuid.since(1).default(ZERO_UUID),
        voterDirectoryId: uuid.since(1).default(ZERO_UUID),
        lastOffsetEpoch: int32,
        lastOffset: int64,
        preVote: bool.since(2).default(false),
      }),
    }),
  },
  response: {
    errorCode: int16,
    topics: arrayOf({
      topicName: string,
      partitions: arrayOf({
        partitionIndex: int32,
        errorCode: int16,
        leaderId: int32,
        leaderEpoch: int32,
        voteGranted: bool,
      }),
    }),
    nodeEndpoints: arrayOf({ nodeId: int32, host: string, port: uint16 }).since(1).tagged(0),
  },
})
