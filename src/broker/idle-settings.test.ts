import { expect, test } from 'vitest'
import { silentLogger } from '../base/logger.ts'
import { IdleSettings } from './idle-settings.ts'

function open() {
  const told: unknown[] = []
  const idle = new IdleSettings({ ...silentLogger, warn: fields => void told.push(fields.setting) })
  return { told, idle }
}

test('a broker setting without effect is told once, without its value', () => {
  const { told, idle } = open()
  const wanted = new Map([
    ['message.max.bytes', '5'],
    ['num.io.threads', '9'],
    ['my.own', 'x'],
  ])
  idle.tellBroker(wanted)
  idle.tellBroker(wanted)
  expect(told).toEqual(['num.io.threads', 'my.own'])
})

test('a topic setting without effect is told once', () => {
  const { told, idle } = open()
  const wanted = new Map([
    ['preallocate', 'true'],
    ['retention.ms', '5'],
    ['local.retention.ms', '5'],
  ])
  idle.tellTopic('events', wanted)
  idle.tellTopic('others', wanted)
  expect(told).toEqual(['preallocate', 'local.retention.ms'])
})
