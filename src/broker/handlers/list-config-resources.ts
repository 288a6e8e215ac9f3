import { ConfigResource, type Metadata } from '../../cluster/metadata.ts'
import { ErrorCode } from '../../protocol/errors.ts'
import { ListConfigResources } from '../../protocol/messages/list-config-resources.ts'
import { handler } from '../handler.ts'

/**
 * ListConfigResources: what can be described. Topics and brokers are all there are, groups and client metrics those for which something
 * was set.
 *
 * v0 knew client metrics only (KIP-1142).
 */
export const listConfigResources = handler(ListConfigResources, {
  versions: [0, 1],
  handle({ resourceTypes }, { version, broker }) {
    const { cluster } = broker
    const known: readonly number[] = version === 0 ? [ConfigResource.CLIENT_METRICS] : ALL
    if (resourceTypes.some(type => !known.includes(type))) {
      return { errorCode: ErrorCode.UNSUPPORTED_VERSION, configResources: [] }
    }
    const wanted = resourceTypes.length > 0 ? known.filter(type => resourceTypes.includes(type)) : known
    const configResources = wanted.flatMap(resourceType =>
      Array.from(namesOf(resourceType, cluster.metadata, cluster.nodeId), resourceName => ({
        resourceName,
        resourceType,
      })),
    )
    return { errorCode: 0, configResources }
  },
})

const { GROUP, CLIENT_METRICS, BROKER_LOGGER, BROKER, TOPIC } = ConfigResource
/** In the order of Kafka's answer. */
const ALL: readonly number[] = [GROUP, CLIENT_METRICS, BROKER_LOGGER, BROKER, TOPIC]

function namesOf(type: number, metadata: Metadata, nodeId: number): Iterable<string> {
  if (type === BROKER || type === BROKER_LOGGER) return [String(nodeId)]
  if (type === TOPIC) return Array.from(metadata.topics, ({ name }) => name)
  return metadata.resourcesOf(type)
}
