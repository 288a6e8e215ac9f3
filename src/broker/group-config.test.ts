import { expect, test } from 'vitest'
import { loadConfig } from './config.ts'
import { groupSettings, parseGroupConfigs } from './group-config.ts'

const config = loadConfig()
const parse = (values: Record<string, string>) => parseGroupConfigs(config, new Map(Object.entries(values)))

test('takes every default, and gives it in one spelling', () => {
  for (const [name, setting] of Object.entries(groupSettings)) {
    expect([...parse({ [name]: ` ${setting.default} ` })]).toEqual([[name, setting.default]])
  }
})

test.each([
  ['share.auto.offset.reset', 'earliest'],
  ['share.auto.offset.reset', 'by_duration:P1DT2H3M4.5S'],
  ['share.auto.offset.reset', 'by_duration:PT10M'],
  ['share.renew.acknowledge.enable', 'false'],
  ['streams.num.standby.replicas', '2'],
])('allows %s=%s', (name, value) => {
  expect(parse({ [name]: value }).get(name)).toBe(value)
})

test.each([
  [{ nosuch: '1' }, 'Unknown group config name: nosuch'],
  [{ __proto__x: '1' }, 'Unknown group config name'],
  [{ 'share.session.timeout.ms': 'x' }, 'Invalid value x for configuration share.session.timeout.ms'],
  [{ 'share.isolation.level': 'none' }, 'must be one of read_committed, read_uncommitted'],
  [{ 'share.auto.offset.reset': 'none' }, 'must be earliest, latest or by_duration'],
  [{ 'share.auto.offset.reset': 'by_duration:P' }, 'must be earliest, latest or by_duration'],
  [{ 'share.auto.offset.reset': 'by_duration:PT' }, 'must be earliest, latest or by_duration'],
  [{ 'share.auto.offset.reset': 'by_duration:-PT1S' }, 'must be earliest, latest or by_duration'],
  [
    { 'consumer.session.timeout.ms': '1' },
    'must be greater than or equal to group.consumer.min.session.timeout.ms',
  ],
  [
    { 'consumer.heartbeat.interval.ms': '15001' },
    'must be less than or equal to group.consumer.max.heartbeat',
  ],
  [
    { 'share.delivery.count.limit': '11' },
    'must be less than or equal to group.share.max.delivery.count.limit',
  ],
  [{ 'share.partition.max.record.locks': '5000' }, 'equal to group.share.max.partition.max.record.locks'],
  [{ 'share.record.lock.duration.ms': '14000' }, 'equal to group.share.min.record.lock.duration.ms'],
  [
    { 'streams.num.standby.replicas': '3' },
    'must be less than or equal to group.streams.max.standby.replicas',
  ],
])('refuses %o', (values, message) => {
  expect(() => parse(values as Record<string, string>)).toThrow(
    expect.objectContaining({ code: 40, message: expect.stringContaining(message) }),
  )
})

test('wants a session longer than a heartbeat', () => {
  const wide = loadConfig({
    overrides: { 'group.share.min.session.timeout.ms': 1, 'group.share.max.heartbeat.interval.ms': 60_000 },
  })
  const wanted = new Map([['share.session.timeout.ms', '5000']])
  expect(() => parseGroupConfigs(wide, wanted)).toThrow(
    'share.session.timeout.ms must be greater than share.heartbeat.interval.ms',
  )
})
