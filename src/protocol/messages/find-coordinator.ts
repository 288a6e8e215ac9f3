/**
 * FindCoordinator: the broker that leads a group (key type 0), a transactional id (1) or a share-group partition (2).
 *
 * v1 key type; v4 several keys at once; v5 knows transactions v2 errors; v6 share groups.
 */
import { api, arrayOf, int8, int16, int32, type ResponseOf, string } from '../schema.ts'

export const FindCoordinator = api(10, 'FindCoordinator', {
  versions: [0, 6],
  flexibleSince: 3,
  request: {
    key: string.until(3).default(''),
    keyType: int8.since(1).default(0),
    coordinatorKeys: arrayOf(string).since(4).default([]),
  },
  response: {
    throttleTimeMs: int32.since(1).default(0),
    errorCode: int16.until(3).default(0),
    errorMessage: string.since(1).until(3).nullable().default(''),
    nodeId: int32.until(3).default(0),
    host: string.until(3).default(''),
    port: int32.until(3).default(0),
    coordinators: arrayOf({
      key: string,
      nodeId: int32,
      host: string,
      port: int32,
      errorCode: int16,
      errorMessage: string.nullable(),
    })
      .since(4)
      .default([]),
  },
})

export type Coordinator = NonNullable<ResponseOf<typeof FindCoordinator>['coordinators']>[number]
