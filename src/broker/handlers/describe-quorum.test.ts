import { expect, test } from 'vitest'
import { createTopic, startLiveBroker, temporaryFolder } from '../../../test/support/live-broker.ts'
import type { RawClient } from '../../../test/support/raw-client.ts'
import { ErrorCode } from '../../protocol/errors.ts'
import { DescribeQuorum } from '../../protocol/messages/describe-quorum.ts'
import { ZERO_UUID } from '../../protocol/schema.ts'

const ask = (client: RawClient, version: number, topicName = '__cluster_metadata', indexes = [0]) =>
  client.request(DescribeQuorum, version, {
    topics: [{ topicName, partitions: indexes.map(partitionIndex => ({ partitionIndex })) }],
  })

test.each([0, 1, 2])('version %i shows one voter, which leads', async version => {
  const { client, broker } = await startLiveBroker()
  await createTopic(client, 't')
  const answer = await ask(client, version)
  const [partition] = answer.topics[0]!.partitions
  expect(answer.errorCode).toBe(ErrorCode.NONE)
  expect(partition).toMatchObject({ errorCode: ErrorCode.NONE, leaderId: 1, leaderEpoch: 0, observers: [] })
  expect(partition!.currentVoters).toHaveLength(1)
  const [voter] = partition!.currentVoters
  expect(voter!.replicaId).toBe(1)
  expect(voter!.logEndOffset).toBeGreaterThan(0)
  expect(partition!.highWatermark).toBe(voter!.logEndOffset)
  expect(voter!.lastFetchTimestamp > 0).toBe(version >= 1)
  expect(voter!.replicaDirectoryId === ZERO_UUID).toBe(version < 2)
  const listeners = [{ name: 'PLAINTEXT', host: '127.0.0.1', port: broker.port }]
  expect(answer.nodes).toEqual(version < 2 ? [] : [{ nodeId: 1, listeners }])
})

test('each start is a new epoch, and the log goes on', async () => {
  const dataDir = await temporaryFolder()
  const first = await startLiveBroker({ dataDir })
  await createTopic(first.client, 't')
  const before = (await ask(first.client, 2)).topics[0]!.partitions[0]!
  await first.broker.close()
  const second = await startLiveBroker({ dataDir })
  const after = (await ask(second.client, 2)).topics[0]!.partitions[0]!
  expect(after.leaderEpoch).toBe(before.leaderEpoch + 1)
  expect(after.highWatermark).toBe(before.highWatermark)
  expect(after.currentVoters[0]!.replicaDirectoryId).toBe(before.currentVoters[0]!.replicaDirectoryId)
})

test.each<[string, number[]]>([
  ['t', [0]],
  ['__cluster_metadata', [1]],
  ['__cluster_metadata', [0, 0]],
])('no quorum is told of %s %j', async (topicName, indexes) => {
  const { client } = await startLiveBroker()
  await createTopic(client, 't')
  for (const version of [0, 1, 2]) {
    const { errorCode, topics } = await ask(client, version, topicName, indexes)
    expect(errorCode).toBe(ErrorCode.NONE)
    expect(topics[0]!.partitions.map(one => one.errorCode)).toEqual(
      indexes.map(() => ErrorCode.UNKNOWN_TOPIC_OR_PARTITION),
    )
  }
})
