import { Kafka } from 'kafkajs'
import { test } from 'loggerhead/vitest'
import { expect } from 'vitest'

// What is tested; in real life it is imported.
async function placeOrder(kafka: Kafka, order: { id: string; total: number }) {
  const producer = kafka.producer()
  await producer.connect()
  await producer.send({ topic: 'orders', messages: [{ key: order.id, value: JSON.stringify(order) }] })
  await producer.disconnect()
}

test('an order is announced', async ({ broker }) => {
  const kafka = new Kafka({ brokers: [broker.address] })
  await placeOrder(kafka, { id: 'o-1', total: 5 })
  const records = await broker.records('orders', { as: 'json' })
  expect(records).toMatchObject([{ key: 'o-1', value: { total: 5 } }])
})

test('an order is announced once, also while the partition moves', async ({ broker }) => {
  const kafka = new Kafka({ brokers: [broker.address] })
  const fault = broker.faults.error('Produce', 'NOT_LEADER_OR_FOLLOWER', { topic: 'orders', times: 2 })
  await placeOrder(kafka, { id: 'o-2', total: 7 })
  expect(fault.hits).toBe(2)
  expect(await broker.records('orders')).toHaveLength(1)
})

test('billing works off all orders', async ({ broker }) => {
  await broker.produce('orders', [{ value: '{"total":5}' }, { value: '{"total":7}' }])
  const kafka = new Kafka({ brokers: [broker.address] })
  const consumer = kafka.consumer({ groupId: 'billing', maxWaitTimeInMs: 100 })
  let billed = 0
  await consumer.connect()
  await consumer.subscribe({ topic: 'orders', fromBeginning: true })
  await consumer.run({
    eachMessage: async ({ message }) => {
      billed += JSON.parse(String(message.value)).total
    },
  })
  await expect
    .poll(async () => (await broker.group('billing'))?.offsets)
    .toMatchObject([{ offset: 2, lag: 0 }])
  expect(billed).toBe(12)
  await consumer.disconnect()
})
