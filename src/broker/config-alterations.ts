import type { Cluster } from '../cluster/cluster.ts'
import { ConfigResource } from '../cluster/metadata.ts'
import { KafkaError } from '../protocol/errors.ts'
import { findTopicNameFault } from '../storage/log/segment-names.ts'
import type { BrokerSettings } from './broker-settings.ts'
import { parseClientMetricsConfigs } from './client-metrics-config.ts'
import { applyOperations, ConfigOperation, type Operation } from './config-operations.ts'
import type { Setting } from './config-setting.ts'
import { findDynamicSetting, requireDynamic } from './dynamic-settings.ts'
import { findGroupSetting, parseGroupConfigs } from './group-config.ts'
import type { IdleSettings } from './idle-settings.ts'
import { GROUP_TOPIC } from './internal-topics.ts'
import type { LogLevels } from './log-levels.ts'
import { parseTopicConfigs } from './topic-config.ts'
import { findTopicSetting } from './topic-settings.ts'

/**
 * Changes of settings while the broker runs, for AlterConfigs and IncrementalAlterConfigs. A resource changes as a whole or not at all:
 * what would be set for it is checked together, appended to the metadata log, and in force when the answer leaves. Levels of loggers
 * are the exception, they are not kept.
 */
export interface Alteration {
  resourceType: number
  resourceName: string
  /** What is done to single settings; what was set and is not named stays. */
  operations?: readonly Operation[]
  /** All that shall be set; what is not named goes. */
  replacement?: readonly { name: string; value: string | null }[]
}

export interface ConfigAlterationsOptions {
  settings: BrokerSettings
  cluster: Cluster
  logLevels: LogLevels
  idle: IdleSettings
}

/** What one type of resource allows. */
interface Kind {
  findSetting(name: string): Setting | undefined
  /** Checks all that shall be set for a resource, and gives it as it is stored. */
  parse(resourceName: string, wanted: ReadonlyMap<string, string>): ReadonlyMap<string, string>
}

/** Kafka stores a value's length as an int16. */
const VALUE_LENGTH_MAX = 32_767

export class ConfigAlterations {
  readonly #options: ConfigAlterationsOptions
  readonly #kinds: ReadonlyMap<number, Kind>

  constructor(options: ConfigAlterationsOptions) {
    this.#options = options
    const { settings } = options
    this.#kinds = new Map<number, Kind>([
      [
        ConfigResource.TOPIC,
        {
          findSetting: name => findTopicSetting(name)?.setting,
          parse: (name, wanted) => this.#parseTopic(name, wanted),
        },
      ],
      [
        ConfigResource.BROKER,
        { findSetting: findDynamicSetting, parse: (name, wanted) => this.#parseBroker(name, wanted) },
      ],
      [
        ConfigResource.CLIENT_METRICS,
        // As in Kafka: lists of client metrics are set as a whole.
        { findSetting: () => undefined, parse: parseClientMetricsConfigs },
      ],
      [
        ConfigResource.GROUP,
        { findSetting: findGroupSetting, parse: (name, wanted) => parseGroup(settings, name, wanted) },
      ],
    ])
  }

  /** Changes one resource; throws the error that the client gets. */
  async alter(alteration: Alteration, validateOnly: boolean): Promise<void> {
    const { resourceType, resourceName, operations, replacement } = alteration
    requireDistinct(operations ?? replacement!)
    requireValues(alteration)
    if (resourceType === ConfigResource.BROKER_LOGGER && operations) {
      this.#requireThisNode(resourceName)
      this.#options.logLevels.alter(operations, validateOnly)
      return
    }
    const kind = this.#kinds.get(resourceType)
    if (!kind) throw new KafkaError('INVALID_REQUEST', `Unknown resource type ${resourceType}`)
    let wanted: ReadonlyMap<string, string> = new Map()
    await this.#options.cluster.alterConfigs(
      resourceType,
      resourceName,
      present => {
        const whole = operations
          ? applyOperations(present, operations, kind.findSetting)
          : new Map(replacement!.map(({ name, value }): [string, string] => [name, value!]))
        requireShort(whole)
        wanted = kind.parse(resourceName, whole)
        return wanted
      },
      validateOnly,
    )
    if (validateOnly) return
    const { idle } = this.#options
    if (resourceType === ConfigResource.BROKER) idle.tellBroker(wanted)
    if (resourceType === ConfigResource.TOPIC) idle.tellTopic(resourceName, wanted)
  }

  #parseTopic(name: string, wanted: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
    const { settings, cluster } = this.#options
    if (name === '') throw new KafkaError('INVALID_REQUEST', 'Default topic resources are not allowed.')
    const fault = findTopicNameFault(name)
    if (fault) throw new KafkaError('INVALID_TOPIC_EXCEPTION', fault)
    const overrides = parseTopicConfigs(
      settings,
      Array.from(wanted, ([name, value]) => ({ name, value })),
    )
    if (!cluster.metadata.findTopic(name)) {
      throw new KafkaError('UNKNOWN_TOPIC_OR_PARTITION', `The topic '${name}' does not exist.`)
    }
    if (name === GROUP_TOPIC && overrides.get('cleanup.policy') !== 'compact') {
      throw new KafkaError(
        'INVALID_CONFIG',
        `cleanup.policy of ${name} must be compact: the newest offsets of groups are kept for ever`,
      )
    }
    return overrides
  }

  #parseBroker(name: string, wanted: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
    if (name !== '') this.#requireThisNode(name)
    requireDynamic(this.#options.settings, wanted, name !== '')
    return wanted
  }

  #requireThisNode(name: string): void {
    const { nodeId } = this.#options.cluster
    if (!/^[+-]?\d+$/.test(name)) {
      throw new KafkaError('INVALID_REQUEST', `Node id must be an integer, but it is: ${name}`)
    }
    if (name !== String(nodeId)) {
      throw new KafkaError(
        'INVALID_REQUEST',
        `Unexpected broker id, expected ${nodeId}, but received ${name}`,
      )
    }
  }
}

function parseGroup(
  settings: BrokerSettings,
  name: string,
  wanted: ReadonlyMap<string, string>,
): ReadonlyMap<string, string> {
  if (name === '') throw new KafkaError('INVALID_REQUEST', 'Default group resources are not allowed.')
  return parseGroupConfigs(settings, wanted)
}

function requireDistinct(entries: readonly { name: string }[]): void {
  if (new Set(entries.map(({ name }) => name)).size === entries.length) return
  throw new KafkaError('INVALID_REQUEST', 'Error due to duplicate config keys')
}

function requireValues({ operations, replacement }: Alteration): void {
  const nulls = operations
    ? operations.filter(({ operation, value }) => value === null && operation !== ConfigOperation.DELETE)
    : replacement!.filter(({ value }) => value === null)
  if (nulls.length === 0) return
  const names = nulls.map(({ name }) => name).join(', ')
  throw new KafkaError('INVALID_REQUEST', `Null value not supported for : ${names}`)
}

function requireShort(wanted: ReadonlyMap<string, string>): void {
  for (const value of wanted.values()) {
    if (value.length <= VALUE_LENGTH_MAX) continue
    throw new KafkaError(
      'INVALID_CONFIG',
      `a value may have ${VALUE_LENGTH_MAX} characters, and one has ${value.length}`,
    )
  }
}
