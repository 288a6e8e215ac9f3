import { expect, test } from 'vitest'
import { Metadata } from '../cluster/metadata.ts'
import { BrokerSettings } from './broker-settings.ts'
import { loadConfig } from './config.ts'
import { settingsTable } from './config-table.ts'
import { isDynamic, requireDynamic } from './dynamic-settings.ts'

const settings = new BrokerSettings(loadConfig(), new Metadata())
const check = (values: Record<string, string>, isForOne = true) =>
  requireDynamic(settings, new Map(Object.entries(values)), isForOne)

test.each([
  [
    { 'num.partitions': '3', 'node.id': '2' },
    'Cannot update these configs dynamically: [num.partitions, node.id]',
  ],
  [{ 'loggerhead.dev': 'true' }, 'Cannot update these configs dynamically: [loggerhead.dev]'],
  [
    { 'ssl.keystore.location': '/x' },
    'These security configs can be dynamically updated only per-listener using the listener prefix: [ssl.keystore.location]',
  ],
  [
    { 'log.segment.bytes': 'x' },
    'Invalid value x for configuration log.segment.bytes: must be a whole number',
  ],
  [{ 'leader.replication.throttled.rate': 'x' }, 'Invalid value x for configuration leader.replication'],
  [
    { 'listener.name.a.max.connections': 'x' },
    'Invalid value x for configuration listener.name.a.max.connections',
  ],
  [{ listeners: 'PLAINTEXT://:1' }, 'listeners is bound at the start'],
  [{ 'num.io.threads': '17' }, 'value should not be greater than double the current value 8'],
  [{ 'num.io.threads': '3' }, 'num.io.threads=3, value should be at least half the current value 8'],
  [{ 'max.connections.per.ip': '0' }, 'max.connections.per.ip can be set to zero only if'],
  [
    { 'log.cleaner.max.compaction.lag.ms': '5', 'log.cleaner.min.compaction.lag.ms': '6' },
    'must not be above',
  ],
])('refuses %o', (values, message) => {
  expect(() => check(values as Record<string, string>)).toThrow(
    expect.objectContaining({ code: 42, message: expect.stringContaining(message) }),
  )
})

test('never says a password that it refuses', () => {
  expect(() => check({ 'ssl.key.password': 'open sesame' })).toThrow(
    expect.objectContaining({ message: expect.not.stringContaining('sesame') }),
  )
})

test('lets some be set for one broker only', () => {
  for (const name of ['ssl.protocol', 'sasl.kerberos.service.name', 'listener.name.a.ssl.key.password']) {
    expect(() => check({ [name]: 'x' })).not.toThrow()
    expect(() => check({ [name]: 'x' }, false)).toThrow(`broker id must be specified: [${name}]`)
  }
  const forAll = ['max.connections', 'max.connection.creation.rate', 'listener.name.a.max.connections']
  for (const name of forAll) expect(() => check({ [name]: '5' }, false)).not.toThrow()
})

test('lets what nobody knows, and what repeats the start, be set', () => {
  expect(() => check({ 'my.own': 'x' }, false)).not.toThrow()
  expect(() => check({ listeners: settings.text('listeners')! })).not.toThrow()
  expect(() =>
    check({ 'max.connections.per.ip': '0', 'max.connections.per.ip.overrides': '10.0.0.1:5' }),
  ).not.toThrow()
})

test('takes every default of a setting that a running broker can change', () => {
  const changeable = [...settingsTable.values()].filter(
    ({ name, setting }) => isDynamic(name) && setting.default,
  )
  for (const { name, setting } of changeable) {
    if (/^ssl\.(keystore|truststore)\./.test(name)) continue
    expect(() => check({ [name]: setting.default! }), name).not.toThrow()
  }
})
