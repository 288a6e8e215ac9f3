/**
 * AssignReplicasToDirs: a broker tells the controller in which directories its replicas are.
 */
import { api, arrayOf, int16, int32, int64, uuid } from '../schema.ts'

export const AssignReplicasToDirs = api(73, 'AssignReplicasToDirs', {
  versions: [0, 0],
  flexibleSince: 0,
  request: {
    brokerId: int32,
    brokerEpoch: int64.default(-1),
    directories: arrayOf({
      id: uuid,
      topics: arrayOf({
        topicId: uuid,
        partitions: arrayOf({ partitionIndex: int32 }),
      }),
    }),
  },
  response: {
    throttleTimeMs: int32.default(0),
    errorCode: int16,
    directories: arrayOf({
      id: uuid,
      topics: arrayOf({
        topicId: uuid,
        partitions: arrayOf({ partitionIndex: int32, errorCode: int16 }),
      }),
    }),
  },
})
