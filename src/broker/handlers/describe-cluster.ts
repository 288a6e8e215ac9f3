import { ErrorCode } from '../../protocol/errors.ts'
import { DescribeCluster } from '../../protocol/messages/describe-cluster.ts'
import { CLUSTER_OPERATIONS, NOT_ASKED } from '../authorized-operations.ts'
import { handler } from '../handler.ts'

/** DescribeCluster: the brokers. v1 can ask for controllers, which a broker's listener does not tell. */
const BROKERS = 1

export const describeCluster = handler(DescribeCluster, {
  versions: [0, 2],
  handle(request, { broker, session }) {
    const { cluster, config } = broker
    if (request.endpointType !== BROKERS) {
      const isKnown = request.endpointType === 2
      return {
        errorCode: isKnown ? ErrorCode.MISMATCHED_ENDPOINT_TYPE : ErrorCode.UNSUPPORTED_ENDPOINT_TYPE,
        errorMessage: 'The request was sent to an endpoint of type BROKER, but we wanted another type',
        clusterId: '',
        brokers: [],
      }
    }
    return {
      errorCode: ErrorCode.NONE,
      clusterId: cluster.clusterId,
      controllerId: cluster.nodeId,
      brokers: [{ brokerId: cluster.nodeId, ...session.advertised, rack: config.value('broker.rack') }],
      clusterAuthorizedOperations: request.includeClusterAuthorizedOperations
        ? CLUSTER_OPERATIONS
        : NOT_ASKED,
    }
  },
})
