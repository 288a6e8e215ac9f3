import { expect, test } from 'vitest'
import {
  createTopic,
  fetchOnce,
  produce,
  startLiveBroker,
  temporaryFolder,
  valuesOf,
} from '../../../test/support/live-broker.ts'
import { ErrorCode } from '../../protocol/errors.ts'
import { CreatePartitions } from '../../protocol/messages/create-partitions.ts'
import { CreateTopics } from '../../protocol/messages/create-topics.ts'
import { DeleteRecords } from '../../protocol/messages/delete-records.ts'
import { DeleteTopics } from '../../protocol/messages/delete-topics.ts'
import { DescribeConfigs } from '../../protocol/messages/describe-configs.ts'
import { FindCoordinator } from '../../protocol/messages/find-coordinator.ts'
import { ListOffsets } from '../../protocol/messages/list-offsets.ts'
import { Metadata } from '../../protocol/messages/metadata.ts'
import { ZERO_UUID } from '../../protocol/schema.ts'

test('a topic that was created can be used at once', async () => {
  const { client } = await startLiveBroker()
  expect(await createTopic(client, 't', { partitions: 3 })).toMatchObject({ errorCode: 0, numPartitions: 3 })
  const { topics } = await client.request(Metadata, 9, { topics: [{ name: 't' }] })
  expect(topics[0]!.errorCode).toBe(0)
  expect(topics[0]!.partitions.map(one => [one.errorCode, one.leaderId])).toEqual([
    [0, 1],
    [0, 1],
    [0, 1],
  ])
  expect((await produce(client, 't', ['a'], { partition: 2 })).errorCode).toBe(0)
})

test.each([
  ['..', ErrorCode.INVALID_TOPIC_EXCEPTION],
  ['a/b', ErrorCode.INVALID_TOPIC_EXCEPTION],
  ['', ErrorCode.INVALID_TOPIC_EXCEPTION],
  ['nul\0', ErrorCode.INVALID_TOPIC_EXCEPTION],
  ['x'.repeat(250), ErrorCode.INVALID_TOPIC_EXCEPTION],
  ['__cluster_metadata', ErrorCode.INVALID_TOPIC_EXCEPTION],
  ['constructor', ErrorCode.NONE],
  ['__proto__', ErrorCode.NONE],
])('a topic named %j is answered with %i', async (name, errorCode) => {
  const { client } = await startLiveBroker()
  expect((await createTopic(client, name)).errorCode).toBe(errorCode)
  if (errorCode === 0) expect((await produce(client, name, ['a'])).errorCode).toBe(0)
})

test('a name that metrics could not tell from another is refused', async () => {
  const { client } = await startLiveBroker()
  await createTopic(client, 'a.b')
  expect((await createTopic(client, 'a_b')).errorCode).toBe(ErrorCode.INVALID_TOPIC_EXCEPTION)
  expect((await createTopic(client, 'a.b')).errorCode).toBe(ErrorCode.TOPIC_ALREADY_EXISTS)
})

test.each([
  [{ numPartitions: 0 }, ErrorCode.INVALID_PARTITIONS],
  [{ numPartitions: -5 }, ErrorCode.INVALID_PARTITIONS],
  [{ numPartitions: 1_000_000 }, ErrorCode.INVALID_PARTITIONS],
  [{ replicationFactor: 3 }, ErrorCode.INVALID_REPLICATION_FACTOR],
  [{ replicationFactor: 0 }, ErrorCode.INVALID_REPLICATION_FACTOR],
  [{ configs: [{ name: 'nonsense', value: '1' }] }, ErrorCode.INVALID_CONFIG],
  [{ configs: [{ name: 'retention.ms', value: 'soon' }] }, ErrorCode.INVALID_CONFIG],
  [{ configs: [{ name: 'cleanup.policy', value: null }] }, ErrorCode.INVALID_CONFIG],
  [{ assignments: [{ partitionIndex: 0, brokerIds: [9] }] }, ErrorCode.INVALID_REQUEST],
  [
    { numPartitions: -1, replicationFactor: -1, assignments: [{ partitionIndex: 0, brokerIds: [9] }] },
    ErrorCode.INVALID_REPLICA_ASSIGNMENT,
  ],
  [
    { numPartitions: -1, replicationFactor: -1, assignments: [{ partitionIndex: 1, brokerIds: [1] }] },
    ErrorCode.INVALID_REPLICA_ASSIGNMENT,
  ],
  [
    {
      numPartitions: -1,
      replicationFactor: -1,
      assignments: [
        { partitionIndex: 0, brokerIds: [1] },
        { partitionIndex: 0, brokerIds: [1] },
      ],
    },
    ErrorCode.INVALID_REPLICA_ASSIGNMENT,
  ],
])('a topic that asks for %j is refused with %i, and nothing of it is there', async (change, errorCode) => {
  const { client } = await startLiveBroker()
  const plain = { name: 't', numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] }
  const answer = await client.request(CreateTopics, 5, {
    topics: [{ ...plain, ...change }],
    timeoutMs: 1_000,
  })
  expect(answer.topics[0]!.errorCode).toBe(errorCode)
  expect((await client.request(Metadata, 1, { topics: null })).topics).toEqual([])
})

test('the name of a topic is looked at before its configs', async () => {
  const { client } = await startLiveBroker()
  const configs = { nonsense: '1' }
  expect((await createTopic(client, 't', { configs })).errorCode).toBe(ErrorCode.INVALID_CONFIG)
  await createTopic(client, 't')
  await createTopic(client, 'a.b')
  expect((await createTopic(client, 't', { configs })).errorCode).toBe(ErrorCode.TOPIC_ALREADY_EXISTS)
  expect((await createTopic(client, 'a/b', { configs })).errorCode).toBe(ErrorCode.INVALID_TOPIC_EXCEPTION)
  expect((await createTopic(client, 'a_b', { configs })).errorCode).toBe(ErrorCode.INVALID_TOPIC_EXCEPTION)
})

test('with validateOnly everything is checked and nothing is created', async () => {
  const { client } = await startLiveBroker()
  const topic = { name: 't', numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] }
  const answer = await client.request(CreateTopics, 5, {
    topics: [topic],
    timeoutMs: 1_000,
    validateOnly: true,
  })
  expect(answer.topics[0]!.errorCode).toBe(0)
  expect((await client.request(Metadata, 1, { topics: null })).topics).toEqual([])
})

test('the same name twice in a request is refused, the others are created', async () => {
  const { client } = await startLiveBroker()
  const topic = (name: string) => ({
    name,
    numPartitions: 1,
    replicationFactor: 1,
    assignments: [],
    configs: [],
  })
  const answer = await client.request(CreateTopics, 5, {
    topics: [topic('a'), topic('b'), topic('a')],
    timeoutMs: 1_000,
  })
  expect(answer.topics.map(one => [one.name, one.errorCode])).toEqual([
    ['b', ErrorCode.NONE],
    ['a', ErrorCode.INVALID_REQUEST],
  ])
})

test('Metadata creates topics on use with num.partitions, when client and broker allow it', async () => {
  const { client } = await startLiveBroker({ config: { 'num.partitions': 4 } })
  const ask = (name: string, allowAutoTopicCreation: boolean) =>
    client.request(Metadata, 8, { topics: [{ name }], allowAutoTopicCreation })
  expect((await ask('t', false)).topics[0]!.errorCode).toBe(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
  const created = (await ask('t', true)).topics[0]!
  expect(created.errorCode).toBe(ErrorCode.NONE) // never LEADER_NOT_AVAILABLE
  expect(created.partitions).toHaveLength(4)
  for (const mayCreate of [true, false]) {
    const answer = await ask('not/valid', mayCreate)
    expect(answer.topics[0]!.errorCode).toBe(ErrorCode.INVALID_TOPIC_EXCEPTION)
  }
})

test('clients that create one topic by using it can all use it at once', async () => {
  const { connect } = await startLiveBroker({ dataDir: await temporaryFolder() })
  const clients = await Promise.all(Array.from({ length: 6 }, connect))
  for (let round = 0; round < 5; round++) {
    const name = `t${round}`
    const errorCodes = clients.map(async (client, index) => {
      const topics = index % 3 === 2 ? null : [{ name }] // all topics, as one that others are creating comes up among them
      const answer = await client.request(Metadata, 8, { topics, allowAutoTopicCreation: true })
      const topic = answer.topics.find(one => one.name === name)
      if (!topic && topics === null) return [0, 0]
      return [topic!.errorCode, (await produce(client, name, ['a'])).errorCode]
    })
    expect(await Promise.all(errorCodes)).toEqual(Array(clients.length).fill([0, 0]))
  }
})

test('Metadata tells all topics, none, and one by its id', async () => {
  const { client } = await startLiveBroker()
  await createTopic(client, 'a')
  await createTopic(client, 'b')
  for (let version = 0; version <= 13; version++) {
    const answer = await client.request(Metadata, version, { topics: version === 0 ? [] : null })
    expect(answer.topics.map(topic => topic.name).sort()).toEqual(['a', 'b'])
    expect(answer.brokers).toMatchObject([{ nodeId: 1, host: '127.0.0.1' }])
  }
  expect((await client.request(Metadata, 1, { topics: [] })).topics).toEqual([])
  const { topicId } = (await client.request(Metadata, 12, { topics: [{ name: 'a' }] })).topics[0]!
  expect((await client.request(Metadata, 12, { topics: [{ topicId, name: null }] })).topics[0]!.name).toBe(
    'a',
  )
  const unknown = await client.request(Metadata, 12, {
    topics: [{ topicId: '0123456789abcdefABCDEA', name: null }],
  })
  expect(unknown.topics[0]!.errorCode).toBe(ErrorCode.UNKNOWN_TOPIC_ID)
})

test('a deleted topic is gone, and its name is free for a new one with a new id', async () => {
  const { client } = await startLiveBroker()
  await createTopic(client, 't')
  await produce(client, 't', ['old'])
  const idOf = async () =>
    (await client.request(Metadata, 12, { topics: [{ name: 't' }] })).topics[0]!.topicId
  const before = await idOf()
  const answer = await client.request(DeleteTopics, 6, {
    topics: [{ name: 't', topicId: ZERO_UUID }],
    timeoutMs: 1_000,
  })
  expect(answer.responses[0]).toMatchObject({ name: 't', topicId: before, errorCode: 0 })
  expect((await produce(client, 't', ['x'])).errorCode).toBe(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
  await createTopic(client, 't')
  expect(await idOf()).not.toBe(before)
  expect(await produce(client, 't', ['new'])).toMatchObject({ baseOffset: 0 })
  expect(valuesOf((await fetchOnce(client, 't', 0)).records)).toEqual(['new'])
})

test('deleting what is not there is told by name and by id', async () => {
  const { client } = await startLiveBroker()
  const byName = await client.request(DeleteTopics, 1, { topicNames: ['nope'], timeoutMs: 1_000 })
  expect(byName.responses[0]!.errorCode).toBe(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
  const byId = await client.request(DeleteTopics, 6, {
    topics: [{ name: null, topicId: '0123456789abcdefABCDEA' }],
    timeoutMs: 1_000,
  })
  expect(byId.responses[0]!.errorCode).toBe(ErrorCode.UNKNOWN_TOPIC_ID)
})

test('a topic that is asked for twice, or not clearly, is not deleted', async () => {
  const { client } = await startLiveBroker()
  await createTopic(client, 't')
  await createTopic(client, 'u')
  const idOf = async (name: string) =>
    (await client.request(Metadata, 12, { topics: [{ name }] })).topics[0]!.topicId
  const topicId = await idOf('t')
  const byName = { name: 't', topicId: ZERO_UUID }
  const byId = { name: null, topicId }
  const remove = async (...topics: { name: string | null; topicId: string }[]) => {
    const { responses } = await client.request(DeleteTopics, 6, { topics, timeoutMs: 1_000 })
    return responses
  }
  const refused = { errorCode: ErrorCode.INVALID_REQUEST, errorMessage: expect.any(String) }
  expect(await remove({ name: null, topicId: ZERO_UUID })).toMatchObject([{ name: null, ...refused }])
  expect(await remove({ name: 't', topicId })).toMatchObject([{ name: 't', topicId, ...refused }])
  expect(await remove(byName, byName, byName)).toMatchObject([{ ...byName, ...refused }])
  expect(await remove(byId, byId)).toMatchObject([{ ...byId, ...refused }])
  expect(await remove(byId, byName)).toMatchObject([{ name: 't', topicId, ...refused }])
  const topicNames = ['t', 'u', 't']
  const { responses } = await client.request(DeleteTopics, 1, { topicNames, timeoutMs: 1_000 })
  expect(responses.map(({ name, errorCode }) => [name, errorCode])).toEqual([
    ['t', ErrorCode.INVALID_REQUEST],
    ['u', ErrorCode.NONE],
  ])
  expect(await idOf('t')).toBe(topicId)
  expect(await remove(byId)).toMatchObject([{ name: 't', topicId, errorCode: 0 }])
})

test('where deletion is disabled old clients are told so in words that they know', async () => {
  const { client } = await startLiveBroker({ config: { 'delete.topic.enable': false } })
  await createTopic(client, 't')
  const remove = async (version: number) => {
    const body = version < 6 ? { topicNames: ['t'] } : { topics: [{ name: 't', topicId: ZERO_UUID }] }
    const { responses } = await client.request(DeleteTopics, version, { ...body, timeoutMs: 1_000 })
    return responses.map(({ errorCode }) => errorCode)
  }
  for (const version of [1, 2]) expect(await remove(version)).toEqual([ErrorCode.INVALID_REQUEST])
  for (const version of [3, 6]) expect(await remove(version)).toEqual([ErrorCode.TOPIC_DELETION_DISABLED])
})

test('partitions can be added, and never taken away', async () => {
  const { client } = await startLiveBroker()
  await createTopic(client, 't', { partitions: 2 })
  const grow = async (count: number, name = 't') => {
    const body = { topics: [{ name, count, assignments: null }], timeoutMs: 1_000, validateOnly: false }
    return (await client.request(CreatePartitions, 3, body)).results[0]!.errorCode
  }
  expect(await grow(2)).toBe(ErrorCode.INVALID_PARTITIONS)
  expect(await grow(1)).toBe(ErrorCode.INVALID_PARTITIONS)
  expect(await grow(5, 'nope')).toBe(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
  expect(await grow(4)).toBe(ErrorCode.NONE)
  expect((await produce(client, 't', ['a'], { partition: 3 })).errorCode).toBe(0)
})

test('DescribeConfigs lists every topic config with its value and source', async () => {
  const { client } = await startLiveBroker({ dev: false })
  await createTopic(client, 't', { configs: { 'retention.ms': '1234' } })
  const describe = (resourceType: number, resourceName: string) =>
    client.request(DescribeConfigs, 4, {
      resources: [{ resourceType, resourceName, configurationKeys: null }],
      includeSynonyms: true,
    })
  const { configs } = (await describe(2, 't')).results[0]!
  expect(configs).toHaveLength(33)
  expect(configs.find(one => one.name === 'retention.ms')).toMatchObject({ value: '1234', configSource: 1 })
  expect(configs.find(one => one.name === 'flush.messages')).toMatchObject({ value: '1' })
  const broker = (await describe(4, '1')).results[0]!
  expect(broker.configs.find(one => one.name === 'num.partitions')).toMatchObject({ value: '1' })
  expect((await describe(2, 'nope')).results[0]!.errorCode).toBe(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
  expect((await describe(4, '9')).results[0]!.errorCode).toBe(ErrorCode.INVALID_REQUEST)
})

test('DeleteRecords moves the start of a log, for good', async () => {
  const dataDir = await temporaryFolder()
  const first = await startLiveBroker({ dataDir })
  await createTopic(first.client, 't')
  await createTopic(first.client, 'kept', { configs: { 'cleanup.policy': 'compact' } })
  for (const value of ['a', 'b', 'c']) await produce(first.client, 't', [value])
  const cut = async (offset: number, name = 't', partitionIndex = 0) => {
    const topics = [{ name, partitions: [{ partitionIndex, offset }] }]
    return (await first.client.request(DeleteRecords, 2, { topics, timeoutMs: 1_000 })).topics[0]!
      .partitions[0]!
  }
  expect(await cut(2)).toMatchObject({ errorCode: 0, lowWatermark: 2 })
  expect((await fetchOnce(first.client, 't', 1)).errorCode).toBe(ErrorCode.OFFSET_OUT_OF_RANGE)
  expect(await fetchOnce(first.client, 't', 2)).toMatchObject({ errorCode: 0, logStartOffset: 2 })
  expect((await cut(9)).errorCode).toBe(ErrorCode.OFFSET_OUT_OF_RANGE)
  expect((await cut(0, 'nope')).errorCode).toBe(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
  expect((await cut(0, 'kept')).errorCode).toBe(ErrorCode.POLICY_VIOLATION)
  await first.client.request(FindCoordinator, 3, { key: 'g' })
  expect((await cut(0, '__consumer_offsets')).errorCode).toBe(ErrorCode.INVALID_TOPIC_EXCEPTION)
  await first.broker.close()

  const second = await startLiveBroker({ dataDir })
  expect((await fetchOnce(second.client, 't', 1)).errorCode).toBe(ErrorCode.OFFSET_OUT_OF_RANGE)
  expect(valuesOf((await fetchOnce(second.client, 't', 2)).records)).toEqual(['c'])
})

test('ListOffsets tells the epoch in which the first record of an empty log will be', async () => {
  const { client } = await startLiveBroker()
  await createTopic(client, 't')
  for (const timestamp of [-2, -4]) {
    const topics = [{ name: 't', partitions: [{ partitionIndex: 0, timestamp }] }]
    const answer = await client.request(ListOffsets, 8, { replicaId: -1, topics })
    expect(answer.topics[0]!.partitions[0]).toMatchObject({ errorCode: 0, offset: 0, leaderEpoch: 0 })
  }
})
