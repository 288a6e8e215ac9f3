/** @platformatic/kafka: the newest version of each request, in flexible encoding. */
import { type CompressionAlgorithmValue, ListOffsetTimestamps } from '@platformatic/kafka'
import { until } from '../support/process.ts'
import { suite } from '../support/scenario.ts'
import { consume, createConsumer, errorsOf, produce, withAdmin } from './client.ts'

const numbered = (topic: string, count: number, partitions = 1) =>
  Array.from({ length: count }, (_, index) => ({
    topic,
    partition: index % partitions,
    key: `k${index}`,
    value: `v${index}`,
  }))

suite('platformatic', scenario => {
  scenario('creates, lists, extends and deletes a topic', async ({ bootstrap, name }) =>
    withAdmin(bootstrap, async admin => {
      const topic = name()
      const configs = [{ name: 'retention.ms', value: '1000000' }]
      const [created] = await admin.createTopics({ topics: [topic], partitions: 3, replicas: 1, configs })
      const again = await errorsOf(admin.createTopics({ topics: [topic], partitions: 3, replicas: 1 }))
      const listed = (await admin.listTopics()).includes(topic)
      // This client sends an empty list where others send none, and that asks for the impossible.
      const extended = await errorsOf(
        admin.createPartitions({ topics: [{ name: topic, count: 5, assignments: [] }] }),
      )
      const metadata = await admin.metadata({ topics: [topic], forceUpdate: true })
      await admin.deleteTopics({ topics: [topic] })
      return {
        created: { ...created!, id: undefined },
        again,
        listed,
        extended,
        partitions: metadata.topics.get(topic)!.partitionsCount,
        listedAfterDelete: (await admin.listTopics()).includes(topic),
        deletedAgain: await errorsOf(admin.deleteTopics({ topics: [topic] })),
        invalid: await errorsOf(admin.createTopics({ topics: ['a/b'], partitions: 1, replicas: 1 })),
      }
    }),
  )

  for (const acks of [0, 1, -1])
    scenario(`produces with acks=${acks < 0 ? 'all' : acks}`, async ({ bootstrap, name }) => {
      const { offsets } = await produce(bootstrap, numbered(name(), 5), { acks })
      return { offsets, records: await consume(bootstrap, { topic: name(), count: 5, groupId: name() }) }
    })

  for (const compression of ['none', 'gzip', 'snappy', 'lz4', 'zstd'] satisfies CompressionAlgorithmValue[])
    scenario(`writes and reads records compressed with ${compression}`, async ({ bootstrap, name }) => {
      await produce(bootstrap, numbered(name(), 100), { compression })
      return consume(bootstrap, { topic: name(), count: 100, groupId: name() })
    })

  scenario('keeps headers and empty keys and values', async ({ bootstrap, name }) => {
    const topic = name()
    await produce(bootstrap, [
      { topic, key: 'k', value: 'v', headers: { a: '1', ü: 'ö' } },
      { topic, value: 'no key' },
      { topic, key: 'no value' },
      { topic, key: '', value: '' },
    ])
    return consume(bootstrap, { topic, count: 4, groupId: topic })
  })

  scenario('produces idempotently', async ({ bootstrap, name }) => {
    const { offsets } = await produce(bootstrap, numbered(name(), 500), { idempotent: true, acks: -1 })
    return {
      offsets,
      records: (await consume(bootstrap, { topic: name(), count: 500, groupId: name() })).length,
    }
  })

  scenario('is refused what is too large', async ({ bootstrap, name }) => {
    await produce(bootstrap, numbered(name(), 1))
    const value = 'x'.repeat(1_100_000)
    return errorsOf(produce(bootstrap, [{ topic: name(), value }], { retries: 0 }))
  })

  scenario('says that a topic is unknown', async ({ bootstrap, name }) => ({
    produced: await errorsOf(
      produce(bootstrap, numbered(name(), 1), { autocreateTopics: false, retries: 0 }),
    ),
    offsets: await withAdmin(bootstrap, admin =>
      errorsOf(admin.metadata({ topics: [name('none')], retries: 0 })),
    ),
  }))

  scenario('goes on where the group has committed', async ({ bootstrap, name }) => {
    const topic = name()
    await produce(bootstrap, numbered(topic, 10))
    const first = await consume(bootstrap, { topic, count: 4, groupId: topic })
    return { first, rest: await consume(bootstrap, { topic, count: 6, groupId: topic }) }
  })

  scenario('asks for offsets', async ({ bootstrap, name }) => {
    const topic = name()
    const messages = numbered(topic, 10).map((message, index) => ({
      ...message,
      timestamp: 1_700_000_000_000n + BigInt(index * 10),
    }))
    await produce(bootstrap, messages)
    const consumer = createConsumer(bootstrap, topic)
    const ask = async (timestamp: bigint) =>
      (await consumer.listOffsets({ topics: [topic], timestamp })).get(topic)
    try {
      return {
        earliest: await ask(ListOffsetTimestamps.EARLIEST),
        latest: await ask(ListOffsetTimestamps.LATEST),
        exact: await ask(1_700_000_000_050n),
        between: await ask(1_700_000_000_051n),
        later: await ask(1_800_000_000_000n),
      }
    } finally {
      await consumer.close(true)
    }
  })

  scenario('shares partitions among members that come and leave', async ({ bootstrap, name }) => {
    const topic = name()
    await withAdmin(bootstrap, admin => admin.createTopics({ topics: [topic], partitions: 4, replicas: 1 }))
    const join = async () => {
      const consumer = createConsumer(bootstrap, topic)
      const stream = await consumer.consume({ topics: [topic], mode: 'earliest' })
      stream.on('error', () => {})
      stream.resume()
      return consumer
    }
    const assigned = (consumer: Awaited<ReturnType<typeof join>>) =>
      consumer.assignments?.find(assignment => assignment.topic === topic)?.partitions ?? []
    const first = await join()
    const alone = [...assigned(first)].sort()
    const second = await join()
    await until('two partitions each', () => assigned(first).length === 2 && assigned(second).length === 2)
    const together = [...assigned(first), ...assigned(second)].sort()
    const described = await withAdmin(bootstrap, admin => admin.describeGroups({ groups: [topic] }))
    const { state, protocol, protocolType, members } = described.get(topic)!
    await second.close(true)
    await until('all partitions', () => assigned(first).length === 4)
    await first.close(true)
    const hosts = [...members.values()].map(member => member.clientHost)
    return { alone, together, state, protocol, protocolType, hosts }
  })

  scenario('lists, alters and deletes groups', async ({ bootstrap, name }) => {
    const topic = name()
    await produce(bootstrap, numbered(topic, 5))
    await consume(bootstrap, { topic, count: 5, groupId: topic })
    return withAdmin(bootstrap, async admin => {
      const offsets = () => admin.listConsumerGroupOffsets({ groups: [{ groupId: topic, topics: null }] })
      const listed = (await admin.listGroups()).get(topic)
      const before = await offsets()
      const partitionOffsets = [{ partition: 0, offset: 2n }]
      await admin.alterConsumerGroupOffsets({ groupId: topic, topics: [{ name: topic, partitionOffsets }] })
      const altered = await offsets()
      await admin.deleteGroups({ groups: [topic] })
      const deletedAgain = await errorsOf(admin.deleteGroups({ groups: [topic] }))
      return { listed, before, altered, deletedAgain, isListed: (await admin.listGroups()).has(topic) }
    })
  })

  scenario('deletes records and describes settings', async ({ bootstrap, name }) => {
    const topic = name()
    await produce(bootstrap, numbered(topic, 10))
    return withAdmin(bootstrap, async admin => {
      const deleted = await admin.deleteRecords({
        topics: [{ name: topic, partitions: [{ partition: 0, offset: 4n }] }],
      })
      const resources = [
        {
          resourceType: 2 as const,
          resourceName: topic,
          configurationKeys: ['segment.bytes', 'cleanup.policy'],
        },
      ]
      const [described] = await admin.describeConfigs({ resources })
      const settings = described!.configs.map(({ name, ...setting }) => [name, setting])
      return { deleted, settings: Object.fromEntries(settings) }
    })
  })
})
