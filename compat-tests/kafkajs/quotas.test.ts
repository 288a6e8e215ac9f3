/** kafkajs under a quota. */
import { expect } from 'vitest'
import { kafkaTool } from '../support/kafka-jars.ts'
import { suite } from '../support/scenario.ts'
import { type Client, connectClient, consumeUntil, createTopic, withProducer } from './client.ts'

const QUOTA = 1_000_000
const SECONDS = 10
const only = {
  kind: 'loggerhead',
  reason: 'Apache Kafka lets a new client use the quota of ten seconds at once',
} as const

suite('kafkajs quotas', scenario => {
  scenario(
    'hold a producer and a consumer to 1 MB/s within 10 % over 10 s',
    async ({ bootstrap, name }) => {
      const [written, read] = [name('written'), name('read')]
      const free = connectClient(bootstrap)
      await createTopic(free, written)
      await createTopic(free, read)
      await fill(free, read, 1.5 * SECONDS * QUOTA)
      const quotas = `producer_byte_rate=${QUOTA},consumer_byte_rate=${QUOTA}`
      const entity = ['--entity-type', 'clients', '--entity-name', name()]
      const args = ['--bootstrap-server', bootstrap, '--alter', '--add-config', quotas, ...entity]
      expect((await kafkaTool('kafka-configs', args, { timeoutMs: 60_000 })).code).toBe(0)
      const limited = connectClient(bootstrap, name())
      const [produced, consumed] = await Promise.all([
        producedRate(limited, written),
        consumedRate(limited, read),
      ])
      expect(produced / QUOTA).toBeGreaterThan(0.9)
      expect(produced / QUOTA).toBeLessThan(1.1)
      expect(consumed / QUOTA).toBeGreaterThan(0.9)
      expect(consumed / QUOTA).toBeLessThan(1.1)
    },
    { timeoutMs: 120_000, only },
  )
})

async function fill(client: Client, topic: string, bytes: number): Promise<void> {
  const messages = Array.from({ length: 10 }, () => ({ value: Buffer.alloc(50_000) }))
  await withProducer(client, async producer => {
    for (let sent = 0; sent < bytes; sent += 500_000) await producer.send({ topic, messages })
  })
}

/** Bytes a second. */
function producedRate(client: Client, topic: string): Promise<number> {
  return withProducer(client, async producer => {
    const begun = performance.now()
    for (let sent = 0; ; ) {
      await producer.send({ topic, messages: [{ value: Buffer.alloc(100_000) }] })
      sent += 100_000
      const seconds = (performance.now() - begun) / 1_000
      if (seconds >= SECONDS) return sent / seconds
    }
  })
}

/** Bytes a second, from the first record on. */
async function consumedRate(client: Client, topic: string): Promise<number> {
  let [bytes, begun, seconds] = [0, 0, 0]
  await consumeUntil(client.consumer({ groupId: topic }), topic, async ({ message }) => {
    begun ||= performance.now()
    bytes += message.value!.length
    seconds = (performance.now() - begun) / 1_000
    return seconds >= SECONDS
  })
  return bytes / seconds
}
