import { expect, test } from 'vitest'
import {
  createTopic,
  fetchOnce,
  produce,
  startLiveBroker,
  valuesOf,
} from '../../../test/support/live-broker.ts'
import type { RawClient } from '../../../test/support/raw-client.ts'
import { ErrorCode } from '../../protocol/errors.ts'
import { DeleteTopics } from '../../protocol/messages/delete-topics.ts'
import { Fetch } from '../../protocol/messages/fetch.ts'
import { Metadata } from '../../protocol/messages/metadata.ts'
import { batchPositions, recordCountOf } from '../../protocol/record-batch.ts'

async function topicIdOf(client: RawClient, name: string): Promise<string> {
  return (await client.request(Metadata, 12, { topics: [{ name }] })).topics[0]!.topicId
}

test('gives the whole batch for an offset in its middle', async () => {
  const { client } = await startLiveBroker()
  await createTopic(client, 't')
  await produce(client, 't', ['a', 'b', 'c'])
  await produce(client, 't', ['d'])
  expect(valuesOf((await fetchOnce(client, 't', 1)).records)).toEqual(['a', 'b', 'c', 'd'])
  expect(valuesOf((await fetchOnce(client, 't', 3)).records)).toEqual(['d'])
})

test('gives the first batch at any size, and never a part of one', async () => {
  const { client } = await startLiveBroker()
  await createTopic(client, 't')
  for (let i = 0; i < 3; i++) await produce(client, 't', ['x'.repeat(1_000), 'y'.repeat(1_000)])
  const { records } = await fetchOnce(client, 't', 0, { maxBytes: 10 })
  expect([...batchPositions(records!)].map(at => recordCountOf(records!, at))).toEqual([2])
  const more = await fetchOnce(client, 't', 0, { maxBytes: 5_000 })
  expect([...batchPositions(more.records!)]).toHaveLength(2)
})

test('answers every version from 4 on, by topic id from 13 on', async () => {
  const { client } = await startLiveBroker()
  await createTopic(client, 't')
  await produce(client, 't', ['a'])
  const topicId = await topicIdOf(client, 't')
  for (let version = 4; version <= 18; version++) {
    const topic = version >= 13 ? { topicId } : { topic: 't' }
    const answer = await client.request(Fetch, version, {
      maxWaitMs: 0,
      minBytes: 1,
      topics: [{ ...topic, partitions: [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1 << 20 }] }],
    })
    const partition = answer.responses[0]!.partitions[0]!
    expect(partition).toMatchObject({ errorCode: 0, highWatermark: 1, lastStableOffset: 1 })
    expect(valuesOf(partition.records)).toEqual(['a'])
  }
})

test('refuses offsets below the start and beyond the end', async () => {
  const { client } = await startLiveBroker()
  await createTopic(client, 't')
  await produce(client, 't', ['a'])
  expect((await fetchOnce(client, 't', 2)).errorCode).toBe(ErrorCode.OFFSET_OUT_OF_RANGE)
  expect((await fetchOnce(client, 't', -5)).errorCode).toBe(ErrorCode.OFFSET_OUT_OF_RANGE)
  expect(await fetchOnce(client, 't', 1)).toMatchObject({ errorCode: ErrorCode.NONE, highWatermark: 1 })
})

test('refuses unknown topics, partitions and topic ids', async () => {
  const { client } = await startLiveBroker()
  await createTopic(client, 't')
  expect((await fetchOnce(client, 'nowhere', 0)).errorCode).toBe(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
  expect((await fetchOnce(client, 't', 0, { partition: 9 })).errorCode).toBe(
    ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
  )
  const answer = await client.request(Fetch, 13, {
    maxWaitMs: 0,
    minBytes: 1,
    topics: [
      {
        topicId: '0123456789abcdefABCDEA',
        partitions: [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1 }],
      },
    ],
  })
  expect(answer.responses[0]!.partitions[0]!.errorCode).toBe(ErrorCode.UNKNOWN_TOPIC_ID)
})

test('knows leader epochs older and newer than its own', async () => {
  const { client } = await startLiveBroker()
  await createTopic(client, 't')
  const fetchWith = async (currentLeaderEpoch: number) => {
    const answer = await client.request(Fetch, 11, {
      maxWaitMs: 0,
      minBytes: 1,
      topics: [
        {
          topic: 't',
          partitions: [{ partition: 0, fetchOffset: 0, currentLeaderEpoch, partitionMaxBytes: 100 }],
        },
      ],
    })
    return answer.responses[0]!.partitions[0]!.errorCode
  }
  expect(await fetchWith(0)).toBe(ErrorCode.NONE)
  expect(await fetchWith(1)).toBe(ErrorCode.UNKNOWN_LEADER_EPOCH)
})

test('waits for records, and is woken by them', async () => {
  const { client, connect } = await startLiveBroker()
  await createTopic(client, 't')
  const reader = await connect()
  const waiting = fetchOnce(reader, 't', 0, { maxWaitMs: 20_000 })
  await produce(client, 't', ['late'])
  expect(valuesOf((await waiting).records)).toEqual(['late'])
})

test('waits for as many bytes as were asked, or until the time is over', async () => {
  const { client, connect } = await startLiveBroker()
  await createTopic(client, 't')
  const reader = await connect()
  const waiting = fetchOnce(reader, 't', 0, { maxWaitMs: 20_000, minBytes: 300 })
  await produce(client, 't', ['x'.repeat(100)])
  await produce(client, 't', ['y'.repeat(100)])
  expect(valuesOf((await waiting).records)).toHaveLength(2)
  expect((await fetchOnce(reader, 't', 2, { maxWaitMs: 50, minBytes: 1 })).errorCode).toBe(0)
})

test('wakes who waits on a topic that is deleted', async () => {
  const { client, connect } = await startLiveBroker()
  await createTopic(client, 't')
  const waiting = fetchOnce(await connect(), 't', 0, { maxWaitMs: 20_000 })
  await client.request(DeleteTopics, 3, { topicNames: ['t'], timeoutMs: 1_000 })
  expect((await waiting).errorCode).toBe(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
})

test('refuses a client that claims to be a replica', async () => {
  const { client } = await startLiveBroker()
  await createTopic(client, 't')
  const topics = [{ topic: 't', partitions: [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 100 }] }]
  const answer = await client.request(Fetch, 11, { replicaId: 1, maxWaitMs: 0, minBytes: 0, topics })
  expect(answer.errorCode).toBe(ErrorCode.CLUSTER_AUTHORIZATION_FAILED)
  const old = await client.request(Fetch, 4, { replicaId: 1, maxWaitMs: 0, minBytes: 0, topics })
  expect(old.responses[0]!.partitions[0]!.errorCode).toBe(ErrorCode.CLUSTER_AUTHORIZATION_FAILED)
})

test('in a session tells only of partitions with news', async () => {
  const { client } = await startLiveBroker()
  await createTopic(client, 't', { partitions: 2 })
  const partitions = [0, 1].map(partition => ({ partition, fetchOffset: 0, partitionMaxBytes: 1 << 20 }))
  const ask = (
    sessionId: number,
    sessionEpoch: number,
    topics: { topic: string; partitions: typeof partitions }[],
  ) => client.request(Fetch, 11, { maxWaitMs: 0, minBytes: 0, sessionId, sessionEpoch, topics })

  const first = await ask(0, 0, [{ topic: 't', partitions }])
  expect(first.sessionId).not.toBe(0)
  expect(first.responses[0]!.partitions).toHaveLength(2)
  expect((await ask(first.sessionId, 1, [])).responses).toEqual([])

  await produce(client, 't', ['a'], { partition: 1 })
  const second = await ask(first.sessionId, 2, [])
  expect(second.responses[0]!.partitions.map(one => one.partitionIndex)).toEqual([1])
  expect(valuesOf(second.responses[0]!.partitions[0]!.records)).toEqual(['a'])

  const moved = [{ partition: 1, fetchOffset: 1, partitionMaxBytes: 1 << 20 }]
  expect((await ask(first.sessionId, 3, [{ topic: 't', partitions: moved }])).responses).toEqual([])
})

test('knows sessions that are not there and epochs that are out of turn', async () => {
  const { client } = await startLiveBroker()
  await createTopic(client, 't')
  const topics = [{ topic: 't', partitions: [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 100 }] }]
  const ask = (sessionId: number, sessionEpoch: number) =>
    client.request(Fetch, 11, { maxWaitMs: 0, minBytes: 0, sessionId, sessionEpoch, topics })
  expect((await ask(12345, 1)).errorCode).toBe(ErrorCode.FETCH_SESSION_ID_NOT_FOUND)
  const { sessionId } = await ask(0, 0)
  expect((await ask(sessionId, 7)).errorCode).toBe(ErrorCode.INVALID_FETCH_SESSION_EPOCH)
  expect((await ask(sessionId, -1)).sessionId).toBe(0)
  expect((await ask(sessionId, 1)).errorCode).toBe(ErrorCode.FETCH_SESSION_ID_NOT_FOUND)
})

test('reads what has left memory from the files, and checks it', async () => {
  const config = { 'loggerhead.tail.cache.bytes': 0, 'log.segment.bytes': 1_048_576 }
  const { client } = await startLiveBroker({ config })
  await createTopic(client, 't')
  const big = 'z'.repeat(50_000)
  for (let i = 0; i < 60; i++) await produce(client, 't', [`${i} ${big}`])
  const values: string[] = []
  for (let offset = 0; offset < 60; ) {
    const read = valuesOf((await fetchOnce(client, 't', offset, { maxBytes: 200_000 })).records)
    expect(read.length).toBeGreaterThan(0)
    values.push(...read)
    offset += read.length
  }
  expect(values.map(value => Number(value.split(' ')[0]))).toEqual(Array.from({ length: 60 }, (_, i) => i))
})
