import { expect, test } from 'vitest'
import { loadConfig } from './config.ts'
import { syncPolicyOf } from './sync-policy.ts'
import { parseTopicConfigs, topicConfigOf } from './topic-config.ts'

const LONG_MAX = '9223372036854775807'

function policy(broker: Record<string, string | boolean>, topic: Record<string, string> = {}) {
  const config = loadConfig({ overrides: broker })
  const wanted = Object.entries(topic).map(([name, value]) => ({ name, value }))
  return syncPolicyOf(config, topicConfigOf(config, parseTopicConfigs(config, wanted)))
}

test('syncs before each ack unless told otherwise', () => {
  expect(policy({})).toEqual({ messages: 1, ms: Infinity, isKeptSynced: false })
})

test('follows a count of records, as Kafka does', () => {
  expect(policy({ 'log.flush.interval.messages': '1000' })).toMatchObject({
    messages: 1000,
    isKeptSynced: false,
  })
  expect(policy({}, { 'flush.messages': '5', 'flush.ms': '100' })).toMatchObject({ messages: 5, ms: 100 })
})

test('keeps syncing when syncs are left to the system or a timer, and nothing allows that', () => {
  expect(policy({ 'log.flush.interval.messages': LONG_MAX })).toMatchObject({
    messages: 1,
    isKeptSynced: true,
  })
  const timer = { 'flush.messages': LONG_MAX, 'flush.ms': '1000' }
  expect(policy({}, timer)).toMatchObject({ messages: 1, ms: 1000, isKeptSynced: true })
})

test('leaves syncs to the system where unsynced acks are allowed', () => {
  const wanted = { 'log.flush.interval.messages': LONG_MAX }
  const expected = { messages: Infinity, isKeptSynced: false }
  expect(policy({ ...wanted, 'loggerhead.unsynced.acks': true })).toMatchObject(expected)
  expect(policy({ ...wanted, 'loggerhead.dev': true })).toMatchObject(expected)
  expect(policy({ 'loggerhead.dev': true })).toMatchObject(expected)
})

test('syncs a topic that asks for it in development mode too', () => {
  expect(policy({ 'loggerhead.dev': true }, { 'flush.messages': '1' })).toMatchObject({ messages: 1 })
})

test('does not take the permission for unsynced acks as a wish', () => {
  expect(policy({ 'loggerhead.unsynced.acks': true })).toMatchObject({ messages: 1 })
})
