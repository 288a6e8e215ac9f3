import { expect, test } from 'vitest'
import { ConfigResource, Metadata } from '../cluster/metadata.ts'
import { BrokerSettings } from './broker-settings.ts'
import { loadConfig } from './config.ts'

function open(overrides: Record<string, string> = {}) {
  const metadata = new Metadata()
  const settings = new BrokerSettings(loadConfig({ overrides }), metadata)
  const set = (resourceName: string, values: Record<string, string>) =>
    metadata.replay({
      type: 'config',
      resourceType: ConfigResource.BROKER,
      resourceName,
      value: new Map(Object.entries(values)),
    })
  return { settings, set }
}

test('reads this broker before all brokers before the start before the default', () => {
  const { settings, set } = open({ 'message.max.bytes': '1' })
  expect(settings.value('message.max.bytes')).toBe(1)
  set('', { 'message.max.bytes': '2' })
  expect(settings.value('message.max.bytes')).toBe(2)
  set('1', { 'message.max.bytes': '3' })
  expect(settings.value('message.max.bytes')).toBe(3)
  set('9', { 'message.max.bytes': '4' })
  expect(settings.text('message.max.bytes')).toBe('3')
  set('1', {})
  set('', {})
  expect(settings.text('message.max.bytes')).toBe('1')
  expect(settings.text('log.segment.bytes')).toBe('1073741824')
})

test('passes over what this version does not allow', () => {
  const { settings, set } = open()
  set('', { 'log.segment.bytes': '2000000', 'num.partitions': '7' })
  set('1', { 'log.segment.bytes': 'much' })
  expect(settings.value('log.segment.bytes')).toBe(2_000_000)
  expect(settings.value('num.partitions')).toBe(1)
})

test('keeps a name that nobody knows', () => {
  const { settings, set } = open({ 'my.own': 'start' })
  expect(settings.text('my.own')).toBe('start')
  set('', { 'my.own': 'later' })
  expect(settings.text('my.own')).toBe('later')
})
