/** The answers of DescribeConfigs: for the broker and for a topic, row by row as Kafka 4.3 reports them. */
import type { Config } from './config.ts'
import { isSecret } from './config.ts'
import { typeCodes } from './config-setting.ts'
import { settingsTable, synonymsOf } from './config-table.ts'
import { settingTexts } from './config-texts.ts'
import { type TopicOverrides, topicDefaultText } from './topic-config.ts'
import { findTopicSetting, topicSettings, topicSettingText } from './topic-settings.ts'

/** Where a value comes from, by DescribeConfigs' codes. */
const ConfigSource = {
  DYNAMIC_TOPIC: 1,
  DYNAMIC_BROKER: 2,
  DYNAMIC_DEFAULT_BROKER: 3,
  STATIC_BROKER: 4,
  DEFAULT: 5,
} as const

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
export function describeBroker(config: Config): DescribedConfig[] {
  const unknown = [...config.given.keys()].filter(name => !settingsTable.has(name))
  return [...settingsTable.keys(), ...unknown].map(name => describeBrokerSetting(config, name))
}

/** All settings of a topic. */
export function describeTopic(config: Config, overrides: TopicOverrides): DescribedConfig[] {
  return Object.keys(topicSettings).map(name => describeTopicSetting(config, overrides, name))
}

function describeBrokerSetting(config: Config, name: string): DescribedConfig {
  const entry = settingsTable.get(name)
  const isSensitive = isSecret(name)
  const synonyms = brokerSynonyms(config, name)
  return {
    name,
    value: isSensitive ? null : valueInForce(config, name),
    readOnly: !entry?.setting.dynamic,
    configSource: synonyms[0]?.source ?? ConfigSource.DEFAULT,
    isSensitive,
    synonyms,
    configType: entry ? typeCodes[entry.setting.type] : 0,
    documentation: (settingTexts as Record<string, string>)[name] ?? null,
  }
}

function describeTopicSetting(config: Config, overrides: TopicOverrides, name: string): DescribedConfig {
  const topic = findTopicSetting(name)!
  const own = overrides.get(name)
  const synonyms = topic.broker === null ? [] : brokerSynonyms(config, topic.broker)
  if (own !== undefined) synonyms.unshift({ name, value: own, source: ConfigSource.DYNAMIC_TOPIC })
  return {
    name,
    value: own ?? topicDefaultText(config, topic),
    readOnly: false,
    configSource: synonyms[0]?.source ?? ConfigSource.DEFAULT,
    isSensitive: false,
    synonyms,
    configType: typeCodes[topic.setting.type],
    documentation: topicSettingText(topic),
  }
}

/**
 * Kafka lists every name that can stand in, given values before defaults, and then leaves out what comes before the
 * first entry of the setting's own name. So `log.roll.hours` never shows up where `log.roll.ms` has no value.
 */
function brokerSynonyms(config: Config, name: string): ConfigSynonym[] {
  const names = synonymsOf(name)
  const given = names.flatMap(one => givenSynonym(config, one))
  const defaults = names.flatMap(one => defaultSynonym(one))
  const all = [...given, ...defaults]
  const first = all.findIndex(synonym => synonym.name === name)
  return first < 0 ? [] : all.slice(first)
}

/** `broker.id` is the older name of `node.id`: Kafka reports one value under both names. */
const nodeIds: Record<string, string> = { 'broker.id': 'node.id', 'node.id': 'broker.id' }

function valueInForce(config: Config, name: string): string | null {
  return name in nodeIds ? String(config.nodeId) : config.text(name)
}

function givenSynonym(config: Config, name: string): ConfigSynonym[] {
  const given = config.given.get(name) ?? config.given.get(nodeIds[name] ?? '')
  if (!given) return []
  return [{ name, value: isSecret(name) ? null : given.raw, source: ConfigSource.STATIC_BROKER }]
}

function defaultSynonym(name: string): ConfigSynonym[] {
  const value = settingsTable.get(name)?.setting.default ?? null
  return value === null ? [] : [{ name, value, source: ConfigSource.DEFAULT }]
}
