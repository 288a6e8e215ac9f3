/**
 * The table of topic settings: all 33 of Kafka 4.3, each with the broker setting that gives its default (`null` for
 * those that have none). Types, bounds and defaults are Kafka's.
 */

import { effectiveSettings } from './config-effective.ts'
import { boolean, double, int, LONG_MAX, list, long, type Setting } from './config-setting.ts'
import { type Effect, settingsTable } from './config-table.ts'
import { settingTexts } from './config-texts.ts'

export interface TopicSetting<T = unknown> {
  /** The broker setting that gives the default. */
  readonly broker: string | null
  readonly setting: Setting<T>
}

export type TopicSettingName = keyof typeof topicSettings
export type TopicValueOf<N extends TopicSettingName> =
  (typeof topicSettings)[N] extends TopicSetting<infer T> ? T : never

const {
  'compression.type': compression,
  'log.cleanup.policy': cleanupPolicy,
  'log.message.timestamp.type': timestampType,
} = effectiveSettings

const throttledReplicas = {
  test: /^(\*|\d+:\d+|)$/,
  allowed: '* or a list of PARTITION:BROKER, separated by commas',
}

export const topicSettings = {
  'cleanup.policy': topic('log.cleanup.policy', cleanupPolicy),
  'compression.gzip.level': topic('compression.gzip.level', int(-1, { min: 1, max: 9, or: -1 })),
  'compression.lz4.level': topic('compression.lz4.level', int(9, { min: 1, max: 17 })),
  'compression.type': topic('compression.type', compression),
  'compression.zstd.level': topic('compression.zstd.level', int(3, { min: -131_072, max: 22 })),
  'delete.retention.ms': topic('log.cleaner.delete.retention.ms', long(86_400_000, { min: 0 })),
  'file.delete.delay.ms': topic('log.segment.delete.delay.ms', long(60_000, { min: 0 })),
  'flush.messages': topic('log.flush.interval.messages', long(1, { min: 1, kafka: LONG_MAX })),
  'flush.ms': topic('log.flush.interval.ms', long(LONG_MAX, { min: 0 })),
  'follower.replication.throttled.replicas': topic(null, list('', { pattern: throttledReplicas })),
  'index.interval.bytes': topic('log.index.interval.bytes', int(4096, { min: 0 })),
  'leader.replication.throttled.replicas': topic(null, list('', { pattern: throttledReplicas })),
  'local.retention.bytes': topic('log.local.retention.bytes', long(-2, { min: -2 })),
  'local.retention.ms': topic('log.local.retention.ms', long(-2, { min: -2 })),
  'max.compaction.lag.ms': topic('log.cleaner.max.compaction.lag.ms', long(LONG_MAX, { min: 1 })),
  'max.message.bytes': topic('message.max.bytes', int(1_048_588, { min: 0 })),
  'message.timestamp.after.max.ms': topic('log.message.timestamp.after.max.ms', long(3_600_000, { min: 0 })),
  'message.timestamp.before.max.ms': topic('log.message.timestamp.before.max.ms', long(LONG_MAX, { min: 0 })),
  'message.timestamp.type': topic('log.message.timestamp.type', timestampType),
  'min.cleanable.dirty.ratio': topic('log.cleaner.min.cleanable.ratio', double(0.5, { min: 0, max: 1 })),
  'min.compaction.lag.ms': topic('log.cleaner.min.compaction.lag.ms', long(0, { min: 0 })),
  'min.insync.replicas': topic('min.insync.replicas', int(1, { min: 1 })),
  preallocate: topic('log.preallocate', boolean(false)),
  'remote.log.copy.disable': topic(null, boolean(false)),
  'remote.log.delete.on.disable': topic(null, boolean(false)),
  'remote.storage.enable': topic(null, boolean(false)),
  'retention.bytes': topic('log.retention.bytes', long(-1)),
  'retention.ms': topic('log.retention.ms', long(604_800_000, { min: -1 })),
  'segment.bytes': topic('log.segment.bytes', int(1_073_741_824, { min: 1_048_576 })),
  'segment.index.bytes': topic('log.index.size.max.bytes', int(10_485_760, { min: 4 })),
  'segment.jitter.ms': topic('log.roll.jitter.ms', long(0, { min: 0 })),
  'segment.ms': topic('log.roll.ms', long(604_800_000, { min: 1 })),
  'unclean.leader.election.enable': topic('unclean.leader.election.enable', boolean(false)),
} as const

export function findTopicSetting(name: string): TopicSetting | undefined {
  return Object.hasOwn(topicSettings, name) ? topicSettings[name as TopicSettingName] : undefined
}

/** Whether the setting changes anything: as the broker's default of it does. */
export function topicEffect(name: string): Effect {
  const broker = findTopicSetting(name)?.broker
  return broker ? settingsTable.get(broker)!.effect : 'later'
}

/** The sentence of the broker setting behind it, which says the same for all topics. */
export function topicSettingText({ broker }: TopicSetting): string | null {
  return broker === null ? null : ((settingTexts as Record<string, string>)[broker] ?? null)
}

function topic<T>(broker: string | null, setting: Setting<T>): TopicSetting<T> {
  return { broker, setting }
}
