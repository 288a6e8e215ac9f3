/**
 * The configuration of a topic: what was set for it, over the broker's defaults.
 *
 * `topicConfigOf` gives an unchangeable view; a change makes a new one. A broker default may be written in several
 * units (`log.retention.ms`, `.minutes`, `.hours`); the strongest that is set counts, as in Kafka.
 */
import { KafkaError } from '../protocol/errors.ts'
import type { LogSettings } from '../storage/log/log-settings.ts'
import type { SettingsReader } from './config.ts'
import { refusalOf } from './config-setting.ts'
import { synonymsOf } from './config-table.ts'
import { syncPolicyOf } from './sync-policy.ts'
import {
  findTopicSetting,
  type TopicSetting,
  type TopicSettingName,
  type TopicValueOf,
  topicSettings,
} from './topic-settings.ts'

/** What was set for one topic, by name, in Kafka's spelling. */
export type TopicOverrides = ReadonlyMap<string, string>

/** Times and sizes in ms and bytes; Infinity is without bound, and so is a retention of −1. */
export interface TopicConfig {
  cleanupPolicy: { delete: boolean; compact: boolean }
  compressionType: 'producer' | 'uncompressed' | 'gzip' | 'snappy' | 'lz4' | 'zstd'
  compressionLevels: { gzip: number; zstd: number }
  deleteRetentionMs: number
  fileDeleteDelayMs: number
  flushMessages: number
  flushMs: number
  indexIntervalBytes: number
  maxCompactionLagMs: number
  maxMessageBytes: number
  messageTimestampAfterMaxMs: number
  messageTimestampBeforeMaxMs: number
  messageTimestampType: 'CreateTime' | 'LogAppendTime'
  minCleanableDirtyRatio: number
  minCompactionLagMs: number
  minInsyncReplicas: number
  retentionBytes: number
  retentionMs: number
  segmentBytes: number
  segmentIndexBytes: number
  segmentJitterMs: number
  segmentMs: number
}

const noOverrides: TopicOverrides = new Map()
const msByUnit = { minutes: 60_000, hours: 3_600_000 }

/** Checks what a client wants to set for a topic, all of it, and gives it in Kafka's spelling. Throws INVALID_CONFIG. */
export function parseTopicConfigs(
  config: SettingsReader,
  wanted: readonly { name: string; value: string | null }[],
): TopicOverrides {
  const nulls = wanted.filter(({ value }) => value === null)
  if (nulls.length > 0) {
    const names = nulls.map(({ name }) => name).join(',')
    throw new KafkaError('INVALID_CONFIG', `Null value not supported for topic configs: ${names}`)
  }
  const overrides = new Map<string, string>()
  for (const { name, value } of wanted) {
    const topic = findTopicSetting(name)
    if (!topic) throw new KafkaError('INVALID_CONFIG', `Unknown topic config name: ${name}`)
    const parsed = topic.setting.parse(value!)
    if (!parsed) throw new KafkaError('INVALID_CONFIG', refusalOf(name, value!, topic.setting))
    overrides.set(name, parsed.text)
  }
  requireConsistent(topicConfigOf(config, overrides))
  if (overrides.get('remote.storage.enable') === 'true') {
    throw new KafkaError('INVALID_CONFIG', 'remote.storage.enable=true: there is no tiered storage')
  }
  return overrides
}

export function topicConfigOf(config: SettingsReader, overrides: TopicOverrides = noOverrides): TopicConfig {
  const value = <N extends TopicSettingName>(name: N) => topicValue(config, overrides, name)
  const policies = value('cleanup.policy')
  return Object.freeze({
    cleanupPolicy: { delete: policies.includes('delete'), compact: policies.includes('compact') },
    compressionType: value('compression.type'),
    compressionLevels: {
      gzip: value('compression.gzip.level'),
      zstd: value('compression.zstd.level'),
    },
    deleteRetentionMs: value('delete.retention.ms'),
    fileDeleteDelayMs: value('file.delete.delay.ms'),
    flushMessages: value('flush.messages'),
    flushMs: value('flush.ms'),
    indexIntervalBytes: value('index.interval.bytes'),
    maxCompactionLagMs: value('max.compaction.lag.ms'),
    maxMessageBytes: value('max.message.bytes'),
    messageTimestampAfterMaxMs: value('message.timestamp.after.max.ms'),
    messageTimestampBeforeMaxMs: value('message.timestamp.before.max.ms'),
    messageTimestampType: value('message.timestamp.type'),
    minCleanableDirtyRatio: value('min.cleanable.dirty.ratio'),
    minCompactionLagMs: value('min.compaction.lag.ms'),
    minInsyncReplicas: value('min.insync.replicas'),
    retentionBytes: value('retention.bytes'),
    retentionMs: value('retention.ms'),
    segmentBytes: value('segment.bytes'),
    segmentIndexBytes: value('segment.index.bytes'),
    segmentJitterMs: value('segment.jitter.ms'),
    segmentMs: value('segment.ms'),
  })
}

/** What the log of a partition needs of its topic's configuration. */
export function logSettingsOf(config: SettingsReader, topic: TopicConfig): LogSettings {
  const policy = syncPolicyOf(config, topic)
  return {
    segmentBytes: topic.segmentBytes,
    // What may not wait longer than this for compaction must not stay in the active segment either, as in Kafka.
    segmentMs: topic.cleanupPolicy.compact
      ? Math.min(topic.segmentMs, topic.maxCompactionLagMs)
      : topic.segmentMs,
    segmentJitterMs: topic.segmentJitterMs,
    indexBytesMax: topic.segmentIndexBytes,
    indexIntervalBytes: topic.indexIntervalBytes,
    syncEveryRecords: policy.messages,
    syncEveryMs: policy.ms,
    retentionMs: topic.retentionMs,
    retentionBytes: topic.retentionBytes,
    isCompacted: topic.cleanupPolicy.compact,
    isDeleted: topic.cleanupPolicy.delete,
    minCompactionLagMs: topic.minCompactionLagMs,
    maxCompactionLagMs: topic.maxCompactionLagMs,
    minCleanableDirtyRatio: topic.minCleanableDirtyRatio,
    deleteRetentionMs: topic.deleteRetentionMs,
    fileDeleteDelayMs: topic.fileDeleteDelayMs,
  }
}

/** The broker's default for a topic setting, in Kafka's spelling. */
export function topicDefaultText(config: SettingsReader, { broker, setting }: TopicSetting): string {
  const names = broker === null ? [] : synonymsOf(broker)
  for (const name of names) {
    const text = config.text(name)
    if (text !== null) return inMs(name, text)
  }
  return setting.default ?? ''
}

function topicValue<N extends TopicSettingName>(config: SettingsReader, overrides: TopicOverrides, name: N) {
  const topic: TopicSetting = topicSettings[name]
  const text = overrides.get(name) ?? topicDefaultText(config, topic)
  return topic.setting.parse(text)!.value as TopicValueOf<N>
}

/** A time in minutes or hours, as the name says, in ms; below zero is Kafka's "for ever". */
function inMs(name: string, text: string): string {
  const unit = name.slice(name.lastIndexOf('.') + 1)
  const factor = msByUnit[unit as keyof typeof msByUnit]
  if (factor === undefined) return text
  return Number(text) < 0 ? '-1' : String(Number(text) * factor)
}

function requireConsistent({ minCompactionLagMs, maxCompactionLagMs }: TopicConfig): void {
  if (minCompactionLagMs <= maxCompactionLagMs) return
  const range = `min.compaction.lag.ms=${minCompactionLagMs} is above max.compaction.lag.ms=${maxCompactionLagMs}`
  throw new KafkaError('INVALID_CONFIG', range)
}
