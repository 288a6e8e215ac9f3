import { Kafka } from 'kafkajs'
import { brokerTest } from 'loggerhead/vitest'
import { expect } from 'vitest'

const test = brokerTest({
  topics: [{ name: 'orders', partitions: 2 }],
  config: { 'message.max.bytes': 10_000 },
})

test('records are kept while the broker is slow, and sent again when the connection breaks', async ({
  broker,
}) => {
  const kafka = new Kafka({ brokers: [broker.address], retry: { initialRetryTime: 20 } })
  const producer = kafka.producer({ idempotent: true })
  await producer.connect()

  using slow = broker.faults.delay('Produce', 50, { topic: 'orders' })
  // The first record arrives, but the producer never hears of it.
  const broken = broker.faults.disconnect('Produce', { when: 'after', times: 1 })
  for (const value of ['one', 'two', 'three']) {
    await producer.send({ topic: 'orders', messages: [{ partition: 1, value }] })
  }
  await producer.disconnect()

  expect(broken.hits).toBe(1)
  expect(slow.hits).toBe(4)
  const values = (await broker.records('orders')).map(({ value }) => value)
  expect(values).toEqual(['one', 'two', 'three'])
})

test('what is too large is refused, and the application is told', async ({ broker }) => {
  const producer = new Kafka({ brokers: [broker.address] }).producer()
  await producer.connect()
  const messages = [{ value: 'x'.repeat(20_000) }]
  await expect(producer.send({ topic: 'orders', messages })).rejects.toThrow(/larger than the max/)
  await producer.disconnect()
})
