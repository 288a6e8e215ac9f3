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
  ['nosuch', '1', 'nosuch is not a topic config'],
  ['__proto__', '1', '__proto__ is not a topic config'],
  ['retention.ms', null, 'retention.ms needs a value'],
  ['retention.ms', 'abc', 'retention.ms=abc: must be a whole number from -1 to 9223372036854775807'],
  ['segment.bytes', '100', 'segment.bytes=100: must be a whole number from 1048576 to 2147483647'],
  ['cleanup.policy', 'keep', 'cleanup.policy=keep: must be a list, separated by commas, of compact, delete'],
  ['compression.gzip.level', '0', 'compression.gzip.level=0: must be a whole number from 1 to 9, or -1'],
  ['flush.messages', '9223372036854775808', 'flush.messages=9223372036854775808: must be a whole number'],
  ['index.interval.bytes', '1.5', 'index.interval.bytes=1.5: must be a whole number'],
  ['preallocate', 'maybe', 'preallocate=maybe: must be true or false'],
  ['min.cleanable.dirty.ratio', 'NaN', 'min.cleanable.dirty.ratio=NaN: must be a number from 0 to 1'],
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
