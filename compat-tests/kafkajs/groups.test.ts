/** kafkajs's consumer groups: members share partitions, offsets outlive them, and admin calls see and change them. */
import type kafkajs from 'kafkajs'
import type { Consumer } from 'kafkajs'
import { expect } from 'vitest'
import { until } from '../support/process.ts'
import { suite } from '../support/scenario.ts'
import {
  type Client,
  connectClient,
  consume,
  createTopic,
  errorOf,
  withAdmin,
  withProducer,
} from './client.ts'

async function fill(client: Client, topic: string, partitions: number, count: number): Promise<void> {
  await createTopic(client, topic, partitions)
  const messages = Array.from({ length: count }, (_, index) => ({
    partition: index % partitions,
    value: `${index}`,
  }))
  await withProducer(client, producer => producer.send({ topic, messages }))
}

interface Member {
  consumer: Consumer
  /** The partitions of the last assignment. */
  assigned: number[]
  values: string[]
}

async function join(client: Client, groupId: string, topic: string, assigners?: kafkajs.PartitionAssigner[]) {
  const consumer = client.consumer({
    groupId,
    sessionTimeout: 10_000,
    heartbeatInterval: 200,
    maxWaitTimeInMs: 200,
    rebalanceTimeout: 10_000,
    ...(assigners && { partitionAssigners: assigners }),
  })
  const member: Member = { consumer, assigned: [], values: [] }
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  consumer.on('consumer.group_join', ({ payload }) => {
    member.assigned = payload.memberAssignment[topic] ?? []
  })
  await consumer.run({
    eachMessage: async ({ message }) => void member.values.push(String(message.value)),
  })
  return member
}

suite('kafkajs groups', scenario => {
  scenario('goes on where the group has committed', async ({ bootstrap, name }) => {
    const client = connectClient(bootstrap)
    const topic = name()
    await fill(client, topic, 2, 10)
    const first = await consume(client, { topic, count: 10, groupId: topic })
    await withProducer(client, producer =>
      producer.send({
        topic,
        messages: [
          { partition: 0, value: 'later' },
          { partition: 1, value: 'later' },
        ],
      }),
    )
    return { first, second: await consume(client, { topic, count: 2, groupId: topic }) }
  })

  scenario('shares partitions among members that come and leave', async ({ bootstrap, name }) => {
    const client = connectClient(bootstrap)
    const topic = name()
    await fill(client, topic, 4, 40)
    const a = await join(client, topic, topic)
    await until('the first member to own all', () => a.assigned.length === 4)
    const b = await join(client, topic, topic)
    await until('both members to own two', () => a.assigned.length === 2 && b.assigned.length === 2)
    const shared = [...a.assigned, ...b.assigned].sort()
    const described = await withAdmin(client, admin => admin.describeGroups([topic]))
    await a.consumer.disconnect()
    await until('the second member to own all', () => b.assigned.length === 4)
    await until('all records', () => new Set([...a.values, ...b.values]).size === 40)
    await b.consumer.disconnect()
    const empty = await withAdmin(client, admin => admin.describeGroups([topic]))
    const outline = ({ groups }: typeof described) =>
      groups.map(({ groupId, protocol, protocolType, state, members }) => ({
        groupId,
        protocol,
        protocolType,
        state,
        members: members.map(({ clientId, clientHost }) => ({ clientId, clientHost })),
      }))
    return { shared, described: outline(described), empty: outline(empty) }
  })

  scenario('keeps offsets and their metadata as they were committed', async ({ bootstrap, name }) => {
    const client = connectClient(bootstrap)
    const topic = name()
    await fill(client, topic, 3, 9)
    const consumer = client.consumer({ groupId: topic, maxWaitTimeInMs: 200 })
    await consumer.connect()
    await consumer.subscribe({ topic, fromBeginning: true })
    const joined = new Promise(resolve => consumer.on('consumer.group_join', resolve))
    await consumer.run({ autoCommit: false, eachMessage: async () => {} })
    await joined
    await consumer.commitOffsets([
      { topic, partition: 0, offset: '2', metadata: 'ein Vermerk ☃' },
      { topic, partition: 1, offset: '3', metadata: '' },
    ])
    const tooLong = await errorOf(
      consumer.commitOffsets([{ topic, partition: 0, offset: '1', metadata: 'm'.repeat(4_097) }]),
    )
    const committed = await withAdmin(client, admin =>
      admin.fetchOffsets({ groupId: topic, topics: [topic] }),
    )
    await consumer.disconnect()
    const unknown = await withAdmin(client, admin =>
      admin.fetchOffsets({ groupId: `${topic}-unknown`, topics: [topic] }),
    )
    return { tooLong, committed, unknown }
  })

  scenario('lists, describes and deletes groups', async ({ bootstrap, name }) => {
    const client = connectClient(bootstrap)
    const topic = name()
    await fill(client, topic, 1, 1)
    const member = await join(client, topic, topic)
    await until('the record', () => member.values.length === 1)
    return withAdmin(client, async admin => {
      const listed = (await admin.listGroups()).groups.find(({ groupId }) => groupId === topic)
      const deleteWithMembers = await errorOf(admin.deleteGroups([topic]))
      await member.consumer.disconnect()
      const deleted = await admin.deleteGroups([topic])
      const deleteUnknown = await errorOf(admin.deleteGroups([topic]))
      const { groups } = await admin.describeGroups([topic])
      const isListed = (await admin.listGroups()).groups.some(({ groupId }) => groupId === topic)
      const forgotten = await admin.fetchOffsets({ groupId: topic, topics: [topic] })
      return { listed, deleteWithMembers, deleted, deleteUnknown, groups, isListed, forgotten }
    })
  })

  scenario('sets and resets the offsets of an empty group', async ({ bootstrap, name }) => {
    const client = connectClient(bootstrap)
    const topic = name()
    await fill(client, topic, 2, 20)
    const first = await consume(client, { topic, count: 20, groupId: topic })
    expect(first).toHaveLength(20)
    const set = await withAdmin(client, async admin => {
      await admin.setOffsets({ groupId: topic, topic, partitions: [{ partition: 0, offset: '7' }] })
      return admin.fetchOffsets({ groupId: topic, topics: [topic] })
    })
    const second = await consume(client, { topic, count: 3, groupId: topic })
    const reset = await withAdmin(client, async admin => {
      await admin.resetOffsets({ groupId: topic, topic, earliest: true })
      return admin.fetchOffsets({ groupId: topic, topics: [topic], resolveOffsets: true })
    })
    const third = await consume(client, { topic, count: 20, groupId: topic })
    return { set, second, reset, third }
  })

  scenario('refuses to set offsets under a running member', async ({ bootstrap, name }) => {
    const client = connectClient(bootstrap)
    const topic = name()
    await fill(client, topic, 1, 1)
    const member = await join(client, topic, topic)
    await until('the record', () => member.values.length === 1)
    const error = await withAdmin(client, admin =>
      errorOf(admin.setOffsets({ groupId: topic, topic, partitions: [{ partition: 0, offset: '0' }] })),
    )
    await member.consumer.disconnect()
    return error
  })

  scenario('refuses a member with a protocol that the others lack', async ({ bootstrap, name }) => {
    const client = connectClient(bootstrap)
    const topic = name()
    await fill(client, topic, 1, 1)
    const member = await join(client, topic, topic)
    await until('the record', () => member.values.length === 1)
    const stranger: kafkajs.PartitionAssigner = () => ({
      name: 'Stranger',
      version: 1,
      assign: async () => [],
      protocol: () => ({ name: 'Stranger', metadata: Buffer.alloc(0) }),
    })
    const consumer = client.consumer({
      groupId: topic,
      partitionAssigners: [stranger],
      retry: { retries: 0 },
    })
    await consumer.connect()
    await consumer.subscribe({ topic })
    const crashed = new Promise<Error>(resolve =>
      consumer.on('consumer.crash', ({ payload }) => resolve(payload.error)),
    )
    const error = await errorOf(
      Promise.race([
        crashed.then(error => Promise.reject(error)),
        consumer.run({ eachMessage: async () => {} }),
      ]),
    )
    await consumer.disconnect()
    await member.consumer.disconnect()
    return error
  })
})
