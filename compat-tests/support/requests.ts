/** The few requests that tests send by hand, each in one old version that every Kafka since 2.1 answers. */
import { type Connection, type ProducerIdentity, Writer } from './wire.ts'

export const apiKey = {
  produce: 0,
  fetch: 1,
  listOffsets: 2,
  metadata: 3,
  offsetCommit: 8,
  offsetFetch: 9,
  findCoordinator: 10,
  joinGroup: 11,
  heartbeat: 12,
  leaveGroup: 13,
  syncGroup: 14,
  apiVersions: 18,
  createTopics: 19,
  initProducerId: 22,
} as const

export interface TopicPartition {
  topic: string
  partition: number
}

/** The error code; 36 says that the topic was there already. */
export async function createTopic(
  connection: Connection,
  topic: string,
  partitions: number,
  settings: Record<string, string> = {},
): Promise<number> {
  const body = new Writer().int32(1).string(topic).int32(partitions).int16(1).int32(0)
  body.array(Object.entries(settings), ([name, value]) => body.string(name).string(value))
  const answer = await connection.request(apiKey.createTopics, 2, body.int32(30_000).int8(0).done())
  answer.int32()
  const [errorCode] = answer.array(() => {
    answer.string()
    const code = answer.int16()
    answer.string()
    return code
  })
  return errorCode!
}

export async function initProducerId(
  connection: Connection,
  transactionalId: string | null = null,
): Promise<ProducerIdentity & { errorCode: number }> {
  const body = new Writer().string(transactionalId).int32(60_000).done()
  const answer = await connection.request(apiKey.initProducerId, 1, body)
  answer.int32()
  return { errorCode: answer.int16(), producerId: answer.int64(), producerEpoch: answer.int16() }
}

export interface Produced {
  errorCode: number
  baseOffset: number
}

export async function produce(
  connection: Connection,
  { topic, partition }: TopicPartition,
  batch: Buffer,
  { acks = -1, version = 7 } = {},
): Promise<Produced> {
  const body = new Writer().string(null).int16(acks).int32(30_000).int32(1).string(topic)
  body.int32(1).int32(partition).bytes(batch)
  const answer = await connection.request(apiKey.produce, version, body.done())
  answer.int32()
  answer.string()
  answer.int32()
  answer.int32()
  return { errorCode: answer.int16(), baseOffset: answer.int64() }
}

export interface Fetched {
  errorCode: number
  highWatermark: number
  /** Record batches, the last of them perhaps cut. */
  bytes: Buffer
}

/** Without a session; v11 is the last version before flexible encoding. */
export async function fetch(
  connection: Connection,
  { topic, partition }: TopicPartition,
  offset: number,
  { maxBytes = 1_048_576, maxWaitMs = 0, minBytes = 0 } = {},
): Promise<Fetched> {
  const body = new Writer()
    .int32(-1)
    .int32(maxWaitMs)
    .int32(minBytes)
    .int32(maxBytes)
    .int8(0)
    .int32(0)
    .int32(-1)
  body.int32(1).string(topic).int32(1).int32(partition).int32(-1).int64(offset).int64(-1).int32(maxBytes)
  const answer = await connection.request(apiKey.fetch, 11, body.int32(0).string('').done())
  answer.int32()
  const refusal = answer.int16()
  answer.int32()
  if (answer.int32() === 0) return { errorCode: refusal, highWatermark: -1, bytes: Buffer.alloc(0) }
  answer.string()
  answer.int32()
  answer.int32()
  const errorCode = answer.int16()
  const highWatermark = answer.int64()
  answer.int64()
  answer.int64()
  answer.array(() => answer.raw(16))
  answer.int32()
  return { errorCode, highWatermark, bytes: answer.nullableBytes() ?? Buffer.alloc(0) }
}

/** -1 asks for the end, -2 for the start. */
export async function listOffset(
  connection: Connection,
  { topic, partition }: TopicPartition,
  timestamp: number,
): Promise<{ errorCode: number; offset: number }> {
  const body = new Writer().int32(-1).int32(1).string(topic).int32(1).int32(partition).int64(timestamp)
  const answer = await connection.request(apiKey.listOffsets, 1, body.done())
  answer.int32()
  answer.string()
  answer.int32()
  answer.int32()
  const errorCode = answer.int16()
  answer.int64()
  return { errorCode, offset: answer.int64() }
}

/** Commits as a client without group membership. */
export async function commitOffset(
  connection: Connection,
  group: string,
  { topic, partition }: TopicPartition,
  offset: number,
): Promise<number> {
  const body = new Writer().string(group).int32(-1).string('').int64(-1).int32(1).string(topic)
  body.int32(1).int32(partition).int64(offset).string('')
  const answer = await connection.request(apiKey.offsetCommit, 2, body.done())
  answer.int32()
  answer.string()
  answer.int32()
  answer.int32()
  return answer.int16()
}

export async function committedOffset(
  connection: Connection,
  group: string,
  { topic, partition }: TopicPartition,
): Promise<{ errorCode: number; offset: number }> {
  const body = new Writer().string(group).int32(1).string(topic).int32(1).int32(partition)
  const answer = await connection.request(apiKey.offsetFetch, 1, body.done())
  answer.int32()
  answer.string()
  answer.int32()
  answer.int32()
  const offset = answer.int64()
  answer.string()
  return { errorCode: answer.int16(), offset }
}

export async function findCoordinator(connection: Connection, key: string, keyType = 0): Promise<number> {
  const answer = await connection.request(
    apiKey.findCoordinator,
    1,
    new Writer().string(key).int8(keyType).done(),
  )
  answer.int32()
  return answer.int16()
}
