import type { BrokerContext } from '../broker/context.ts'
import { partitionOfKey } from '../client/murmur2.ts'
import { IsolationLevel, type Partition } from '../cluster/partition.ts'
import { KafkaError } from '../protocol/errors.ts'
import { type BatchRecord, buildBatch, iterateRecords } from '../protocol/record.ts'
import { batchPositions, isControl } from '../protocol/record-batch.ts'

/** Records of a broker in this process: read and written without a client. */
export type Bytes = string | Uint8Array

export interface NewRecord {
  /** Without one, records go to the partitions in turn. */
  key?: Bytes | null
  value?: Bytes | null
  headers?: Readonly<Record<string, Bytes | readonly Bytes[]>>
  /** When it happened, in ms since 1970; now when left out. */
  timestamp?: number
  /** Chosen by the key, as Kafka's clients do, when left out. */
  partition?: number
}

/** Where a record was put. */
export interface RecordPlace {
  readonly partition: number
  readonly offset: number
}

/** Keys, headers and values are of the type that was asked for. */
export interface TopicRecord<Value = string | null, Text = string> extends RecordPlace {
  readonly key: Text | null
  readonly value: Value
  /** By name; a name that occurs several times has all its values in a list. */
  readonly headers: Readonly<Record<string, Text | null | readonly (Text | null)[]>>
  readonly timestamp: number
}

export interface ReadOptions {
  /** Only this partition; all of them, one behind the other, when left out. */
  partition?: number
  /** From this offset on, in each partition. */
  from?: number
}

const READ_BYTES = 1 << 20

type Decode<Text, Value> = { text: (bytes: Buffer) => Text; value: (bytes: Buffer | null) => Value }

export const asText: Decode<string, string | null> = {
  text: bytes => bytes.toString(),
  value: bytes => bytes?.toString() ?? null,
}

/** Copies, since what the log holds is used again. */
export const asBuffers: Decode<Buffer, Buffer | null> = {
  text: bytes => Buffer.from(bytes),
  value: bytes => bytes && Buffer.from(bytes),
}

export const asJson: Decode<string, unknown> = {
  text: bytes => bytes.toString(),
  value: bytes => bytes && JSON.parse(bytes.toString()),
}

/** All that consumers could read now, by partition and offset. */
export async function readRecords<Text, Value>(
  context: BrokerContext,
  topic: string,
  { partition, from = 0 }: ReadOptions,
  decode: Decode<Text, Value>,
): Promise<TopicRecord<Value, Text>[]> {
  const all = await requirePartitions(context, topic)
  const wanted = partition === undefined ? all : [requirePartition(all[partition], topic, partition)]
  const lists = await Promise.all(wanted.map(one => readPartition(one, from, decode)))
  return lists.flat()
}

/** Appends as a producer with acks=all does; a topic that is missing is created where the broker allows that. */
export async function appendRecords(
  context: BrokerContext,
  topic: string,
  records: readonly NewRecord[],
): Promise<RecordPlace[]> {
  await createOnUse(context, topic)
  const partitions = await requirePartitions(context, topic)
  let turn = 0
  const chosen = records.map(({ partition, key }) => {
    if (partition !== undefined) return partition
    return key == null ? turn++ % partitions.length : partitionOfKey(bytesOf(key), partitions.length)
  })
  const places: RecordPlace[] = []
  const appends = [...new Set(chosen)].map(index => {
    const partition = requirePartition(partitions[index], topic, index)
    const own = records.flatMap((record, i) => (chosen[i] === index ? [{ record, i }] : []))
    const batch = batchOf(
      own.map(({ record }) => record),
      context.clock.wall(),
    )
    const { baseOffset, done } = partition.append(batch, null)
    for (const [delta, { i }] of own.entries()) places[i] = { partition: index, offset: baseOffset + delta }
    return done
  })
  await Promise.all(appends)
  return places
}

/** A topic that somebody is just creating is waited for. */
async function requirePartitions({ cluster }: BrokerContext, topic: string): Promise<readonly Partition[]> {
  const image = await cluster.whenUsable(cluster.metadata.findTopic(topic))
  if (image) return cluster.partitions.ofTopic(topic)
  throw new KafkaError('UNKNOWN_TOPIC_OR_PARTITION', `there is no topic ${topic}`)
}

async function createOnUse({ cluster, config, topicCreation }: BrokerContext, topic: string): Promise<void> {
  if (cluster.metadata.findTopic(topic) || !config.value('auto.create.topics.enable')) return
  await topicCreation.createOnUse(topic)
}

function requirePartition(partition: Partition | undefined, topic: string, index: number): Partition {
  if (partition) return partition
  throw new KafkaError('UNKNOWN_TOPIC_OR_PARTITION', `there is no partition ${index} of topic ${topic}`)
}

function batchOf(records: readonly NewRecord[], nowMs: number): Buffer {
  return buildBatch(
    records.map(({ key, value, headers = {}, timestamp = nowMs }) => ({
      key: key == null ? null : bytesOf(key),
      value: value == null ? null : bytesOf(value),
      timestamp,
      headers: Object.entries(headers).flatMap(([name, values]) =>
        (Array.isArray(values) ? (values as readonly Bytes[]) : [values as Bytes]).map(each => ({
          key: name,
          value: bytesOf(each),
        })),
      ),
    })),
  )
}

async function readPartition<Text, Value>(
  partition: Partition,
  from: number,
  decode: Decode<Text, Value>,
): Promise<TopicRecord<Value, Text>[]> {
  const records: TopicRecord<Value, Text>[] = []
  const end = partition.highWatermark
  let offset = Math.max(from, partition.logStartOffset)
  while (offset < end) {
    const slice = await partition.read(offset, READ_BYTES, IsolationLevel.READ_UNCOMMITTED, true)
    for (const part of slice.parts) {
      for (const at of batchPositions(part)) {
        if (isControl(part, at)) continue
        for (const record of iterateRecords(part, at)) {
          if (record.offset >= offset && record.offset < end)
            records.push(decoded(partition.index, record, decode))
        }
      }
    }
    for (const lease of slice.leases) lease.release()
    if (slice.nextOffset <= offset) break
    offset = slice.nextOffset
  }
  return records
}

function decoded<Text, Value>(partition: number, record: BatchRecord, { text, value }: Decode<Text, Value>) {
  const headers = new Map<string, Text | null | (Text | null)[]>()
  for (const header of record.headers) {
    const name = header.key.toString()
    const content = header.value && text(header.value)
    const before = headers.get(name)
    if (before === undefined) headers.set(name, content)
    else headers.set(name, Array.isArray(before) ? [...before, content] : [before, content])
  }
  return {
    partition,
    offset: record.offset,
    key: record.key && text(record.key),
    value: value(record.value),
    headers: Object.fromEntries(headers),
    timestamp: record.timestamp,
  }
}

function bytesOf(bytes: Bytes): Buffer {
  return typeof bytes === 'string'
    ? Buffer.from(bytes)
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
}
