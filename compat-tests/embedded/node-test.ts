import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { Kafka } from 'kafkajs'
import { createBroker, type EmbeddedBroker } from 'loggerhead'

let broker: EmbeddedBroker
before(async () => {
  broker = await createBroker({ topics: ['orders'] })
})
beforeEach(() => broker.reset())
after(() => broker.close())

test('an order is announced', async () => {
  const producer = new Kafka({ brokers: [broker.address] }).producer()
  await producer.connect()
  await producer.send({ topic: 'orders', messages: [{ key: 'o-1', value: 'five apples' }] })
  await producer.disconnect()
  const [record] = await broker.records('orders')
  assert.equal(record?.value, 'five apples')
})

test('the next test begins with an empty topic', async () => {
  assert.deepEqual(await broker.records('orders'), [])
})
