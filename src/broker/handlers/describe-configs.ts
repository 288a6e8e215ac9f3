import { ConfigResource } from '../../cluster/metadata.ts'
import { KafkaError } from '../../protocol/errors.ts'
import {
  DescribeConfigs,
  type DescribeConfigsResource,
  type DescribeConfigsResult,
} from '../../protocol/messages/describe-configs.ts'
import { type DescribedConfig, describeBroker, describeTopic } from '../config-describe.ts'
import type { RequestContext } from '../context.ts'
import { handler } from '../handler.ts'
import { wireErrorOf } from '../wire-error.ts'

/** DescribeConfigs: every setting of a topic or of this broker, with its source. Tools and ksqlDB read their start from it. */
export const describeConfigs = handler(DescribeConfigs, {
  versions: [1, 4],
  notes: 'Topics and brokers.',
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
    const all = configsOf(resourceType, resourceName, context)
    const wanted = configurationKeys && new Set(configurationKeys)
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

function configsOf(type: number, name: string, { broker }: RequestContext): DescribedConfig[] {
  const { cluster, config } = broker
  if (type === ConfigResource.TOPIC) {
    if (!cluster.metadata.findTopic(name)) throw new KafkaError('UNKNOWN_TOPIC_OR_PARTITION')
    return describeTopic(config, cluster.metadata.configsOf(type, name))
  }
  if (type === ConfigResource.BROKER) {
    // The empty name asks for the cluster's dynamic defaults, of which there are none.
    if (name === '') return []
    if (name !== String(cluster.nodeId)) {
      throw new KafkaError(
        'INVALID_REQUEST',
        `Unexpected broker id, expected ${cluster.nodeId} or empty string, but received ${name}`,
      )
    }
    return describeBroker(config)
  }
  throw new KafkaError('INVALID_REQUEST', `Unsupported resource type: ${type}`)
}
