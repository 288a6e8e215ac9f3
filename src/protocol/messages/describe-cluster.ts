/**
 * DescribeCluster: cluster id, controller and brokers. v1 asks brokers or controllers; v2 fenced brokers.
 */
import { api, arrayOf, bool, int8, int16, int32, type ResponseOf, string } from '../schema.ts'

export const DescribeCluster = api(60, 'DescribeCluster', {
  versions: [0, 2],
  flexibleSince: 0,
  request: {
    includeClusterAuthorizedOperations: bool,
    endpointType: int8.since(1).default(1),
    includeFencedBrokers: bool.since(2).default(false),
  },
  response: {
    throttleTimeMs: int32.default(0),
    errorCode: int16,
    errorMessage: string.nullable().default(null),
    endpointType: int8.since(1).default(1),
    clusterId: string,
    controllerId: int32.default(-1),
    brokers: arrayOf({
      brokerId: int32,
      host: string,
      port: int32,
      rack: string.nullable().default(null),
      isFenced: bool.since(2).default(false),
    }),
    clusterAuthorizedOperations: int32.default(-2147483648),
  },
})

export type DescribeClusterBroker = ResponseOf<typeof DescribeCluster>['brokers'][number]
