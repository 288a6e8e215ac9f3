import { describe, expect, test as plain } from 'vitest'
import type { EmbeddedBroker } from './index.ts'
import { brokerTest, test } from './vitest.ts'

const testWithOrders = brokerTest({ topics: ['orders'] })
const testAlone = brokerTest({ per: 'test' })
const seen: EmbeddedBroker[] = []

describe('by default', () => {
  test('a test is given a broker', async ({ broker }) => {
    seen.push(broker)
    await broker.produce('orders', [{ value: 'a' }])
    broker.faults.error('Produce', 'INVALID_RECORD')
    expect(await broker.records('orders')).toHaveLength(1)
  })

  test('the next test has the same one, empty', async ({ broker }) => {
    expect(broker).toBe(seen[0])
    expect(broker.topics()).toEqual([])
    await broker.produce('orders', [{ value: 'a' }])
  })

  plain('a test that wants none has none', context => {
    expect(context).not.toHaveProperty('broker')
  })
})

describe('with options', () => {
  testWithOrders('each test begins with their topics', async ({ broker }) => {
    await broker.produce('orders', [{ value: 'a' }])
    await broker.createTopic('other')
  })

  testWithOrders('and nothing else', async ({ broker }) => {
    expect(broker.topics()).toMatchObject([{ name: 'orders', partitions: [{ endOffset: 0 }] }])
  })
})

describe('one for each test', () => {
  const ports = new Set<number>()

  testAlone.concurrent.for([1, 2, 3])('tests may run at the same time (%i)', async (number, { broker }) => {
    ports.add(broker.port)
    await broker.produce('t', [{ value: `${number}` }])
    expect(await broker.records('t')).toMatchObject([{ value: `${number}` }])
  })

  plain('and each had its own', () => {
    expect(ports.size).toBe(3)
  })
})
