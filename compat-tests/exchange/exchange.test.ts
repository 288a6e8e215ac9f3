/** Every client reads what every other has written, in each of the five compressions. */
import { expect } from 'vitest'
import { compressions, connectClient, createTopic, seen, withProducer } from '../kafkajs/client.ts'
import { kcatProduce, kcatRead } from '../kcat/client.ts'
import { createConsumer, produce } from '../platformatic/client.ts'
import type { Endpoint } from '../support/broker.ts'
import { kafkaTool } from '../support/kafka-jars.ts'
import { until } from '../support/process.ts'
import { fetch } from '../support/requests.ts'
import { suite } from '../support/scenario.ts'
import { Connection } from '../support/wire.ts'

const codecs = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const
type Codec = (typeof codecs)[number]

const recordsPerTopic = 50
const lines = (topic: string) =>
  Array.from({ length: recordsPerTopic }, (_, index) => `${topic}|${index}|${'abc'.repeat(index)}`)

type Write = (endpoint: Endpoint, topic: string, codec: Codec) => Promise<void>

const writers: Record<string, Write> = {
  kafkajs: ({ bootstrap }, topic, codec) =>
    withProducer(connectClient(bootstrap), async producer => {
      const messages = lines(topic).map(value => ({ value }))
      await producer.send({ topic, messages, compression: compressions[codec] })
    }),
  kcat: ({ bootstrap }, topic, codec) => kcatProduce(bootstrap, topic, lines(topic), ['-z', codec]),
  platformatic: async ({ bootstrap }, topic, codec) => {
    const messages = lines(topic).map(value => ({ topic, value }))
    await produce(bootstrap, messages, { compression: codec })
  },
  java: async ({ bootstrap }, topic, codec) => {
    const args = ['--bootstrap-server', bootstrap, '--topic', topic, '--compression-codec', codec]
    const { code, stderr } = await kafkaTool('kafka-console-producer', args, {
      input: lines(topic).join('\n'),
    })
    expect({ code, stderr }).toMatchObject({ code: 0 })
  },
}

type Read = (endpoint: Endpoint, topics: readonly string[], reader: string) => Promise<(string | null)[]>

const readers: Record<string, Read> = {
  kafkajs: async ({ bootstrap }, topics, reader) => {
    const values: (string | null)[] = []
    const consumer = connectClient(bootstrap).consumer({ groupId: reader, maxWaitTimeInMs: 200 })
    await consumer.connect()
    await consumer.subscribe({ topics: [...topics], fromBeginning: true })
    await consumer.run({
      eachMessage: async ({ partition, message }) => void values.push(seen(partition, message).value),
    })
    await until('kafkajs to read all', () => values.length >= recordsPerTopic * topics.length)
    await consumer.disconnect()
    return values
  },
  kcat: async ({ bootstrap }, topics) => {
    const records = await Promise.all(topics.map(topic => kcatRead(bootstrap, topic)))
    return records.flat().map(({ payload }) => payload)
  },
  platformatic: async ({ bootstrap }, topics, reader) => {
    const values: string[] = []
    const consumer = createConsumer(bootstrap, reader)
    const stream = await consumer.consume({ topics: [...topics], mode: 'earliest' })
    stream.on('data', ({ value }) => values.push(value))
    await until('platformatic to read all', () => values.length >= recordsPerTopic * topics.length)
    await consumer.close(true)
    return values
  },
  java: async ({ bootstrap }, topics) => {
    const count = `${recordsPerTopic * topics.length}`
    const args = ['--bootstrap-server', bootstrap, '--include', topics.join('|'), '--from-beginning']
    const { stdout } = await kafkaTool('kafka-console-consumer', [...args, '--max-messages', count])
    return stdout.trimEnd().split('\n')
  },
}

/** The compression that the first batch of a topic has on the wire: none, or else what was asked for. */
async function codecOnTheWire({ host, port }: Endpoint, topic: string): Promise<string | undefined> {
  const connection = await Connection.open(host, port)
  const { bytes } = await fetch(connection, { topic, partition: 0 }, 0)
  connection.close()
  // The attributes follow base offset, length, leader epoch, magic and CRC.
  return codecs[bytes.readInt16BE(21) & 7]
}

suite('exchange', scenario => {
  for (const [writer, write] of Object.entries(writers))
    scenario(
      `what ${writer} writes, every client reads`,
      async scene => {
        const topics = codecs.map(codec => scene.name(codec))
        for (const [index, topic] of topics.entries()) {
          await createTopic(connectClient(scene.bootstrap), topic)
          await write(scene, topic, codecs[index]!)
          expect(await codecOnTheWire(scene, topic)).toBe(codecs[index])
        }
        const expected = topics.flatMap(lines).sort()
        for (const [reader, read] of Object.entries(readers)) {
          const values = await read(scene, topics, scene.name(reader))
          expect(values.sort(), `read by ${reader}`).toEqual(expected)
        }
      },
      { timeoutMs: 120_000 },
    )
})
