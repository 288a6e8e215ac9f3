import { expect, test } from 'vitest'
import { startLiveBroker } from '../../test/support/live-broker.ts'
import type { BrokerOptions } from '../index.ts'

/** Most of this file is for the compiler: a line that it must refuse is marked, and an error where it does not. */
const options: BrokerOptions[] = [
  {
    config: { 'num.partitions': 3, 'log.cleanup.policy': ['compact', 'delete'], 'compression.type': 'zstd' },
  },
  {
    config: { 'num.partitions': '3', 'auto.create.topics.enable': 'false', 'log.cleanup.policy': 'compact' },
  },
  { config: { 'log.flush.interval.messages': 9_223_372_036_854_775_807n, 'delete.topic.enable': undefined } },
  // @ts-expect-error: a number is wanted
  { config: { 'num.partitions': 'three' } },
  // @ts-expect-error: not among the codecs
  { config: { 'compression.type': 'brotli' } },
  // @ts-expect-error: not among the policies
  { config: { 'log.cleanup.policy': ['shrink'] } },
  // @ts-expect-error: nobody knows it
  { config: { 'num.partition': 3 } },
  { extraConfig: { 'my.own.setting': 3 } },
  { topics: [{ name: 't', config: { 'retention.ms': -1, 'cleanup.policy': ['compact'] } }] },
  // @ts-expect-error: a setting of the broker, not of a topic
  { topics: [{ name: 't', config: { 'log.retention.ms': 1 } }] },
]

test('takes settings as values or as text', async () => {
  const { broker } = await startLiveBroker({ ...options[0], topics: ['t'] })
  expect(broker.topic('t')!.partitions).toHaveLength(3)
  const text = await startLiveBroker({ ...options[1], topics: ['t'] })
  expect(text.broker.topic('t')!.partitions).toHaveLength(3)
  await startLiveBroker(options[2])
})

test('keeps settings that nobody knows', async () => {
  await startLiveBroker(options[7])
})

test('refuses a value that is not allowed, and names it', async () => {
  await expect(startLiveBroker({ config: { 'num.partitions': 0 } })).rejects.toThrow(
    'num.partitions=0 (createBroker): must be a whole number from 1',
  )
})
