import { afterEach, expect, test } from 'vitest'
import { createTopic, startLiveBroker } from '../../test/support/live-broker.ts'
import { NodeClock } from '../base/node/node-clock.ts'
import { NodeNetwork } from '../base/node/node-network.ts'
import { GroupMember, type MemberOptions } from './group-member.ts'
import { fetchCommitted } from './group-offsets.ts'
import { deleteGroup, describeGroup, listGroups } from './groups.ts'
import { KafkaClient } from './kafka-client.ts'

const open: KafkaClient[] = []
afterEach(async () => {
  for (const client of open.splice(0)) await client.close()
})

async function start() {
  const { broker, client: raw } = await startLiveBroker({ config: { 'group.min.session.timeout.ms': 100 } })
  await createTopic(raw, 't', { partitions: 4 })
  const connect = () => {
    const world = { clock: new NodeClock(), network: new NodeNetwork() }
    const client = new KafkaClient({
      bootstrap: [{ host: '127.0.0.1', port: broker.port }],
      world,
      timeoutMs: 3_000,
    })
    open.push(client)
    return client
  }
  /** A member with short sessions, so that it hears of a rebalance soon. */
  const member = (options: Partial<MemberOptions> = {}) =>
    new GroupMember(connect(), { group: 'g', topics: ['t'], sessionTimeoutMs: 1_000, ...options })
  return { client: connect(), member }
}

const numbers = (partitions: readonly { partition: number }[]) => partitions.map(({ partition }) => partition)

test('one member gets all partitions, commits, and leaves an empty group behind', async () => {
  const { client, member } = await start()
  const alone = member()
  expect(numbers(await alone.join())).toEqual([0, 1, 2, 3])
  await alone.commit([{ topic: 't', partition: 2, offset: 7 }])
  expect(await describeGroup(client, 'g')).toMatchObject({
    state: 'Stable',
    assignor: 'range',
    members: [{}],
  })
  expect((await deleteGroup(client, 'g'))?.error).toBe('NON_EMPTY_GROUP')
  await alone.leave()
  expect(await listGroups(client)).toMatchObject([{ group: 'g', state: 'Empty', protocolType: 'consumer' }])
  expect(await fetchCommitted(client, 'g')).toEqual([{ topic: 't', partition: 2, offset: 7 }])
  expect(await deleteGroup(client, 'g')).toBeUndefined()
  await expect(describeGroup(client, 'g')).rejects.toMatchObject({ error: 'GROUP_ID_NOT_FOUND' })
})

test('a second member takes half, after the first has heard of it and joined again', async () => {
  const { member } = await start()
  const rebalanced = Promise.withResolvers<void>()
  const first = member({ rebalancing: rebalanced.resolve })
  const second = member()
  await first.join()
  const joining = second.join()
  await rebalanced.promise
  const halves = [await Promise.all([first.join(), joining])].flat().map(numbers)
  expect(halves.map(half => half.length)).toEqual([2, 2])
  expect(halves.flat().sort()).toEqual([0, 1, 2, 3])
  await second.leave()
  await first.leave()
})

test('a member that the group has forgotten commits nothing', async () => {
  const { member } = await start()
  const gone = member()
  await gone.join()
  await gone.leave()
  const offsets = [{ topic: 't', partition: 0, offset: 1 }]
  await expect(gone.commit(offsets)).rejects.toMatchObject({ error: 'UNKNOWN_MEMBER_ID' })
})
