/** The answers of DescribeConfigs: for each type of resource, row by row as Kafka 4.3 reports them. */
import type { BrokerSettings } from './broker-settings.ts'
import { clientMetricsSettings } from './client-metrics-config.ts'
import { type Setting, typeCodes } from './config-setting.ts'
import { settingsTable, synonymsOf } from './config-table.ts'
import { settingTexts } from './config-texts.ts'
import { findDynamicSetting, isDynamic } from './dynamic-settings.ts'
import { findGroupDefault, groupDefaultText, groupSettings } from './group-config.ts'
import { type TopicOverrides, topicDefaultText } from './topic-config.ts'
import { findTopicSetting, topicSettings, topicSettingText } from './topic-settings.ts'

/** Where a value comes from, by DescribeConfigs' codes. */
const ConfigSource = {
  DYNAMIC_TOPIC: 1,
  DYNAMIC_BROKER: 2,
  DYNAMIC_DEFAULT_BROKER: 3,
  STATIC_BROKER: 4,
  DEFAULT: 5,
  DYNAMIC_BROKER_LOGGER: 6,
  CLIENT_METRICS: 7,
  GROUP: 8,
} as const

/** The type of what has none: levels of loggers, and settings that nobody knows. */
const UNKNOWN_TYPE = 0

export interface ConfigSynonym {
  name: string
  value: string | null
  source: number
}

/** A row of the response, with the response's own field names. */
export interface DescribedConfig {
  name: string
  value: string | null
  readOnly: boolean
  configSource: number
  isSensitive: boolean
  /** The sources that have a value, strongest first. */
  synonyms: ConfigSynonym[]
  configType: number
  documentation: string | null
}

/** All settings of the broker: those of the table, then those it was given and does not know. */
export function describeBroker(settings: BrokerSettings): DescribedConfig[] {
  const { config, own, shared } = settings
  const given = new Set([...config.given.keys(), ...own.keys(), ...shared.keys()])
  const unknown = [...given].filter(name => !settingsTable.has(name))
  return [...settingsTable.keys(), ...unknown].map(name => describeBrokerSetting(settings, name))
}

/** What was set for all brokers, and nothing else. */
export function describeAllBrokers(settings: BrokerSettings): DescribedConfig[] {
  return Array.from(settings.shared, ([name, written]) => {
    const row = describeBrokerSetting(settings, name)
    const synonyms = row.synonyms.filter(({ source }) => source === ConfigSource.DYNAMIC_DEFAULT_BROKER)
    return {
      ...row,
      value: row.isSensitive ? null : written,
      synonyms,
      configSource: ConfigSource.DYNAMIC_DEFAULT_BROKER,
    }
  })
}

/** All settings of a topic. */
export function describeTopic(settings: BrokerSettings, overrides: TopicOverrides): DescribedConfig[] {
  return Object.keys(topicSettings).map(name => {
    const topic = findTopicSetting(name)!
    const fallback = topicDefaultText(settings, topic)
    const inherited = topic.broker === null ? [] : brokerSynonyms(settings, topic.broker)
    const row = describeOverride(name, topic.setting, overrides, ConfigSource.DYNAMIC_TOPIC, inherited)
    return { ...row, value: row.value ?? fallback, documentation: topicSettingText(topic) }
  })
}

/** All settings of a group. */
export function describeGroup(
  settings: BrokerSettings,
  overrides: ReadonlyMap<string, string>,
): DescribedConfig[] {
  return Object.entries(groupSettings).map(([name, setting]) => {
    const broker = findGroupDefault(name)
    const inherited = broker === undefined ? defaultOf(name, setting) : brokerSynonyms(settings, broker)
    const row = describeOverride(name, setting, overrides, ConfigSource.GROUP, inherited)
    return { ...row, value: row.value ?? groupDefaultText(settings, name) }
  })
}

/** All settings of a subscription of client metrics. */
export function describeClientMetrics(overrides: ReadonlyMap<string, string>): DescribedConfig[] {
  return Object.entries(clientMetricsSettings).map(([name, setting]) => {
    const row = describeOverride(name, setting, overrides, ConfigSource.CLIENT_METRICS, [])
    return { ...row, value: row.value ?? setting.default }
  })
}

/** The level of each logger. */
export function describeLoggers(levels: ReadonlyMap<string, string>): DescribedConfig[] {
  return Array.from(levels, ([name, value]) => ({
    name,
    value,
    readOnly: false,
    configSource: ConfigSource.DYNAMIC_BROKER_LOGGER,
    isSensitive: false,
    synonyms: [],
    configType: UNKNOWN_TYPE,
    documentation: null,
  }))
}

/** What a resource has for itself, before what it inherits. */
function describeOverride(
  name: string,
  setting: Setting,
  overrides: ReadonlyMap<string, string>,
  source: number,
  inherited: readonly ConfigSynonym[],
): DescribedConfig {
  const value = overrides.get(name) ?? null
  const synonyms = value === null ? [...inherited] : [{ name, value, source }, ...inherited]
  return {
    name,
    value,
    readOnly: false,
    configSource: synonyms[0]?.source ?? ConfigSource.DEFAULT,
    isSensitive: false,
    synonyms,
    configType: typeCodes[setting.type],
    documentation: null,
  }
}

function describeBrokerSetting(settings: BrokerSettings, name: string): DescribedConfig {
  const setting = findDynamicSetting(name)
  const synonyms = brokerSynonyms(settings, name)
  const isSensitive = isHidden(name)
  return {
    name,
    value: isSensitive ? null : valueInForce(settings, name),
    readOnly: !isDynamic(name),
    configSource: synonyms[0]?.source ?? ConfigSource.DEFAULT,
    isSensitive,
    synonyms,
    configType: setting ? typeCodes[setting.type] : UNKNOWN_TYPE,
    documentation: (settingTexts as Record<string, string>)[name] ?? null,
  }
}

/**
 * Kafka lists every name that can stand in, given values before defaults, and then leaves out what comes before the
 * first entry of the setting's own name. So `log.roll.hours` never shows up where `log.roll.ms` has no value.
 */
function brokerSynonyms(settings: BrokerSettings, name: string): ConfigSynonym[] {
  const names = synonymsOf(name)
  const { own, shared, config } = settings
  const all = [
    ...names.flatMap(one => synonym(one, own.get(one), ConfigSource.DYNAMIC_BROKER)),
    ...names.flatMap(one => synonym(one, shared.get(one), ConfigSource.DYNAMIC_DEFAULT_BROKER)),
    ...names.flatMap(one => synonym(one, givenText(config.given, one), ConfigSource.STATIC_BROKER)),
    ...names.flatMap(one => synonym(one, settingsTable.get(one)?.setting.default, ConfigSource.DEFAULT)),
  ]
  const first = all.findIndex(one => one.name === name)
  return first < 0 ? [] : all.slice(first)
}

function synonym(name: string, value: string | null | undefined, source: number): ConfigSynonym[] {
  if (value === undefined || value === null) return []
  return [{ name, value: isHidden(name) ? null : value, source }]
}

function defaultOf(name: string, setting: Setting): ConfigSynonym[] {
  return setting.default === null ? [] : [{ name, value: setting.default, source: ConfigSource.DEFAULT }]
}

/** A password, or what nobody knows and may be one; also under the prefix of a listener. */
function isHidden(name: string): boolean {
  const setting = findDynamicSetting(name)
  return setting === undefined || setting.type === 'PASSWORD'
}

/** `broker.id` is the older name of `node.id`: Kafka reports one value under both names. */
const nodeIds: Record<string, string> = { 'broker.id': 'node.id', 'node.id': 'broker.id' }

function valueInForce(settings: BrokerSettings, name: string): string | null {
  return name in nodeIds ? String(settings.config.nodeId) : settings.text(name)
}

function givenText(given: ReadonlyMap<string, { raw: string }>, name: string): string | undefined {
  return (given.get(name) ?? given.get(nodeIds[name] ?? ''))?.raw
}
