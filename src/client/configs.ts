/** Settings of topics, brokers, groups and client metrics. Those of one broker are asked of that broker. */
import { KafkaError } from '../protocol/errors.ts'
import { DescribeConfigs } from '../protocol/messages/describe-configs.ts'
import { IncrementalAlterConfigs } from '../protocol/messages/incremental-alter-configs.ts'
import type { BrokerConnection } from './broker-connection.ts'
import { errorOf, requireSuccess } from './error-answer.ts'
import type { KafkaClient } from './kafka-client.ts'

export const ResourceType = {
  topic: 2,
  broker: 4,
  'broker-logger': 8,
  'client-metrics': 16,
  group: 32,
} as const
export type ResourceName = keyof typeof ResourceType

export interface ConfigResource {
  readonly type: ResourceName
  /** Of a broker its id, or empty: the default of all brokers. */
  readonly name: string
}

/** Where a value comes from, by the number on the wire. */
const sources: Readonly<Record<number, string>> = {
  1: 'topic',
  2: 'broker',
  3: 'all brokers',
  4: 'file',
  5: 'default',
  6: 'logger',
  7: 'client metrics',
  8: 'group',
}
const DEFAULT_SOURCE = 5

export interface ConfigValue {
  readonly name: string
  /** Null for what is secret. */
  readonly value: string | null
  readonly source: string
  readonly isDefault: boolean
  readonly isReadOnly: boolean
  readonly isSensitive: boolean
}

/** All settings of a resource, or those of the given names. */
export async function describeConfigs(
  client: KafkaClient,
  { type, name }: ConfigResource,
  names: readonly string[] | null = null,
): Promise<ConfigValue[]> {
  const connection = await connectionFor(client, { type, name })
  const answer = await connection.request(DescribeConfigs, {
    resources: [{ resourceType: ResourceType[type], resourceName: name, configurationKeys: names }],
  })
  const result = answer.results[0]
  if (!result) throw new KafkaError('UNKNOWN_SERVER_ERROR', `no settings of ${type} ${name}`)
  requireSuccess(result.errorCode, result.errorMessage)
  return result.configs.map(({ name, value, configSource, readOnly, isSensitive }) => ({
    name,
    value,
    source: sources[configSource] ?? 'unknown',
    isDefault: configSource === DEFAULT_SOURCE,
    isReadOnly: readOnly,
    isSensitive,
  }))
}

const operations = { set: 0, delete: 1, append: 2, subtract: 3 } as const

export interface ConfigChange {
  readonly operation: keyof typeof operations
  readonly name: string
  /** None for `delete`. */
  readonly value: string | null
}

/** Makes all changes of a resource, or none. */
export async function alterConfigs(
  client: KafkaClient,
  resource: ConfigResource,
  changes: readonly ConfigChange[],
  { validateOnly = false }: { validateOnly?: boolean } = {},
): Promise<KafkaError | undefined> {
  const connection = await connectionFor(client, resource)
  const answer = await connection.request(IncrementalAlterConfigs, {
    resources: [
      {
        resourceType: ResourceType[resource.type],
        resourceName: resource.name,
        configs: changes.map(({ name, operation, value }) => ({
          name,
          configOperation: operations[operation],
          value,
        })),
      },
    ],
    validateOnly,
  })
  const result = answer.responses[0]
  return errorOf(result?.errorCode ?? 0, result?.errorMessage)
}

function connectionFor(client: KafkaClient, { type, name }: ConfigResource): Promise<BrokerConnection> {
  const isOfOneBroker = (type === 'broker' || type === 'broker-logger') && /^\d+$/.test(name)
  return isOfOneBroker ? client.toBroker(Number(name)) : client.toController()
}
