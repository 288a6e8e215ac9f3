/** How kafkajs takes what an embedded broker does to it: faults, a reset, an end. Apache Kafka cannot be told to do these. */
import { setTimeout as sleep } from 'node:timers/promises'
import kafkajs, { type KafkaConfig } from 'kafkajs'
import { type BrokerOptions, createBroker, type EmbeddedBroker } from 'loggerhead'
import { brokerTest } from 'loggerhead/vitest'
import { describe, expect } from 'vitest'
import { until } from '../support/process.ts'

const test = brokerTest()

interface LogLine {
  level: number
  log: { message: string; error?: string }
}

/** A client of an impatient application, with what it logs. */
function clientOf(broker: EmbeddedBroker, options: Partial<KafkaConfig> = {}) {
  const lines: string[] = []
  const client = new kafkajs.Kafka({
    brokers: [broker.address],
    retry: { initialRetryTime: 20, maxRetryTime: 200, retries: 8 },
    logLevel: kafkajs.logLevel.WARN,
    logCreator: () => (line: unknown) => {
      const { log } = line as LogLine
      lines.push(`${log.message} ${log.error ?? ''}`)
    },
    ...options,
  })
  return { client, lines }
}

async function sendAll(broker: EmbeddedBroker, values: readonly string[], idempotent = false) {
  const { client, lines } = clientOf(broker)
  const producer = client.producer({ idempotent })
  await producer.connect()
  for (const value of values) await producer.send({ topic: 'orders', messages: [{ value }] })
  await producer.disconnect()
  return lines
}

const valuesIn = async (broker: EmbeddedBroker) => (await broker.records('orders')).map(({ value }) => value)

/** Reads `orders` until it has so many values. */
async function consume(broker: EmbeddedBroker, count: number): Promise<string[]> {
  const consumer = clientOf(broker).client.consumer({
    groupId: 'readers',
    maxWaitTimeInMs: 100,
    retry: { retries: 8 },
  })
  const values: string[] = []
  await consumer.connect()
  await consumer.subscribe({ topic: 'orders', fromBeginning: true })
  await consumer.run({ eachMessage: async ({ message }) => void values.push(String(message.value)) })
  await until(`${count} records`, () => values.length >= count)
  await consumer.disconnect()
  return values
}

describe('kafkajs', () => {
  test.for([
    'NOT_LEADER_OR_FOLLOWER',
    'LEADER_NOT_AVAILABLE',
    'UNKNOWN_TOPIC_OR_PARTITION',
    'KAFKA_STORAGE_ERROR',
    'NOT_ENOUGH_REPLICAS',
    'REQUEST_TIMED_OUT',
  ] as const)('sends again after %s', async (error, { broker }) => {
    const fault = broker.faults.error('Produce', error, { topic: 'orders', times: 2 })
    await sendAll(broker, ['a', 'b'])
    expect(fault.hits).toBe(2)
    expect(await valuesIn(broker)).toEqual(['a', 'b'])
  })

  test('gives up on an error that trying again does not mend', async ({ broker }) => {
    const fault = broker.faults.error('Produce', 'TOPIC_AUTHORIZATION_FAILED')
    await expect(sendAll(broker, ['a'])).rejects.toThrow(/[Aa]uthorized/)
    expect(fault.hits).toBe(1)
  })

  test('connects again after its connection was dropped before the call', async ({ broker }) => {
    const fault = broker.faults.disconnect('Produce', { times: 2 })
    await sendAll(broker, ['a', 'b'])
    expect(fault.hits).toBe(2)
    expect(await valuesIn(broker)).toEqual(['a', 'b'])
  })

  test('writes twice what it has heard nothing of, unless it is idempotent', async ({ broker }) => {
    broker.faults.disconnect('Produce', { times: 1, when: 'after' })
    await sendAll(broker, ['a', 'b'])
    expect(await valuesIn(broker)).toEqual(['a', 'a', 'b'])
    await broker.reset()
    broker.faults.disconnect('Produce', { times: 1, when: 'after' })
    await sendAll(broker, ['a', 'b'], true)
    expect(await valuesIn(broker)).toEqual(['a', 'b'])
  })

  test('reads on through errors, delays and dropped connections', async ({ broker }) => {
    await broker.produce('orders', [{ value: 'a' }, { value: 'b' }])
    const faults = [
      broker.faults.error('Fetch', 'NOT_LEADER_OR_FOLLOWER', { topic: 'orders', times: 1 }),
      broker.faults.disconnect('Fetch', { skip: 1, times: 1 }),
      broker.faults.delay('Fetch', 100, { skip: 2, times: 1 }), // the first that brings records
      broker.faults.error('JoinGroup', 'COORDINATOR_LOAD_IN_PROGRESS', { times: 1 }),
      broker.faults.error('SyncGroup', 'REBALANCE_IN_PROGRESS', { times: 1 }),
      broker.faults.error('FindCoordinator', 'COORDINATOR_NOT_AVAILABLE', { times: 1 }),
      broker.faults.error('OffsetFetch', 'COORDINATOR_LOAD_IN_PROGRESS', { times: 1 }),
    ]
    expect(await consume(broker, 2)).toEqual(['a', 'b'])
    expect(faults.map(fault => fault.hits)).toEqual(faults.map(() => 1))
  })

  test('never sees LEADER_NOT_AVAILABLE for a topic that was just made', async ({ broker }) => {
    const { client, lines } = clientOf(broker, { retry: { retries: 0 } })
    const admin = client.admin()
    const producer = client.producer({ retry: { retries: 0 } })
    await Promise.all([admin.connect(), producer.connect()])
    for (let i = 0; i < 20; i++) {
      await producer.send({ topic: `on-use-${i}`, messages: [{ value: 'a' }] })
      await admin.createTopics({ topics: [{ topic: `made-${i}`, numPartitions: 3 }], waitForLeaders: false })
      const { topics } = await admin.fetchTopicMetadata({ topics: [`made-${i}`] })
      expect(topics[0]!.partitions.map(partition => partition.leader)).toEqual([1, 1, 1])
    }
    await Promise.all([admin.disconnect(), producer.disconnect()])
    expect(lines.filter(line => !line.includes('partitioner'))).toEqual([])
  })

  test('has its first assignment at once', async ({ broker }) => {
    await broker.createTopic('orders', { partitions: 4 })
    const consumers = [1, 2].map(() =>
      clientOf(broker).client.consumer({ groupId: 'readers', maxWaitTimeInMs: 100 }),
    )
    const began = performance.now()
    const joined = consumers.map(
      consumer =>
        new Promise<number>(resolve => consumer.on('consumer.group_join', () => resolve(performance.now()))),
    )
    await Promise.all(
      consumers.map(async consumer => {
        await consumer.connect()
        await consumer.subscribe({ topic: 'orders' })
        await consumer.run({ eachMessage: async () => {} })
      }),
    )
    expect(Math.max(...(await Promise.all(joined))) - began).toBeLessThan(2_000)
    const { members, state } = (await broker.group('readers'))!
    expect([state, members.map(({ assignment }) => assignment.length)]).toEqual(['Stable', [2, 2]])
    await Promise.all(consumers.map(consumer => consumer.disconnect()))
  })

  test('goes on after a reset: its producer, and its consumer', async ({ broker }) => {
    const { client } = clientOf(broker)
    const producer = client.producer()
    const consumer = client.consumer({ groupId: 'readers', heartbeatInterval: 100, maxWaitTimeInMs: 100 })
    const values: string[] = []
    await Promise.all([producer.connect(), consumer.connect()])
    await producer.send({ topic: 'orders', messages: [{ value: 'before' }] })
    await consumer.subscribe({ topic: 'orders', fromBeginning: true })
    await consumer.run({ eachMessage: async ({ message }) => void values.push(String(message.value)) })
    await until('the first record', () => values.includes('before'))
    await broker.reset()
    await producer.send({ topic: 'orders', messages: [{ value: 'after' }] })
    expect(await valuesIn(broker)).toEqual(['after'])
    await until('the record behind the reset', () => values.includes('after'))
    await Promise.all([producer.disconnect(), consumer.disconnect()])
  })

  test('does not hold up the end of its broker', async ({ broker: _ }) => {
    const options: BrokerOptions = { topics: ['orders'] }
    const broker = await createBroker(options)
    const consumer = clientOf(broker, { retry: { retries: 0 } }).client.consumer({
      groupId: 'readers',
      maxWaitTimeInMs: 10_000,
      retry: { retries: 0, restartOnFailure: async () => false },
    })
    await consumer.connect()
    await consumer.subscribe({ topic: 'orders' })
    const fetching = new Promise(resolve => consumer.on('consumer.fetch_start', resolve))
    await consumer.run({ eachMessage: async () => {} })
    await fetching
    await sleep(50)
    const began = performance.now()
    await broker.close()
    expect(performance.now() - began).toBeLessThan(1_000)
    await consumer.disconnect()
  })
})
