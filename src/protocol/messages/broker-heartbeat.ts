/**
 * BrokerHeartbeat: a broker stays in the cluster, or asks to be fenced or to leave. v1 offline and v2 cordoned directories.
 */
import { api, arrayOf, bool, int16, int32, int64, uuid } from '../schema.ts'

export const BrokerHeartbeat = api(63, 'BrokerHeartbeat', {
  versions: [0, 2],
  flexibleSince: 0,
  request: {
    brokerId: int32,
    brokerEpoch: int64.default(-1),
    currentMetadataOffset: int64,
    wantFence: bool,
    wantShutDown: bool,
    offlineLogDirs: arrayOf(uuid).since(1).tagged(0),
    cordonedLogDirs: arrayOf(uuid).since(2).nullable().tagged(1).default(null),
  },
  response: {
    throttleTimeMs: int32.default(0),
    errorCode: int16,
    isCaughtUp: bool.default(false),
    isFenced: bool.default(true),
    shouldShutDown: bool,
  },
})
