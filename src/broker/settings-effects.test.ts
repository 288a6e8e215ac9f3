import { expect, test } from 'vitest'
import { ManualClock } from '../../test/support/manual-clock.ts'
import { silentLogger } from '../base/logger.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { ConfigResource, Metadata } from '../cluster/metadata.ts'
import { Cleaner } from '../storage/log/cleaner.ts'
import { ProducerLimit } from '../storage/log/producer-limit.ts'
import { RetentionClock } from '../storage/log/retention-clock.ts'
import { BrokerSettings } from './broker-settings.ts'
import { loadConfig } from './config.ts'
import { PartitionSettings } from './partition-settings.ts'
import { followSettings } from './settings-effects.ts'

function open(stored: Record<string, string> = {}) {
  const metadata = new Metadata()
  const settings = new BrokerSettings(loadConfig(), metadata)
  const topics = new PartitionSettings(settings, silentLogger)
  const clock = new ManualClock()
  const cleaner = new Cleaner({
    directories: [],
    clock,
    time: new RetentionClock(clock),
    logger: silentLogger,
    backoffMs: 1,
    keyBytesMax: 1,
  })
  const producers = { expirationMs: 1, limit: new ProducerLimit(1) }
  let reconfigured = 0
  const cluster = {
    onConfigsChanged: (_type: number, _name: string) => {},
    partitions: { reconfigureAll: () => reconfigured++ },
  }
  const set = (resourceType: number, resourceName: string, values: Record<string, string>) => {
    const value = new Map(Object.entries(values))
    metadata.replay({ type: 'config', resourceType, resourceName, value })
    cluster.onConfigsChanged(resourceType, resourceName)
  }
  if (Object.keys(stored).length > 0) set(ConfigResource.BROKER, '', stored)
  followSettings(settings, { cluster: cluster as unknown as Cluster, topics, cleaner, producers })
  return { set, topics, cleaner, producers, reconfigured: () => reconfigured }
}

test('what was set before a start is in force after it', () => {
  const { cleaner, producers } = open({ 'log.cleaner.backoff.ms': '70', 'producer.id.expiration.ms': '80' })
  expect([cleaner.backoffMs, producers.expirationMs]).toEqual([70, 80])
})

test('a change of the broker reaches compaction, producers and the defaults of all topics', () => {
  const { set, topics, cleaner, producers, reconfigured } = open()
  expect(topics.of('a', new Map()).log.segmentBytes).toBe(1_073_741_824)
  set(ConfigResource.BROKER, '1', {
    'log.cleaner.dedupe.buffer.size': '2000000',
    'producer.id.expiration.ms': '80',
    'log.segment.bytes': '2000000',
  })
  expect([cleaner.keyBytesMax, producers.expirationMs, reconfigured()]).toEqual([2_000_000, 80, 1])
  expect(topics.of('a', new Map()).log.segmentBytes).toBe(2_000_000)
})

test('a change of anything else is none of theirs', () => {
  const { set, reconfigured } = open()
  set(ConfigResource.TOPIC, 'a', { 'segment.bytes': '2000000' })
  expect(reconfigured()).toBe(0)
})
