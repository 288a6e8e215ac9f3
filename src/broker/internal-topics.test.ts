import { expect, test } from 'vitest'
import { createTopic, startLiveBroker, temporaryFolder } from '../../test/support/live-broker.ts'
import type { RawClient } from '../../test/support/raw-client.ts'
import { ErrorCode } from '../protocol/errors.ts'
import { DeleteTopics } from '../protocol/messages/delete-topics.ts'
import { FindCoordinator } from '../protocol/messages/find-coordinator.ts'
import { ListGroups } from '../protocol/messages/list-groups.ts'
import { OffsetCommit } from '../protocol/messages/offset-commit.ts'
import { OffsetFetch } from '../protocol/messages/offset-fetch.ts'
import { GROUP_TOPIC } from './internal-topics.ts'

const GROUPS = Array.from({ length: 20 }, (_, index) => `group-${index}`)

async function commit(client: RawClient, groupId: string, committedOffset: number): Promise<number> {
  const { topics } = await client.request(OffsetCommit, 9, {
    groupId,
    generationIdOrMemberEpoch: -1,
    memberId: '',
    topics: [{ name: 't', partitions: [{ partitionIndex: 0, committedOffset, committedMetadata: '' }] }],
  })
  return topics[0]!.partitions[0]!.errorCode
}

/** The committed offset, or the error as text. */
async function committed(client: RawClient, groupId: string): Promise<number | string> {
  const topics = [{ name: 't', partitionIndexes: [0] }]
  const answer = await client.request(OffsetFetch, 8, { groups: [{ groupId, topics }] })
  const { errorCode, topics: found } = answer.groups[0]!
  return errorCode === 0 ? found[0]!.partitions[0]!.committedOffset : `error ${errorCode}`
}

async function findCoordinator(client: RawClient, key: string): Promise<number> {
  return (await client.request(FindCoordinator, 3, { key, keyType: 0 })).errorCode
}

test('groups are found again when another number of partitions is configured for their topic', async () => {
  const dataDir = await temporaryFolder()
  const first = await startLiveBroker({ dataDir, config: { 'offsets.topic.num.partitions': 7 } })
  await createTopic(first.client, 't')
  await findCoordinator(first.client, 'any')
  for (const [index, group] of GROUPS.entries()) expect(await commit(first.client, group, index)).toBe(0)
  await first.broker.close()

  const { client } = await startLiveBroker({ dataDir, config: { 'offsets.topic.num.partitions': 3 } })
  for (const [index, group] of GROUPS.entries()) expect(await committed(client, group)).toBe(index)
  for (const group of GROUPS) expect(await commit(client, group, 100)).toBe(0)
  const { groups } = await client.request(ListGroups, 4, {})
  expect(groups.map(({ groupId }) => groupId).sort()).toEqual([...GROUPS].sort())
})

test('groups work when a client has created their topic, with as many partitions as it likes', async () => {
  const { client } = await startLiveBroker({ config: { 'offsets.topic.num.partitions': 2 } })
  await createTopic(client, 't')
  expect((await createTopic(client, GROUP_TOPIC, { partitions: 5 })).errorCode).toBe(0)
  for (const [index, group] of GROUPS.entries()) {
    expect(await findCoordinator(client, group)).toBe(0)
    expect(await commit(client, group, index)).toBe(0)
  }
  for (const [index, group] of GROUPS.entries()) expect(await committed(client, group)).toBe(index)
})

test('groups begin anew when their topic is deleted and made again', async () => {
  const { client } = await startLiveBroker()
  await createTopic(client, 't')
  await findCoordinator(client, 'g')
  await commit(client, 'g', 5)
  await client.request(DeleteTopics, 1, { topicNames: [GROUP_TOPIC], timeoutMs: 1_000 })
  expect(await commit(client, 'g', 6)).toBe(ErrorCode.NOT_COORDINATOR)
  await createTopic(client, GROUP_TOPIC, { partitions: 3 })
  expect(await committed(client, 'g')).toBe(-1)
  expect(await commit(client, 'g', 7)).toBe(0)
  expect(await committed(client, 'g')).toBe(7)
})
