/** kafkajs's producer and consumer: what is written comes back, in order, and what must be refused is. */
import { randomBytes } from 'node:crypto'
import { expect } from 'vitest'
import { suite } from '../support/scenario.ts'
import {
  type Compression,
  compressions,
  connectClient,
  consume,
  consumeUntil,
  createTopic,
  errorOf,
  withAdmin,
  withProducer,
} from './client.ts'

const numbered = (count: number) => Array.from({ length: count }, (_, index) => ({ value: `${index}` }))

suite('kafkajs records', scenario => {
  for (const acks of [0, 1, -1])
    scenario(`produces with acks=${acks < 0 ? 'all' : acks}`, async ({ bootstrap, name }) => {
      const client = connectClient(bootstrap)
      const topic = name()
      await createTopic(client, topic)
      const answers = await withProducer(client, async producer => [
        await producer.send({ topic, acks, messages: numbered(3) }),
        await producer.send({ topic, acks, messages: numbered(2) }),
      ])
      return { answers, records: await consume(client, { topic, count: 5, groupId: topic }) }
    })

  for (const compression of Object.keys(compressions) as Compression[])
    scenario(`writes and reads records compressed with ${compression}`, async ({ bootstrap, name }) => {
      const client = connectClient(bootstrap)
      const topic = name()
      await createTopic(client, topic)
      const messages = numbered(100).map(({ value }) => ({ key: `k${value}`, value: value.repeat(100) }))
      await withProducer(client, producer =>
        producer.send({ topic, compression: compressions[compression], messages }),
      )
      return consume(client, { topic, count: 100, groupId: topic })
    })

  scenario('keeps headers, null keys, null and empty values', async ({ bootstrap, name }) => {
    const client = connectClient(bootstrap)
    const topic = name()
    await createTopic(client, topic)
    const messages = [
      { key: null, value: null },
      { key: '', value: '' },
      { key: 'k', value: null, headers: { one: 'a', many: ['b', 'c'], empty: '' } },
      { key: Buffer.from([0, 255, 128]).toString('latin1'), value: 'ünïcode ☃', headers: { ключ: '值' } },
    ]
    await withProducer(client, producer => producer.send({ topic, messages }))
    return consume(client, { topic, count: messages.length, groupId: topic })
  })

  scenario('spreads keys and counts offsets by partition', async ({ bootstrap, name }) => {
    const client = connectClient(bootstrap)
    const topic = name()
    await createTopic(client, topic, 4)
    const messages = numbered(100).map(({ value }) => ({ key: value, value }))
    await withProducer(client, producer => producer.send({ topic, messages }))
    const offsets = await withAdmin(client, admin => admin.fetchTopicOffsets(topic))
    return { offsets, records: await consume(client, { topic, count: 100, groupId: topic }) }
  })

  scenario('takes records of 1 MB less the overhead, and none above', async ({ bootstrap, name }) => {
    const client = connectClient(bootstrap)
    const topic = name()
    await createTopic(client, topic)
    const big = 'b'.repeat(1_048_588 - 100)
    const send = (value: string) =>
      withProducer(client, producer => producer.send({ topic, messages: [{ value }] }))
    const [taken] = await send(big)
    const refused = await errorOf(send('b'.repeat(1_048_588)))
    const [record] = await consume(client, { topic, count: 1, groupId: topic })
    return { taken, refused, whole: record!.value === big }
  })

  scenario("obeys a topic's own max.message.bytes", async ({ bootstrap, name }) => {
    const client = connectClient(bootstrap)
    const topic = name()
    await createTopic(client, topic, 1, { 'max.message.bytes': '2000' })
    const send = (value: string, compression: Compression = 'none') =>
      withProducer(client, producer =>
        producer.send({ topic, compression: compressions[compression], messages: [{ value }] }),
      )
    return {
      small: await errorOf(send('x'.repeat(1_900))),
      large: await errorOf(send('x'.repeat(2_000))),
      largeButCompressed: await errorOf(send('x'.repeat(20_000), 'gzip')),
      incompressible: await errorOf(send(randomBytes(4_000).toString('base64'), 'gzip')),
    }
  })

  scenario('refuses a record without a key where the topic is compacted', async ({ bootstrap, name }) => {
    const client = connectClient(bootstrap)
    const topic = name()
    await createTopic(client, topic, 1, { 'cleanup.policy': 'compact' })
    const send = (key: string | null, compression: Compression) =>
      errorOf(
        withProducer(client, producer =>
          producer.send({ topic, compression: compressions[compression], messages: [{ key, value: 'x' }] }),
        ),
      )
    return {
      keyed: await send('k', 'none'),
      keyless: await send(null, 'none'),
      keylessInGzip: await send(null, 'gzip'),
      end: await withAdmin(client, admin => admin.fetchTopicOffsets(topic)),
    }
  })

  scenario('writes each record once with an idempotent producer', async ({ bootstrap, name }) => {
    const client = connectClient(bootstrap)
    const topic = name()
    await createTopic(client, topic, 2)
    await withProducer(
      client,
      async producer => {
        for (let round = 0; round < 20; round++) {
          const messages = Array.from({ length: 10 }, (_, index) => {
            const value = `${round * 10 + index}`
            return { partition: index % 2, value }
          })
          await producer.send({ topic, messages })
        }
      },
      { idempotent: true, maxInFlightRequests: 1 },
    )
    const records = await consume(client, { topic, count: 200, groupId: topic })
    return records.map(({ partition, offset, value }) => `${partition}:${offset}=${value}`)
  })

  scenario('finds offsets by time', async ({ bootstrap, name }) => {
    const client = connectClient(bootstrap)
    const topic = name()
    await createTopic(client, topic)
    const start = 1_700_000_000_000
    await withProducer(client, async producer => {
      // Two batches, the second out of order: the answer is exact to the record, not to the batch.
      for (const times of [
        [0, 10, 20, 30],
        [60, 50, 70, 40],
      ]) {
        const messages = times.map(time => ({ value: `${time}`, timestamp: `${start + time}` }))
        await producer.send({ topic, messages })
      }
    })
    return withAdmin(client, async admin => {
      const answers: Record<string, unknown> = {}
      for (const time of [-1_000, 0, 5, 10, 31, 40, 55, 65, 70, 71])
        answers[time] = await admin.fetchTopicOffsetsByTimestamp(topic, start + time)
      return answers
    })
  })

  scenario('stamps records itself where the topic says so', async ({ bootstrap, name }) => {
    const client = connectClient(bootstrap)
    const topic = name()
    await createTopic(client, topic, 1, { 'message.timestamp.type': 'LogAppendTime' })
    const before = Date.now()
    const messages = [
      { value: 'a', timestamp: '1000' },
      { value: 'b', timestamp: '2000' },
    ]
    const [answer] = await withProducer(client, producer => producer.send({ topic, messages }))
    const stamps: number[] = []
    await consumeUntil(
      client.consumer({ groupId: topic, maxWaitTimeInMs: 200 }),
      topic,
      async ({ message }) => {
        stamps.push(Number(message.timestamp))
        return stamps.length === 2
      },
    )
    for (const stamp of [...stamps, Number(answer!.logAppendTime)]) {
      expect(stamp).toBeGreaterThanOrEqual(before)
      expect(stamp).toBeLessThanOrEqual(Date.now())
    }
    return { areEqual: new Set(stamps).size === 1 }
  })

  scenario('refuses times too far from now', async ({ bootstrap, name }) => {
    const client = connectClient(bootstrap)
    const topic = name()
    await createTopic(client, topic, 1, {
      'message.timestamp.before.max.ms': '60000',
      'message.timestamp.after.max.ms': '60000',
    })
    const send = (shift: number) =>
      errorOf(
        withProducer(client, producer =>
          producer.send({ topic, messages: [{ value: 'x', timestamp: `${Date.now() + shift}` }] }),
        ),
      )
    return { now: await send(0), past: await send(-120_000), future: await send(120_000) }
  })

  scenario("compresses as the topic's compression.type says", async ({ bootstrap, name }) => {
    const client = connectClient(bootstrap)
    const contents: Record<string, unknown> = {}
    for (const type of ['gzip', 'zstd', 'uncompressed']) {
      const topic = name(type)
      await createTopic(client, topic, 1, { 'compression.type': type })
      await withProducer(client, async producer => {
        await producer.send({ topic, messages: numbered(20) })
        await producer.send({ topic, messages: numbered(20), compression: compressions.lz4 })
      })
      contents[type] = await consume(client, { topic, count: 40, groupId: topic })
    }
    return contents
  })

  scenario('reads from an offset in the middle of a batch', async ({ bootstrap, name }) => {
    const client = connectClient(bootstrap)
    const topic = name()
    await createTopic(client, topic)
    await withProducer(client, async producer => {
      await producer.send({ topic, messages: numbered(10) })
      await producer.send({ topic, messages: numbered(10), compression: compressions.gzip })
    })
    const readFrom = async (offset: string) => {
      const offsets: string[] = []
      const consumer = client.consumer({ groupId: `${topic}-${offset}`, maxWaitTimeInMs: 200 })
      const isLast = async ({ message }: { message: { offset: string } }) => {
        offsets.push(message.offset)
        return message.offset === '19'
      }
      await consumeUntil(consumer, topic, isLast, () => consumer.seek({ topic, partition: 0, offset }))
      // What was on the way before the seek may come first.
      return offsets.slice(offsets.lastIndexOf(offset))
    }
    return { five: await readFrom('5'), fifteen: await readFrom('15') }
  })

  scenario('goes back to the beginning from an offset that is not there', async ({ bootstrap, name }) => {
    const client = connectClient(bootstrap)
    const topic = name()
    await createTopic(client, topic)
    await withProducer(client, producer => producer.send({ topic, messages: numbered(3) }))
    await withAdmin(client, admin =>
      admin.setOffsets({ groupId: topic, topic, partitions: [{ partition: 0, offset: '1000' }] }),
    )
    return consume(client, { topic, count: 3, groupId: topic })
  })
})
