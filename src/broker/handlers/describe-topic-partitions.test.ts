import { expect, test } from 'vitest'
import { createTopic, startLiveBroker } from '../../../test/support/live-broker.ts'
import type { RawClient } from '../../../test/support/raw-client.ts'
import { ErrorCode } from '../../protocol/errors.ts'
import { DescribeTopicPartitions } from '../../protocol/messages/describe-topic-partitions.ts'
import { FindCoordinator } from '../../protocol/messages/find-coordinator.ts'

type Cursor = { topicName: string; partitionIndex: number } | null

const describe = (client: RawClient, names: readonly string[], limit = 2_000, cursor: Cursor = null) =>
  client.request(DescribeTopicPartitions, 0, {
    topics: names.map(name => ({ name })),
    responsePartitionLimit: limit,
    cursor,
  })

/** `topic:partitions` of a page. */
function shownIn({ topics }: Awaited<ReturnType<typeof describe>>): string[] {
  return topics.map(({ name, partitions }) => `${name}:${partitions.map(one => one.partitionIndex)}`)
}

test('describes a topic with leaders, replicas and what its caller may do', async () => {
  const { client } = await startLiveBroker()
  await createTopic(client, 't', { partitions: 1 })
  const answer = await describe(client, ['t'])
  expect(answer.nextCursor).toBeNull()
  expect(answer.topics).toMatchObject([
    { errorCode: ErrorCode.NONE, name: 't', isInternal: false, topicAuthorizedOperations: 0b110111111000 },
  ])
  expect(answer.topics[0]!.topicId).toMatch(/^[\w-]{22}$/)
  expect(answer.topics[0]!.partitions).toEqual([
    {
      errorCode: ErrorCode.NONE,
      partitionIndex: 0,
      leaderId: 1,
      leaderEpoch: 0,
      replicaNodes: [1],
      isrNodes: [1],
      eligibleLeaderReplicas: [],
      lastKnownElr: [],
      offlineReplicas: [],
    },
  ])
})

test('no names are all topics, sorted, the internal ones too', async () => {
  const { client } = await startLiveBroker({ config: { 'offsets.topic.num.partitions': 1 } })
  for (const name of ['b', 'a', 'c']) await createTopic(client, name)
  await client.request(FindCoordinator, 3, { key: 'g' })
  const answer = await describe(client, [])
  expect(shownIn(answer)).toEqual(['__consumer_offsets:0', 'a:0', 'b:0', 'c:0'])
  expect(answer.topics.map(({ isInternal }) => isInternal)).toEqual([true, false, false, false])
})

test('goes through all partitions page by page, within topics and between them', async () => {
  const { client } = await startLiveBroker()
  for (const name of ['b', 'a', 'c']) await createTopic(client, name, { partitions: 3 })
  const pages: string[][] = []
  let cursor: Cursor = null
  do {
    const answer = await describe(client, [], 2, cursor)
    pages.push(shownIn(answer))
    cursor = answer.nextCursor
  } while (cursor)
  expect(pages).toEqual([['a:0,1'], ['a:2', 'b:0'], ['b:1,2'], ['c:0,1'], ['c:2']])
})

test('a page that is full in front of a topic points to its first partition', async () => {
  const { client } = await startLiveBroker()
  for (const name of ['a', 'b']) await createTopic(client, name, { partitions: 2 })
  const first = await describe(client, ['b', 'a'], 2)
  expect(shownIn(first)).toEqual(['a:0,1'])
  expect(first.nextCursor).toEqual({ topicName: 'b', partitionIndex: 0 })
})

test('a page has at least one partition, and at most as many as the broker allows', async () => {
  const { client } = await startLiveBroker({ config: { 'max.request.partition.size.limit': 2 } })
  await createTopic(client, 'a', { partitions: 3 })
  expect(shownIn(await describe(client, ['a'], 0))).toEqual(['a:0'])
  expect(shownIn(await describe(client, ['a'], -7))).toEqual(['a:0'])
  expect(shownIn(await describe(client, ['a'], 1_000))).toEqual(['a:0,1'])
})

test('a cursor whose topic was deleted goes on with the next one', async () => {
  const { client } = await startLiveBroker()
  for (const name of ['a', 'c']) await createTopic(client, name)
  expect(shownIn(await describe(client, [], 10, { topicName: 'b', partitionIndex: 4 }))).toEqual(['c:0'])
  expect(shownIn(await describe(client, [], 10, { topicName: 'a', partitionIndex: 9 }))).toEqual([
    'a:',
    'c:0',
  ])
})

test('names that are no topics have their error, and a name counts once', async () => {
  const { client } = await startLiveBroker()
  await createTopic(client, 't')
  const answer = await describe(client, ['t', 'nope', 'not/valid', 't'])
  expect(answer.topics.map(({ name, errorCode }) => [name, errorCode])).toEqual([
    ['nope', ErrorCode.UNKNOWN_TOPIC_OR_PARTITION],
    ['not/valid', ErrorCode.INVALID_TOPIC_EXCEPTION],
    ['t', ErrorCode.NONE],
  ])
})

test.each([
  { topicName: 't', partitionIndex: -1 },
  { topicName: 'other', partitionIndex: 0 },
])('the cursor %j of a request for t is refused', async cursor => {
  const { client } = await startLiveBroker()
  await createTopic(client, 't')
  const { topics, nextCursor } = await describe(client, ['t'], 10, cursor)
  expect(topics).toMatchObject([{ name: 't', errorCode: ErrorCode.INVALID_REQUEST, partitions: [] }])
  expect(nextCursor).toBeNull()
})
