import { expect, test } from 'vitest'
import { subscription } from '../../../test/support/group-script.ts'
import { createTopic, startLiveBroker } from '../../../test/support/live-broker.ts'
import type { RawClient } from '../../../test/support/raw-client.ts'
import { ErrorCode } from '../../protocol/errors.ts'
import { FindCoordinator } from '../../protocol/messages/find-coordinator.ts'
import { JoinGroup } from '../../protocol/messages/join-group.ts'
import { OffsetCommit } from '../../protocol/messages/offset-commit.ts'
import { OffsetDelete } from '../../protocol/messages/offset-delete.ts'
import { OffsetFetch } from '../../protocol/messages/offset-fetch.ts'

async function commit(client: RawClient, groupId: string, partitions: readonly number[]): Promise<void> {
  await client.request(FindCoordinator, 3, { key: groupId })
  const answer = await client.request(OffsetCommit, 7, {
    groupId,
    generationIdOrMemberEpoch: -1,
    memberId: '',
    topics: [
      {
        name: 't',
        partitions: partitions.map(partitionIndex => ({
          partitionIndex,
          committedOffset: 5,
          committedMetadata: null,
        })),
      },
    ],
  })
  expect(answer.topics[0]!.partitions.every(({ errorCode }) => errorCode === 0)).toBe(true)
}

const forget = (client: RawClient, groupId: string, name: string, ...indexes: number[]) =>
  client.request(OffsetDelete, 0, {
    groupId,
    topics: [{ name, partitions: indexes.map(partitionIndex => ({ partitionIndex })) }],
  })

test('a group forgets the offsets that are named, and no others', async () => {
  const { client } = await startLiveBroker()
  await createTopic(client, 't', { partitions: 2 })
  await commit(client, 'g', [0, 1])
  const answer = await forget(client, 'g', 't', 0, 7)
  expect(answer).toMatchObject({
    errorCode: ErrorCode.NONE,
    topics: [
      {
        name: 't',
        partitions: [
          { partitionIndex: 0, errorCode: ErrorCode.NONE },
          { partitionIndex: 7, errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION },
        ],
      },
    ],
  })
  const { topics } = await client.request(OffsetFetch, 5, { groupId: 'g', topics: null })
  expect(topics.flatMap(({ partitions }) => partitions.map(one => one.partitionIndex))).toEqual([1])
})

test('what cannot be asked of a group is told for the whole', async () => {
  const { client } = await startLiveBroker()
  await createTopic(client, 't')
  await client.request(FindCoordinator, 3, { key: 'g' })
  expect((await forget(client, '', 't', 0)).errorCode).toBe(ErrorCode.INVALID_GROUP_ID)
  expect((await forget(client, 'nobody', 't', 0)).errorCode).toBe(ErrorCode.GROUP_ID_NOT_FOUND)
  expect((await forget(client, 'nobody', 'nope', 0)).errorCode).toBe(ErrorCode.GROUP_ID_NOT_FOUND)
})

test('topics of which a member reads keep their offsets', async () => {
  const { client } = await startLiveBroker()
  for (const name of ['t', 'u']) await createTopic(client, name)
  await commit(client, 'g', [0])
  const member = {
    groupId: 'g',
    sessionTimeoutMs: 10_000,
    rebalanceTimeoutMs: 10_000,
    protocolType: 'consumer',
    protocols: [{ name: 'range', metadata: subscription(['t']) }],
  }
  const { memberId } = await client.request(JoinGroup, 2, { ...member, memberId: '' })
  expect(memberId).not.toBe('')
  const codeFor = async (topic: string) =>
    (await forget(client, 'g', topic, 0)).topics[0]!.partitions[0]!.errorCode
  expect(await codeFor('t')).toBe(ErrorCode.GROUP_SUBSCRIBED_TO_TOPIC)
  expect(await codeFor('u')).toBe(ErrorCode.NONE)
})

test('before anybody has looked for a group there is no coordinator', async () => {
  const { client } = await startLiveBroker()
  await createTopic(client, 't')
  expect((await forget(client, 'g', 't', 0)).errorCode).toBe(ErrorCode.NOT_COORDINATOR)
})

test('a group of another protocol type must be empty first', async () => {
  const { client } = await startLiveBroker()
  await createTopic(client, 't')
  await client.request(FindCoordinator, 3, { key: 'g' })
  await client.request(JoinGroup, 2, {
    groupId: 'g',
    sessionTimeoutMs: 10_000,
    rebalanceTimeoutMs: 10_000,
    memberId: '',
    protocolType: 'connect',
    protocols: [{ name: 'p', metadata: Buffer.alloc(0) }],
  })
  expect((await forget(client, 'g', 't', 0)).errorCode).toBe(ErrorCode.NON_EMPTY_GROUP)
})
