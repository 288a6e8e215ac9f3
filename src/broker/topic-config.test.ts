import { expect, test } from 'vitest'
import { loadConfig } from './config.ts'
import { logSettingsOf, parseTopicConfigs, topicConfigOf } from './topic-config.ts'

const config = loadConfig()
const parse = (name: string, value: string | null) => parseTopicConfigs(config, [{ name, value }])

test('takes Kafka’s defaults where the broker sets none', () => {
  expect(topicConfigOf(config)).toMatchObject({
    cleanupPolicy: { delete: true, compact: false },
    compressionType: 'producer',
    flushMessages: 1,
    flushMs: Infinity,
    maxCompactionLagMs: Infinity,
    maxMessageBytes: 1_048_588,
    messageTimestampType: 'CreateTime',
    retentionBytes: -1,
    retentionMs: 604_800_000,
    segmentBytes: 1_073_741_824,
    segmentMs: 604_800_000,
  })
})

test('takes the broker’s defaults, and its own overrides before those', () => {
  const broker = loadConfig({
    overrides: {
      'log.segment.bytes': 2_000_000,
      'compression.type': 'zstd',
      'log.cleanup.policy': 'compact,delete',
    },
  })
  const overrides = parseTopicConfigs(broker, [{ name: 'compression.type', value: 'gzip' }])
  expect(topicConfigOf(broker, overrides)).toMatchObject({
    segmentBytes: 2_000_000,
    compressionType: 'gzip',
    cleanupPolicy: { delete: true, compact: true },
  })
})

test.each([
  [{ 'log.retention.hours': 5 }, 18_000_000],
  [{ 'log.retention.hours': 5, 'log.retention.minutes': 3 }, 180_000],
  [{ 'log.retention.minutes': 3, 'log.retention.ms': 70 }, 70],
  [{ 'log.retention.hours': -1 }, -1],
])('takes the strongest unit of a time: %o', (overrides, retentionMs) => {
  expect(topicConfigOf(loadConfig({ overrides })).retentionMs).toBe(retentionMs)
})

test('knows the weaker units of rolling and flushing too', () => {
  const overrides = { 'log.roll.hours': 2, 'log.roll.jitter.hours': 1, 'log.flush.scheduler.interval.ms': 9 }
  expect(topicConfigOf(loadConfig({ overrides }))).toMatchObject({
    segmentMs: 7_200_000,
    segmentJitterMs: 3_600_000,
    flushMs: 9,
  })
})

test('keeps what a client sets in Kafka’s spelling', () => {
  const wanted = [
    { name: 'cleanup.policy', value: ' compact , delete' },
    { name: 'max.compaction.lag.ms', value: '007' },
    { name: 'min.cleanable.dirty.ratio', value: '0.500' },
    { name: 'leader.replication.throttled.replicas', value: '0:1,1:2' },
  ]
  expect([...parseTopicConfigs(config, wanted).values()]).toEqual(['compact,delete', '7', '0.5', '0:1,1:2'])
})

test.each([
  ['nosuch', '1', 'Unknown topic config name: nosuch'],
  ['__proto__', '1', 'Unknown topic config name: __proto__'],
  ['retention.ms', null, 'Null value not supported for topic configs: retention.ms'],
  [
    'retention.ms',
    'abc',
    'Invalid value abc for configuration retention.ms: must be a whole number from -1 to 9223372036854775807',
  ],
  [
    'segment.bytes',
    '100',
    'Invalid value 100 for configuration segment.bytes: must be a whole number from 1048576 to 2147483647',
  ],
  [
    'cleanup.policy',
    'keep',
    'Invalid value keep for configuration cleanup.policy: must be a list, separated by commas, of compact, delete',
  ],
  [
    'compression.gzip.level',
    '0',
    'Invalid value 0 for configuration compression.gzip.level: must be a whole number from 1 to 9, or -1',
  ],
  [
    'flush.messages',
    '9223372036854775808',
    'Invalid value 9223372036854775808 for configuration flush.messages: must be a whole number',
  ],
  [
    'index.interval.bytes',
    '1.5',
    'Invalid value 1.5 for configuration index.interval.bytes: must be a whole number',
  ],
  ['preallocate', 'maybe', 'Invalid value maybe for configuration preallocate: must be true or false'],
  [
    'min.cleanable.dirty.ratio',
    'NaN',
    'Invalid value NaN for configuration min.cleanable.dirty.ratio: must be a number from 0 to 1',
  ],
  ['leader.replication.throttled.replicas', 'x', 'must be * or a list of PARTITION:BROKER'],
  ['remote.storage.enable', 'true', 'there is no tiered storage'],
])('refuses %s=%s with INVALID_CONFIG', (name, value, message) => {
  expect(() => parse(name, value)).toThrow(
    expect.objectContaining({ code: 40, message: expect.stringContaining(message) }),
  )
})

test('refuses a compaction lag whose least is above its most', () => {
  const wanted = [
    { name: 'min.compaction.lag.ms', value: '10' },
    { name: 'max.compaction.lag.ms', value: '5' },
  ]
  expect(() => parseTopicConfigs(config, wanted)).toThrow(
    'min.compaction.lag.ms=10 is above max.compaction.lag.ms=5',
  )
})

test('tells the log what it needs', () => {
  const dev = loadConfig({ overrides: { 'loggerhead.dev': true } })
  expect(logSettingsOf(config, topicConfigOf(config))).toMatchObject({ syncEveryRecords: 1, isDeleted: true })
  expect(logSettingsOf(dev, topicConfigOf(dev))).toMatchObject({
    syncEveryRecords: Infinity,
    isCompacted: false,
  })
})
