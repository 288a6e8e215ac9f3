import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach } from 'vitest'
import { type BrokerOptions, createBroker, type EmbeddedBroker } from '../../src/index.ts'
import { CreateTopics } from '../../src/protocol/messages/create-topics.ts'
import { Fetch } from '../../src/protocol/messages/fetch.ts'
import { Produce } from '../../src/protocol/messages/produce.ts'
import { type BatchOptions, buildBatch, readRecords } from '../../src/protocol/record.ts'
import { batchPositions } from '../../src/protocol/record-batch.ts'
import { RawClient } from './raw-client.ts'

/** A broker in this process, and what tests do with it over a real socket. Everything is closed after each test. */
export interface LiveBroker {
  broker: EmbeddedBroker
  client: RawClient
  connect(): Promise<RawClient>
}

const open: { close(): Promise<void> }[] = []

afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close()
})

export async function startLiveBroker(options: BrokerOptions = {}): Promise<LiveBroker> {
  const broker = await createBroker({ host: '127.0.0.1', ...options })
  open.push(broker)
  const connect = async () => {
    const client = await RawClient.connect(broker.port)
    open.push(client)
    return client
  }
  return { broker, client: await connect(), connect }
}

/** A folder that is removed when the brokers of the test have closed. */
export async function temporaryFolder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'loggerhead-test-'))
  open.unshift({ close: () => rm(path, { recursive: true, force: true }) })
  return path
}

export async function createTopic(
  client: RawClient,
  name: string,
  { partitions = 1, configs = {} }: { partitions?: number; configs?: { [name: string]: string } } = {},
) {
  const answer = await client.request(CreateTopics, 5, {
    topics: [
      {
        name,
        numPartitions: partitions,
        replicationFactor: 1,
        assignments: [],
        configs: Object.entries(configs).map(([name, value]) => ({ name, value })),
      },
    ],
    timeoutMs: 1_000,
  })
  return answer.topics[0]!
}

/** Produces one batch and gives the partition's answer. */
export async function produce(
  client: RawClient,
  topic: string,
  records: Buffer | readonly string[],
  options: { partition?: number; acks?: number; batch?: BatchOptions; version?: number } = {},
) {
  const { partition = 0, acks = -1, batch, version = 9 } = options
  const timestamp = Date.now()
  const bytes = Buffer.isBuffer(records)
    ? records
    : buildBatch(
        records.map(value => ({ value, timestamp })),
        batch,
      )
  const answer = await client.request(Produce, version, {
    acks,
    timeoutMs: 5_000,
    topicData: [{ name: topic, partitionData: [{ index: partition, records: bytes }] }],
  })
  return answer.responses[0]!.partitionResponses[0]!
}

/** Fetches one partition once. */
export async function fetchOnce(
  client: RawClient,
  topic: string,
  offset: number,
  options: {
    partition?: number
    maxBytes?: number
    maxWaitMs?: number
    minBytes?: number
    version?: number
  } = {},
) {
  const { partition = 0, maxBytes = 1 << 20, maxWaitMs = 0, minBytes = 1, version = 11 } = options
  const answer = await client.request(Fetch, version, {
    maxWaitMs,
    minBytes,
    maxBytes: 50 << 20,
    topics: [{ topic, partitions: [{ partition, fetchOffset: offset, partitionMaxBytes: maxBytes }] }],
  })
  return answer.responses[0]!.partitions[0]!
}

/** The values of a partition from an offset to its end, in as many fetches as it takes. */
export async function fetchAll(
  client: RawClient,
  topic: string,
  offset = 0,
  partition = 0,
): Promise<string[]> {
  const values: string[] = []
  for (let next = offset; ; ) {
    const { records, errorCode, highWatermark } = await fetchOnce(client, topic, next, { partition })
    if (errorCode !== 0) throw new Error(`fetch answers ${errorCode}`)
    const found = recordsOf(records).filter(record => record.offset >= next)
    values.push(...found.map(record => record.value?.toString() ?? 'null'))
    next = (found.at(-1)?.offset ?? next - 1) + 1
    if (next >= highWatermark || found.length === 0) return values
  }
}

/** All records of the batches in a fetch answer. */
export function recordsOf(bytes: Buffer | null): ReturnType<typeof readRecords> {
  if (!bytes) return []
  return [...batchPositions(bytes)].flatMap(at => readRecords(bytes, at))
}

export function valuesOf(bytes: Buffer | null): string[] {
  return recordsOf(bytes).map(record => record.value?.toString() ?? 'null')
}
