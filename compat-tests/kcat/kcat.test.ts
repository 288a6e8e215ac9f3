/** kcat: librdkafka's way of producing, reading, listing and asking for offsets. */
import { expect } from 'vitest'
import { suite } from '../support/scenario.ts'
import { complaint, kcat, kcatGroupRead, kcatOrThrow, kcatProduce, kcatRead } from './client.ts'

const lines = (count: number) => Array.from({ length: count }, (_, index) => `line ${index}`)

interface Listing {
  brokers: { name: string }[]
  topics: { topic: string; error?: string; partitions: { partition: number; error?: string }[] }[]
}

async function list(bootstrap: string, topic: string): Promise<Listing> {
  return JSON.parse(await kcatOrThrow(bootstrap, ['-L', '-J', '-t', topic])) as Listing
}

suite('kcat', scenario => {
  scenario('lists brokers and topics', async ({ bootstrap, name }) => {
    await kcatProduce(bootstrap, name(), lines(1))
    const { brokers, topics } = await list(bootstrap, name())
    expect(brokers.map(broker => broker.name)).toEqual([bootstrap])
    return topics.map(({ topic, error, partitions }) => ({
      topic,
      error,
      partitions: partitions.map(({ partition, error }) => ({ partition, error })),
    }))
  })

  for (const acks of ['0', '1', 'all'])
    scenario(`produces with acks=${acks}`, async ({ bootstrap, name }) => {
      await kcatProduce(bootstrap, name(), ['first'])
      await kcatProduce(bootstrap, name(), lines(50), ['-X', `acks=${acks}`])
      return kcatRead(bootstrap, name())
    })

  for (const codec of ['none', 'gzip', 'snappy', 'lz4', 'zstd'])
    scenario(`writes and reads records compressed with ${codec}`, async ({ bootstrap, name }) => {
      await kcatProduce(bootstrap, name(), lines(200), ['-z', codec])
      return kcatRead(bootstrap, name())
    })

  scenario('keeps keys, headers and nulls', async ({ bootstrap, name }) => {
    await kcatProduce(
      bootstrap,
      name(),
      ['key:value', ':no key', 'no value:'],
      ['-K:', '-Z', '-H', 'a=1', '-H', 'b=2'],
    )
    await kcatProduce(bootstrap, name(), ['plain'])
    return kcatRead(bootstrap, name())
  })

  scenario('produces idempotently', async ({ bootstrap, name }) => {
    await kcatProduce(bootstrap, name(), lines(1_000), [
      '-X',
      'enable.idempotence=true',
      '-X',
      'batch.num.messages=10',
    ])
    return (await kcatRead(bootstrap, name())).map(({ offset, payload }) => `${offset} ${payload}`)
  })

  scenario('is refused records that are too large', async ({ bootstrap, name }) => {
    await kcatProduce(bootstrap, name(), ['small'])
    const args = ['-P', '-t', name(), '-X', 'message.max.bytes=4000000']
    const refused = await kcat(bootstrap, args, { input: `${'x'.repeat(2_000_000)}\n` })
    return { refused: complaint(refused), records: (await kcatRead(bootstrap, name())).length }
  })

  scenario('reads from offsets, from the end and from times', async ({ bootstrap, name }) => {
    const topic = name()
    await kcatProduce(bootstrap, topic, lines(20))
    const before = Date.now()
    const payloads = async (...args: string[]) =>
      (await kcatRead(bootstrap, topic, args)).map(({ payload }) => payload)
    return {
      fromSeven: await payloads('-o', '7', '-c', '3'),
      lastFive: await payloads('-o', '-5'),
      fromTime: await payloads('-o', `s@${before - 600_000}`, '-c', '2'),
      fromLater: await payloads('-o', `s@${before + 600_000}`),
      beyond: await payloads('-o', '1000', '-X', 'auto.offset.reset=earliest', '-c', '2'),
    }
  })

  scenario('asks for offsets by time', async ({ bootstrap, name }) => {
    const topic = name()
    await kcatProduce(bootstrap, topic, lines(3))
    const ask = async (time: number) =>
      (await kcatOrThrow(bootstrap, ['-Q', '-t', `${topic}:0:${time}`])).trim()
    return {
      start: await ask(-2),
      end: await ask(-1),
      long_ago: await ask(1),
      later: await ask(Date.now() + 600_000),
    }
  })

  scenario('says that a topic is unknown', async ({ bootstrap, name }) => {
    const consumed = complaint(await kcat(bootstrap, ['-C', '-t', name(), '-e', '-q']))
    const partition = complaint(await kcat(bootstrap, ['-Q', '-t', `${name()}:0:-1`]))
    const invalid = complaint(await kcat(bootstrap, ['-P', '-t', 'not/valid'], { input: 'x\n' }))
    return { consumed, partition, invalid }
  })

  scenario('reads as a group, and again only what is new', async ({ bootstrap, name }) => {
    await kcatProduce(bootstrap, name(), lines(10))
    const first = await kcatGroupRead(bootstrap, name(), name())
    const again = await kcatGroupRead(bootstrap, name(), name())
    await kcatProduce(bootstrap, name(), ['new'])
    return { first, again, afterMore: await kcatGroupRead(bootstrap, name(), name()) }
  })

  for (const strategy of ['range', 'roundrobin', 'cooperative-sticky'])
    scenario(`reads as a static member with ${strategy}`, async ({ bootstrap, name }) => {
      const args = ['-X', `partition.assignment.strategy=${strategy}`, '-X', 'group.instance.id=one']
      await kcatProduce(bootstrap, name(), lines(10))
      const first = await kcatGroupRead(bootstrap, name(), name(), args)
      const again = await kcatGroupRead(bootstrap, name(), name(), args)
      return { first, again }
    })

  scenario(
    'is told at once that there are no transactions',
    async ({ bootstrap, name }) => {
      await kcatProduce(bootstrap, name(), ['x'])
      const began = performance.now()
      const args = ['-P', '-t', name(), '-X', 'transactional.id=compat']
      const { code, stderr } = await kcat(bootstrap, args, { input: 'y\n' })
      expect(code).toBe(1)
      expect(stderr).toMatch(/transaction/i)
      expect(performance.now() - began).toBeLessThan(10_000)
      expect(await kcatRead(bootstrap, name())).toHaveLength(1)
    },
    { only: { kind: 'loggerhead', reason: 'transactions come later' } },
  )
})
