import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { fetchOnce, produce, startLiveBroker, valuesOf } from '../../../test/support/live-broker.ts'
import type { RawClient } from '../../../test/support/raw-client.ts'
import { ErrorCode } from '../../protocol/errors.ts'
import { Fetch } from '../../protocol/messages/fetch.ts'
import { ListOffsets } from '../../protocol/messages/list-offsets.ts'
import { Metadata } from '../../protocol/messages/metadata.ts'
import { Produce } from '../../protocol/messages/produce.ts'
import { buildBatch } from '../../protocol/record.ts'

const { NOT_LEADER_OR_FOLLOWER, NONE } = ErrorCode

function start() {
  return startLiveBroker({ topics: [{ name: 'orders', partitions: 2 }, 'other'] })
}

async function elapsed(action: () => Promise<unknown>): Promise<number> {
  const began = performance.now()
  await action()
  return performance.now() - began
}

/** A fetch within a session, as the Java client sends it: what is not named again is still wanted. */
function fetchInSession(client: RawClient, sessionId: number, sessionEpoch: number, topics: string[] = []) {
  return client.request(Fetch, 11, {
    maxWaitMs: 0,
    minBytes: 1,
    maxBytes: 1 << 20,
    sessionId,
    sessionEpoch,
    topics: topics.map(topic => ({
      topic,
      partitions: [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1 << 20 }],
    })),
  })
}

test('an error strikes so many times, and what it strikes has no effect', async () => {
  const { broker, client } = await start()
  const fault = broker.faults.error('Produce', 'NOT_LEADER_OR_FOLLOWER', {
    topic: 'orders',
    partition: 0,
    times: 2,
  })
  const codes = []
  for (let i = 0; i < 3; i++) codes.push((await produce(client, 'orders', [`${i}`])).errorCode)
  expect(codes).toEqual([NOT_LEADER_OR_FOLLOWER, NOT_LEADER_OR_FOLLOWER, NONE])
  expect(fault.hits).toBe(2)
  expect(await broker.records('orders')).toMatchObject([{ value: '2' }])
})

test('only the topic, partition and client that were named are struck', async () => {
  const { broker, client } = await start()
  const fault = broker.faults.error('Produce', 'NOT_LEADER_OR_FOLLOWER', {
    topic: 'orders',
    partition: 1,
    clientId: 'slow',
  })
  const list = (clientId: string) =>
    client.request(
      Produce,
      9,
      {
        acks: -1,
        timeoutMs: 1_000,
        topicData: ['orders', 'other'].map(name => ({
          name,
          partitionData: (name === 'orders' ? [0, 1] : [0]).map(index => ({
            index,
            records: buildBatch([{ value: clientId, timestamp: Date.now() }]),
          })),
        })),
      },
      clientId,
    )
  const codes = (answer: Awaited<ReturnType<typeof list>>) =>
    Object.fromEntries(
      answer.responses.flatMap(({ name, partitionResponses }) =>
        partitionResponses.map(({ index, errorCode }) => [`${name}-${index}`, errorCode]),
      ),
    )
  expect(codes(await list('quick'))).toEqual({ 'orders-0': 0, 'orders-1': 0, 'other-0': 0 })
  expect(codes(await list('slow'))).toEqual({
    'orders-0': 0,
    'orders-1': NOT_LEADER_OR_FOLLOWER,
    'other-0': 0,
  })
  expect(fault.hits).toBe(1)
  expect(await broker.records('orders', { partition: 0 })).toHaveLength(2)
  expect(await broker.records('orders', { partition: 1 })).toHaveLength(1)
})

test('the first calls may pass', async () => {
  const { broker, client } = await start()
  broker.faults.error('Produce', 'NOT_LEADER_OR_FOLLOWER', { skip: 2, times: 1 })
  const codes = []
  for (let i = 0; i < 4; i++) codes.push((await produce(client, 'other', [`${i}`])).errorCode)
  expect(codes).toEqual([NONE, NONE, NOT_LEADER_OR_FOLLOWER, NONE])
})

test('a fault ends when it is removed, or its block is left', async () => {
  const { broker, client } = await start()
  const code = async () => (await produce(client, 'other', ['a'])).errorCode
  const fault = broker.faults.error('Produce', 'INVALID_RECORD')
  expect(await code()).toBe(ErrorCode.INVALID_RECORD)
  fault.remove()
  expect(await code()).toBe(NONE)
  {
    using within = broker.faults.error('Produce', 'KAFKA_STORAGE_ERROR')
    expect(await code()).toBe(ErrorCode.KAFKA_STORAGE_ERROR)
    expect(within.hits).toBe(1)
  }
  expect(await code()).toBe(NONE)
  broker.faults.error('Produce', 'INVALID_RECORD')
  broker.faults.clear()
  expect(await code()).toBe(NONE)
})

test('an error after the call hides that it took effect', async () => {
  const { broker, client } = await start()
  broker.faults.error('Produce', 'REQUEST_TIMED_OUT', { when: 'after', times: 1 })
  expect((await produce(client, 'other', ['a'])).errorCode).toBe(ErrorCode.REQUEST_TIMED_OUT)
  expect(await broker.records('other')).toMatchObject([{ value: 'a' }])
})

test('several faults strike together', async () => {
  const { broker, client } = await start()
  broker.faults.error('Metadata', 'LEADER_NOT_AVAILABLE', { topic: 'orders' })
  broker.faults.error('Metadata', 'UNKNOWN_TOPIC_OR_PARTITION', { topic: 'other' })
  const { topics, brokers } = await client.request(Metadata, 6, { topics: null })
  expect(Object.fromEntries(topics.map(({ name, errorCode }) => [name, errorCode]))).toEqual({
    orders: ErrorCode.LEADER_NOT_AVAILABLE,
    other: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
  })
  expect(brokers).toHaveLength(1)
})

test('a producer that wants no answer gets none, and its records are lost', async () => {
  const { broker, client } = await start()
  const fault = broker.faults.error('Produce', 'NOT_LEADER_OR_FOLLOWER')
  client.tell(Produce, 9, {
    acks: 0,
    timeoutMs: 1_000,
    topicData: [
      {
        name: 'other',
        partitionData: [{ index: 0, records: buildBatch([{ value: 'a', timestamp: Date.now() }]) }],
      },
    ],
  })
  await client.request(Metadata, 6, { topics: [] })
  expect(fault.hits).toBe(1)
  expect(await broker.records('other')).toEqual([])
})

test('a call is delayed, and those of the connection behind it stay behind it', async () => {
  const { broker, client, connect } = await start()
  broker.faults.delay('Produce', 60, { times: 1 })
  const other = await connect()
  const took = elapsed(() => Promise.all([produce(client, 'other', ['a']), produce(client, 'other', ['b'])]))
  await client.request(Metadata, 6, { topics: [] }).catch(() => {})
  expect(await took).toBeGreaterThanOrEqual(59)
  expect((await broker.records('other')).map(({ value }) => value)).toEqual(['a', 'b'])
  expect(await elapsed(() => produce(other, 'other', ['c']))).toBeLessThan(60)
})

test('a delayed answer comes late, when its call has long taken effect', async () => {
  const { broker, client } = await start()
  const fault = broker.faults.delay('Produce', 60_000, { when: 'after' })
  const answer = produce(client, 'other', ['a'])
  while (fault.hits === 0) await sleep(1)
  while ((await broker.records('other')).length === 0) await sleep(1)
  fault.remove() // lets it go
  expect((await answer).errorCode).toBe(NONE)
})

test('what a fault holds back goes on when the broker is emptied or closed', async () => {
  const { broker, client } = await start()
  const fault = broker.faults.delay('ListOffsets', 60_000, { times: 1 })
  const ask = () =>
    client.request(ListOffsets, 7, {
      replicaId: -1,
      topics: [{ name: 'other', partitions: [{ partitionIndex: 0, timestamp: -1 }] }],
    })
  const first = ask()
  while (fault.hits === 0) await sleep(1)
  await broker.reset()
  expect((await first).topics).toHaveLength(1)
  const second = broker.faults.delay('ListOffsets', 60_000)
  const held = ask().catch(() => 'closed')
  while (second.hits === 0) await sleep(1)
  expect(await elapsed(() => broker.close())).toBeLessThan(1_000)
  await held
})

test('a connection is dropped before a call takes effect, or behind it', async () => {
  const { broker, connect } = await start()
  const send = async (value: string) => {
    const client = await connect()
    const outcome = await produce(client, 'other', [value]).catch(error => String(error))
    return typeof outcome === 'string' ? outcome : outcome.errorCode
  }
  broker.faults.disconnect('Produce', { times: 1 })
  expect(await send('lost')).toMatch(/closed the connection/)
  broker.faults.disconnect('Produce', { times: 1, when: 'after' })
  expect(await send('kept')).toMatch(/closed the connection/)
  expect(await send('last')).toBe(NONE)
  expect((await broker.records('other')).map(({ value }) => value)).toEqual(['kept', 'last'])
})

test('what was read for an answer that is never sent is given back', async () => {
  const { broker, client, connect } = await start()
  await produce(client, 'other', ['x'.repeat(100_000)])
  const fault = broker.faults.disconnect('Fetch', { when: 'after' })
  for (let i = 0; i < 3; i++) await expect(fetchOnce(await connect(), 'other', 0)).rejects.toThrow()
  expect(fault.hits).toBe(3)
  fault.remove()
  expect(valuesOf((await fetchOnce(client, 'other', 0)).records)).toEqual(['x'.repeat(100_000)])
})

test('a fetch is told of its error at once, without waiting for records of other partitions', async () => {
  const { broker, client } = await start()
  broker.faults.error('Fetch', 'NOT_LEADER_OR_FOLLOWER', { topic: 'orders' })
  const fetch = () =>
    client.request(Fetch, 11, {
      maxWaitMs: 10_000,
      minBytes: 1,
      maxBytes: 1 << 20,
      topics: ['orders', 'other'].map(topic => ({
        topic,
        partitions: [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1 << 20 }],
      })),
    })
  expect(await elapsed(fetch)).toBeLessThan(2_000)
  const codes = (await fetch()).responses.map(({ topic, partitions }) => [topic, partitions[0]!.errorCode])
  expect(Object.fromEntries(codes)).toEqual({ orders: NOT_LEADER_OR_FOLLOWER, other: NONE })
})

test('a fetch session names its partitions anew while a fault must see them', async () => {
  const { broker, client } = await start()
  await broker.produce('orders', [{ value: 'a', partition: 0 }])
  const { sessionId } = await fetchInSession(client, 0, 0, ['orders'])
  expect(sessionId).toBeGreaterThan(0)
  using fault = broker.faults.error('Fetch', 'KAFKA_STORAGE_ERROR', { topic: 'orders' })
  const gone = await fetchInSession(client, sessionId, 1)
  expect([gone.errorCode, fault.hits]).toEqual([ErrorCode.FETCH_SESSION_ID_NOT_FOUND, 0])
  const anew = await fetchInSession(client, 0, 0, ['orders'])
  expect([anew.sessionId, fault.hits]).toEqual([0, 1])
  expect(anew.responses[0]!.partitions[0]!.errorCode).toBe(ErrorCode.KAFKA_STORAGE_ERROR)
})

test('a fault that could never strike is refused', async () => {
  const { broker } = await start()
  expect(() => broker.faults.error('Vote', 'INVALID_REQUEST')).toThrow('Vote is not served')
  expect(() => broker.faults.delay('Heartbeat', 5, { topic: 'orders' })).toThrow(
    'Heartbeat is not answered topic by topic',
  )
  expect(() => broker.faults.error('CreateTopics', 'POLICY_VIOLATION', { partition: 0 })).toThrow(
    'CreateTopics is not answered partition by partition',
  )
  // @ts-expect-error: no API of Kafka
  expect(() => broker.faults.disconnect('Send')).toThrow('Send is not served')
  // @ts-expect-error: no error of Kafka
  expect(() => broker.faults.error('Produce', 'OUT_OF_COFFEE')).toThrow('Kafka has no error OUT_OF_COFFEE')
})
