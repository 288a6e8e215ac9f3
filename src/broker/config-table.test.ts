import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { listFiles, SourceFile } from '../../test/support/source-files.ts'
import type { Setting } from './config-setting.ts'
import { settingsTable } from './config-table.ts'
import { settingTexts } from './config-texts.ts'
import { findTopicSetting, topicSettings } from './topic-settings.ts'

interface KafkaSetting {
  name: string
  type: string
  default: string | null
  valid?: string
  dynamic?: boolean
}

const kafka: { broker: KafkaSetting[]; topic: KafkaSetting[] } = JSON.parse(
  readFileSync(new URL('testdata/kafka-settings.json', import.meta.url), 'utf8'),
)
const own = (name: string) => name.startsWith('loggerhead.')

/** Names whose lower bound Kafka checks elsewhere than in its table. */
const boundedHere = new Set([
  'log.cleaner.dedupe.buffer.size',
  'log.flush.interval.ms',
  'log.flush.scheduler.interval.ms',
  'log.retention.hours',
  'log.retention.minutes',
  'log.retention.ms',
  'log.roll.jitter.ms',
  'log.roll.ms',
])

test('holds every broker setting of Kafka and no other but our own', () => {
  const names = [...settingsTable.keys()].filter(name => !own(name))
  expect(names).toEqual(kafka.broker.map(({ name }) => name).sort())
})

test('holds every topic setting of Kafka', () => {
  expect(Object.keys(topicSettings).sort()).toEqual(kafka.topic.map(({ name }) => name).sort())
})

test('gives each broker setting Kafka’s type, default and freedom to change', () => {
  for (const expected of kafka.broker) {
    const { setting } = settingsTable.get(expected.name)!
    expect({ name: expected.name, ...factsOf(setting) }).toEqual({
      name: expected.name,
      type: expected.type,
      default: expected.default,
      dynamic: expected.dynamic ?? false,
    })
  }
})

test('gives each topic setting Kafka’s type and default', () => {
  for (const { name, type, default: fallback } of kafka.topic) {
    const facts = factsOf(findTopicSetting(name)!.setting)
    expect({ name, type: facts.type, default: facts.default }).toEqual({ name, type, default: fallback })
  }
})

test('bounds each setting as Kafka does', () => {
  const rows = [
    ...kafka.broker.map(row => ({ row, setting: settingsTable.get(row.name)!.setting })),
    ...kafka.topic.map(row => ({ row, setting: findTopicSetting(row.name)!.setting })),
  ]
  for (const { row, setting } of rows) {
    for (const [text, isAllowed] of boundaries(row)) {
      expect([row.name, text, setting.parse(text) !== undefined]).toEqual([row.name, text, isAllowed])
    }
  }
})

test('differs from Kafka’s defaults only where it says so', () => {
  const differences = [...settingsTable.values()]
    .filter(({ setting }) => setting.kafkaDefault !== undefined)
    .map(({ name, setting }) => `${name} ${setting.kafkaDefault} -> ${setting.default}`)
  expect(differences).toEqual([
    'group.coordinator.rebalance.protocols classic,consumer,streams -> classic',
    'group.max.size 2147483647 -> 1000',
    'listeners PLAINTEXT://:9092 -> PLAINTEXT://localhost:9092',
    'log.dir /tmp/kafka-logs -> ./data',
    'log.flush.interval.messages 9223372036854775807 -> 1',
    'max.connection.creation.rate 2147483647 -> 200',
    'max.connections 2147483647 -> 10000',
    'max.connections.per.ip 2147483647 -> 1000',
    'node.id null -> 1',
    'offsets.topic.replication.factor 3 -> 1',
    'process.roles null -> broker,controller',
    'share.coordinator.state.topic.min.isr 2 -> 1',
    'share.coordinator.state.topic.replication.factor 3 -> 1',
    'transaction.state.log.min.isr 2 -> 1',
    'transaction.state.log.replication.factor 3 -> 1',
  ])
})

test('has defaults that are allowed and spelled as they are reported', () => {
  const settings = [...settingsTable.values(), ...Object.values(topicSettings)].map(({ setting }) => setting)
  for (const setting of settings.filter(setting => setting.default !== null)) {
    expect(setting.parse(setting.default!)?.text).toBe(setting.default)
  }
})

test('takes the default of every topic setting from a broker setting that exists', () => {
  const missing = Object.values(topicSettings).filter(({ broker }) => broker && !settingsTable.has(broker))
  expect(missing).toEqual([])
})

test('reads every setting that is said to have an effect', () => {
  /** Read as what stands in for another one. */
  const indirect = [
    'log.flush.scheduler.interval.ms',
    'log.retention.hours',
    'log.retention.minutes',
    'log.roll.hours',
    'log.roll.jitter.hours',
  ]
  const sources = listFiles('src')
    .filter(path => path.endsWith('.ts') && !path.endsWith('.test.ts'))
    .filter(path => !/\/config-(effective|texts|table)\.ts$/.test(path))
    .map(path => new SourceFile(path).code)
  const unread = [...settingsTable.values()]
    .filter(({ effect, name }) => effect === 'yes' && !sources.some(code => code.includes(`'${name}'`)))
    .map(({ name }) => name)
  expect(unread).toEqual(indirect)
})

test('explains every setting that has an effect', () => {
  const effective = [...settingsTable.values()]
    .filter(({ effect }) => effect === 'yes')
    .map(({ name }) => name)
  expect(Object.keys(settingTexts).sort()).toEqual(effective.sort())
})

function factsOf(setting: Setting) {
  const kafkaDefault = setting.kafkaDefault === undefined ? setting.default : setting.kafkaDefault
  return { type: setting.type, default: kafkaDefault, dynamic: setting.dynamic }
}

/** Texts just inside and just outside of what Kafka allows, each with whether it is allowed. */
function boundaries({ name, type, valid = '' }: KafkaSetting): [string, boolean][] {
  const range = /^\[(-?\d+),\.\.\.(?:,(-?\d+))?\](?: or (-?\d+))?$/.exec(valid)
  if (range) {
    const [, min, max, or] = range
    const checks: [string, boolean][] = [
      [min!, true],
      [String(Number(min) - (type === 'DOUBLE' ? 0.01 : or ? 1 : 1)), false],
    ]
    if (max) checks.push([max, true], [String(Number(max) + 1), false])
    if (or) checks.push([or, true])
    return checks
  }
  const bits = { SHORT: 15n, INT: 31n, LONG: 63n }[type]
  if (bits) {
    const limit = 1n << bits
    const least: [string, boolean][] = boundedHere.has(name) ? [] : [[String(-limit), true]]
    return [...least, [String(-limit - 1n), false], [String(limit - 1n), true], [String(limit), false]]
  }
  const words = /^(\(case insensitive\) )?\[([A-Za-z].*)\]$/.exec(valid)
  if (!words)
    return type === 'BOOLEAN'
      ? [
          ['TRUE', true],
          ['yes', false],
        ]
      : []
  const one = words[2]!.split(', ')[0]!
  return [
    [one, true],
    [one.toUpperCase(), Boolean(words[1]) || one === one.toUpperCase()],
    ['nonsense', false],
  ]
}
