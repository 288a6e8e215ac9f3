/**
 * BrokerRegistration: a broker enters the cluster. v2 log directories; v3 migration; v4 features whose minimum is 0.
 */
import { api, arrayOf, bool, int16, int32, int64, string, uint16, uuid } from '../schema.ts'

export const BrokerRegistration = api(62, 'BrokerRegistration', {
  versions: [0, 4],
  flexibleSince: 0,
  request: {
    brokerId: int32,
    clusterId: string,
    incarnationId: uuid,
    listeners: arrayOf({
      name: string,
      host: string,
      port: uint16,
      securityProtocol: int16,
    }),
    features: arrayOf({ name: string, minSupportedVersion: int16, maxSupportedVersion: int16 }),
    rack: string.nullable(),
    isMigratingZkBroker: bool.since(1).default(false),
    logDirs: arrayOf(uuid).since(2).default([]),
    previousBrokerEpoch: int64.since(3).default(-1),
  },
  response: {
    throttleTimeMs: int32.default(0),
    errorCode: int16,
    brokerEpoch: int64.default(-1),
  },
})
