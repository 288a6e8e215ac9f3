/** kafkajs as an application would set it up, with the codecs it lacks plugged in, and what the suites do with it. */
import { promisify } from 'node:util'
import { zstdCompress, zstdDecompress } from 'node:zlib'
import kafkajs, { type Consumer, type EachMessagePayload, type KafkaMessage } from 'kafkajs'
import { compressFrame, decompressFrame } from 'lz4-napi'
import snappy from 'snappy'
import { until } from '../support/process.ts'

const { CompressionCodecs, CompressionTypes, Kafka, logLevel } = kafkajs
export type Client = InstanceType<typeof Kafka>

process.env.KAFKAJS_NO_PARTITIONER_WARNING = '1'

interface Encoder {
  buffer: Buffer
}

/** kafkajs's type is wrong here: the hooks get an encoder, whose bytes are in `buffer`. */
const codec =
  (compress: (bytes: Buffer) => Promise<Buffer>, decompress: (bytes: Buffer) => Promise<Buffer>) => () => ({
    compress: (encoder: Encoder) => compress(encoder.buffer),
    decompress,
  })

CompressionCodecs[CompressionTypes.LZ4] = codec(compressFrame, decompressFrame)
CompressionCodecs[CompressionTypes.ZSTD] = codec(promisify(zstdCompress), promisify(zstdDecompress))
CompressionCodecs[CompressionTypes.Snappy] = codec(
  async bytes => Buffer.from(await snappy.compress(bytes)),
  readSnappy,
)

/** The Java client's framing of snappy: a header of 16 bytes, then blocks that each begin with their length. */
async function readSnappy(bytes: Buffer): Promise<Buffer> {
  const isFramed = bytes.subarray(0, 8).equals(Buffer.from('82534e4150505900', 'hex'))
  const blocks: Buffer[] = []
  for (let at = isFramed ? 16 : 0; at < bytes.length; ) {
    const length = isFramed ? bytes.readInt32BE(at) : bytes.length
    if (isFramed) at += 4
    blocks.push(Buffer.from(await snappy.uncompress(bytes.subarray(at, at + length), { asBuffer: true })))
    at += length
  }
  return Buffer.concat(blocks)
}

export const compressions = {
  none: CompressionTypes.None,
  gzip: CompressionTypes.GZIP,
  snappy: CompressionTypes.Snappy,
  lz4: CompressionTypes.LZ4,
  zstd: CompressionTypes.ZSTD,
} as const

export type Compression = keyof typeof compressions

export function connectClient(bootstrap: string, clientId = 'compat'): Client {
  const retry = { initialRetryTime: 50, maxRetryTime: 1_000, retries: 6 }
  return new Kafka({ brokers: [bootstrap], clientId, logLevel: logLevel.NOTHING, retry })
}

type Admin = ReturnType<Client['admin']>
type Producer = ReturnType<Client['producer']>

export async function withAdmin<T>(client: Client, use: (admin: Admin) => Promise<T>): Promise<T> {
  const admin = client.admin()
  await admin.connect()
  return use(admin).finally(() => admin.disconnect())
}

export async function withProducer<T>(
  client: Client,
  use: (producer: Producer) => Promise<T>,
  options: Parameters<Client['producer']>[0] = {},
): Promise<T> {
  const producer = client.producer(options)
  await producer.connect()
  return use(producer).finally(() => producer.disconnect())
}

export async function createTopic(
  client: Client,
  topic: string,
  numPartitions = 1,
  config: Record<string, string> = {},
): Promise<void> {
  const configEntries = Object.entries(config).map(([name, value]) => ({ name, value }))
  await withAdmin(client, async admin => {
    // Apache Kafka may not know a topic for a moment after it has created it, or not lead all of its partitions; over
    // that kafkajs's own wait stumbles, and its producer sends again what one partition has taken already.
    await admin.createTopics({ topics: [{ topic, numPartitions, configEntries }], waitForLeaders: false })
    await until(`topic ${topic}`, () => admin.fetchTopicOffsets(topic).catch(() => undefined))
  })
}

export interface Seen {
  partition: number
  offset: string
  key: string | null
  value: string | null
  headers: Record<string, string | string[]>
}

const text = (bytes: Buffer | string | null | undefined) => (bytes == null ? null : bytes.toString())

export function seen(partition: number, { offset, key, value, headers }: KafkaMessage): Seen {
  const readable = Object.entries(headers ?? {}).map(([name, content]) => [
    name,
    Array.isArray(content) ? content.map(String) : String(content),
  ])
  return { partition, offset, key: text(key), value: text(value), headers: Object.fromEntries(readable) }
}

/** Reads `count` records of a topic from its beginning (or from where the group stands), then leaves the group. */
export async function consume(
  client: Client,
  { topic, count, groupId }: { topic: string; count: number; groupId: string },
): Promise<Seen[]> {
  const records: Seen[] = []
  await consumeUntil(
    client.consumer({ groupId, maxWaitTimeInMs: 200, retry: { retries: 3 } }),
    topic,
    async ({ partition, message }) => {
      records.push(seen(partition, message))
      return records.length >= count
    },
  )
  return records.sort((a, b) => a.partition - b.partition || Number(a.offset) - Number(b.offset))
}

/** Runs a consumer until `onMessage` says that it has enough, or fails after 40 s. */
export async function consumeUntil(
  consumer: Consumer,
  topic: string,
  onMessage: (payload: EachMessagePayload) => Promise<boolean>,
  onRunning: () => void = () => {},
): Promise<void> {
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  try {
    await new Promise<void>((resolve, reject) => {
      const deadline = setTimeout(() => reject(new Error(`no end of reading ${topic} after 40 s`)), 40_000)
      const finish = () => {
        clearTimeout(deadline)
        resolve()
      }
      consumer.on('consumer.crash', ({ payload }) => reject(payload.error))
      const eachMessage = async (payload: EachMessagePayload) => {
        if (await onMessage(payload)) finish()
      }
      consumer.run({ eachMessage }).then(onRunning, reject)
    })
  } finally {
    await consumer.disconnect()
  }
}

/** What kafkajs makes of an error answer: Kafka's error name, or the class of kafkajs's own error. */
export async function errorOf(action: Promise<unknown>): Promise<string | string[]> {
  try {
    await action
    return 'no error'
  } catch (error) {
    return nameOf(error)
  }
}

function nameOf(error: unknown): string | string[] {
  const { type, errors, groups, cause, name } = error as {
    type?: string
    errors?: unknown[]
    groups?: { groupId: string; error: unknown }[]
    cause?: unknown
    name: string
  }
  if (errors) return errors.flatMap(nameOf)
  if (groups) return groups.flatMap(group => nameOf(group.error))
  if (type) return type
  return cause ? nameOf(cause) : name
}
