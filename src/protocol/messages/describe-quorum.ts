/**
 * DescribeQuorum: leader, voters and observers of a KRaft quorum with their positions.
 *
 * v1 times of the last fetch; v2 directory ids, endpoints, error messages.
 */
import { api, arrayOf, int16, int32, int64, string, uint16, uuid, ZERO_UUID } from '../schema.ts'

const replicaState = {
  replicaId: int32,
  replicaDirectoryId: uuid.since(2).default(ZERO_UUID),
  logEndOffset: int64,
  lastFetchTimestamp: int64.since(1).default(-1),
  lastCaughtUpTimestamp: int64.since(1).default(-1),
}

export const DescribeQuorum = api(55, 'DescribeQuorum', {
  versions: [0, 2],
  flexibleSince: 0,
  request: {
    topics: arrayOf({
      topicName: string,
      partitions: arrayOf({ partitionIndex: int32 }),
    }),
  },
  response: {
    errorCode: int16,
    errorMessage: string.since(2).nullable().default(''),
    topics: arrayOf({
      topicName: string,
      partitions: arrayOf({
        partitionIndex: int32,
        errorCode: int16,
        errorMessage: string.since(2).nullable().default(''),
        leaderId: int32,
        leaderEpoch: int32,
        highWatermark: int64,
        currentVoters: arrayOf(replicaState),
        observers: arrayOf(replicaState),
      }),
    }),
    nodes: arrayOf({
      nodeId: int32,
      listeners: arrayOf({ name: string, host: string, port: uint16 }),
    })
      .since(2)
      .default([]),
  },
})
