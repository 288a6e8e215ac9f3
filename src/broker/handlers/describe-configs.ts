import { ConfigResource } from '../../cluster/metadata.ts'
import { KafkaError } from '../../protocol/errors.ts'
import {
  DescribeConfigs,
  type DescribeConfigsResource,
  type DescribeConfigsResult,
} from '../../protocol/messages/describe-configs.ts'
import { findTopicNameFault } from '../../storage/log/segment-names.ts'
import {
  type DescribedConfig,
  describeAllBrokers,
  describeBroker,
  describeClientMetrics,
  describeGroup,
  describeLoggers,
  describeTopic,
} from '../config-describe.ts'
import type { BrokerContext, RequestContext } from '../context.ts'
import { handler } from '../handler.ts'
import { wireErrorOf } from '../wire-error.ts'

/** DescribeConfigs: every setting of a resource, with its source. Tools and ksqlDB read their start from it. */
export const describeConfigs = handler(DescribeConfigs, {
  versions: [1, 4],
  notes: 'Loggers: `root` and `loggerhead`, which writes every line.',
  handle(request, context) {
    const results = request.resources.map(resource =>
      describe(resource, request.includeSynonyms, request.includeDocumentation, context),
    )
    return { results }
  },
})

function describe(
  { resourceType, resourceName, configurationKeys }: DescribeConfigsResource,
  includeSynonyms: boolean,
  includeDocumentation: boolean,
  context: RequestContext,
): DescribeConfigsResult {
  try {
    const all = configsOf(resourceType, resourceName, context.broker)
    const wanted = configurationKeys?.length ? new Set(configurationKeys) : null
    const configs = all
      .filter(({ name }) => !wanted || wanted.has(name))
      .map(config => ({
        ...config,
        synonyms: includeSynonyms ? config.synonyms : [],
        documentation: includeDocumentation ? config.documentation : null,
      }))
    return { errorCode: 0, errorMessage: '', resourceType, resourceName, configs }
  } catch (error) {
    return { ...wireErrorOf(error, context.broker.logger), resourceType, resourceName, configs: [] }
  }
}

function configsOf(type: number, name: string, broker: BrokerContext): DescribedConfig[] {
  const { cluster, settings, logLevels } = broker
  const { metadata } = cluster
  switch (type) {
    case ConfigResource.TOPIC: {
      const fault = findTopicNameFault(name)
      if (fault) throw new KafkaError('INVALID_TOPIC_EXCEPTION', fault)
      if (!metadata.findTopic(name)) throw new KafkaError('UNKNOWN_TOPIC_OR_PARTITION')
      return describeTopic(settings, metadata.configsOf(type, name))
    }
    case ConfigResource.BROKER:
      if (name === '') return describeAllBrokers(settings)
      requireThisNode(name, cluster.nodeId, ' or empty string,')
      return describeBroker(settings)
    case ConfigResource.BROKER_LOGGER:
      requireName(name, 'Broker id must not be empty')
      requireThisNode(name, cluster.nodeId, '')
      return describeLoggers(logLevels.all)
    case ConfigResource.CLIENT_METRICS:
      requireName(name, 'Client metrics subscription name must not be empty')
      return describeClientMetrics(metadata.configsOf(type, name))
    case ConfigResource.GROUP:
      requireName(name, 'Group name must not be empty')
      return describeGroup(settings, metadata.configsOf(type, name))
    default:
      throw new KafkaError('INVALID_REQUEST', `Unsupported resource type: ${type}`)
  }
}

function requireName(name: string, why: string): void {
  if (name === '') throw new KafkaError('INVALID_REQUEST', why)
}

function requireThisNode(name: string, nodeId: number, alternative: string): void {
  if (!/^[+-]?\d+$/.test(name)) {
    throw new KafkaError('INVALID_REQUEST', `Broker id must be an integer, but it is: ${name}`)
  }
  if (name === String(nodeId)) return
  throw new KafkaError(
    'INVALID_REQUEST',
    `Unexpected broker id, expected ${nodeId}${alternative} but received ${name}`,
  )
}
