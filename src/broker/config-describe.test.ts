import { expect, test } from 'vitest'
import { Metadata } from '../cluster/metadata.ts'
import { BrokerSettings } from './broker-settings.ts'
import { loadConfig } from './config.ts'
import { describeBroker, describeTopic } from './config-describe.ts'
import { parseTopicConfigs } from './topic-config.ts'

const overrides = {
  'log.retention.hours': '5',
  'log.roll.hours': '3',
  'log.flush.interval.ms': '1000',
  'log.cleanup.policy': 'compact, delete',
  'log.cleaner.min.cleanable.ratio': '0.50',
  'ssl.key.password': 'open sesame',
  'foo.bar': '1',
  'node.id': '7',
}
const config = settingsFrom({ overrides })
const broker = new Map(describeBroker(config).map(row => [row.name, row]))
const topic = topicRows([])

/** As at a start: nothing was set since. */
function settingsFrom(sources: Parameters<typeof loadConfig>[0] = {}): BrokerSettings {
  return new BrokerSettings(loadConfig(sources), new Metadata())
}

function topicRows(wanted: { name: string; value: string }[]) {
  return new Map(describeTopic(config, parseTopicConfigs(config, wanted)).map(row => [row.name, row]))
}

/** value, source, [synonym, value, source]… as a real Kafka 4.3 gave them for the same settings. */
function brief(row: ReturnType<typeof describeBroker>[number] | undefined) {
  return [
    row?.value,
    row?.configSource,
    ...(row?.synonyms ?? []).map(s => `${s.name}=${s.value} ${s.source}`),
  ]
}

test('lists every setting of the broker and of a topic', () => {
  expect([...broker.keys()].filter(name => !name.startsWith('loggerhead.'))).toHaveLength(341)
  expect(topic.size).toBe(33)
})

test('reports a given value in one spelling and its synonym as it was written', () => {
  expect(brief(broker.get('log.cleanup.policy'))).toEqual([
    'compact,delete',
    4,
    'log.cleanup.policy=compact, delete 4',
    'log.cleanup.policy=delete 5',
  ])
  expect(brief(broker.get('log.cleaner.min.cleanable.ratio'))).toEqual([
    '0.5',
    4,
    'log.cleaner.min.cleanable.ratio=0.50 4',
    'log.cleaner.min.cleanable.ratio=0.5 5',
  ])
})

test('reports a default, an unset one without synonyms', () => {
  expect(brief(broker.get('log.segment.bytes'))).toEqual(['1073741824', 5, 'log.segment.bytes=1073741824 5'])
  expect(brief(broker.get('log.retention.ms'))).toEqual([null, 5])
})

test('reports weaker names behind a setting, never before it', () => {
  expect(brief(broker.get('log.flush.interval.ms'))).toEqual([
    '1000',
    4,
    'log.flush.interval.ms=1000 4',
    'log.flush.scheduler.interval.ms=9223372036854775807 5',
  ])
  expect(brief(topic.get('retention.ms'))).toEqual(['18000000', 5])
  const times = { 'log.retention.minutes': '9', 'log.retention.hours': '5' }
  const rows = new Map(describeBroker(settingsFrom({ overrides: times })).map(row => [row.name, row]))
  const [minutes, hours, fallback] = [
    'log.retention.minutes=9 4',
    'log.retention.hours=5 4',
    'log.retention.hours=168 5',
  ]
  expect(brief(rows.get('log.retention.minutes'))).toEqual(['9', 4, minutes, hours, fallback])
  expect(brief(rows.get('log.retention.hours'))).toEqual(['5', 4, hours, fallback])
  expect(brief(rows.get('log.flush.scheduler.interval.ms'))).toHaveLength(3)
  expect(brief(topic.get('segment.ms'))).toEqual(['10800000', 5])
  expect(brief(topic.get('flush.ms'))).toEqual([
    '1000',
    4,
    'log.flush.interval.ms=1000 4',
    'log.flush.scheduler.interval.ms=9223372036854775807 5',
  ])
})

test('reports the node id under both of its names', () => {
  expect(brief(broker.get('broker.id'))).toEqual(['7', 4, 'broker.id=7 4', 'broker.id=-1 5'])
  expect(brief(broker.get('node.id')).slice(0, 3)).toEqual(['7', 4, 'node.id=7 4'])
})

test('never shows passwords and settings it does not know', () => {
  expect(broker.get('ssl.key.password')).toMatchObject({
    value: null,
    isSensitive: true,
    configType: 9,
    configSource: 4,
  })
  expect(broker.get('foo.bar')).toMatchObject({
    value: null,
    isSensitive: true,
    configType: 0,
    readOnly: true,
  })
  expect(JSON.stringify([...broker.values()]).includes('open sesame')).toBe(false)
})

test('reports a topic’s own value before the broker’s', () => {
  const rows = topicRows([
    { name: 'max.compaction.lag.ms', value: '007' },
    { name: 'cleanup.policy', value: 'delete' },
  ])
  expect(brief(rows.get('max.compaction.lag.ms'))).toEqual([
    '7',
    1,
    'max.compaction.lag.ms=7 1',
    'log.cleaner.max.compaction.lag.ms=9223372036854775807 5',
  ])
  expect(brief(rows.get('cleanup.policy'))).toEqual([
    'delete',
    1,
    'cleanup.policy=delete 1',
    'log.cleanup.policy=compact, delete 4',
    'log.cleanup.policy=delete 5',
  ])
})

test('tells type and whether a running broker could change it', () => {
  expect(broker.get('log.segment.bytes')).toMatchObject({ configType: 3, readOnly: false })
  expect(broker.get('num.partitions')).toMatchObject({ configType: 3, readOnly: true })
  expect(topic.get('preallocate')).toMatchObject({ configType: 1, readOnly: false })
})

test('reports our sync before each ack as the default it is', () => {
  const rows = new Map(describeTopic(settingsFrom(), new Map()).map(row => [row.name, row]))
  expect(brief(rows.get('flush.messages'))).toEqual(['1', 5, 'log.flush.interval.messages=1 5'])
})
