/**
 * The bytes that members of protocol type `consumer` send each other through the coordinator: what they subscribe to, and what each is
 * assigned. A version stands in front; what later versions added behind is not looked at.
 */
import { decoderOf, encode } from '../protocol/codec.ts'
import {
  ConsumerProtocolAssignment,
  ConsumerProtocolSubscription,
} from '../protocol/internal/consumer-protocol.ts'
import { Reader } from '../protocol/reader.ts'
import { byTopic, type TopicPartition } from './topic-partition.ts'

export const CONSUMER_PROTOCOL = 'consumer'
const VERSION = 1

export function encodeSubscription(topics: readonly string[]): Buffer {
  return withVersion(encode(ConsumerProtocolSubscription, VERSION, { topics }))
}

export function decodeSubscription(bytes: Buffer): readonly string[] {
  const reader = new Reader(bytes)
  const version = Math.min(reader.int16('version'), ConsumerProtocolSubscription.versions[1])
  return decoderOf(ConsumerProtocolSubscription, version)(reader).topics
}

export function encodeAssignment(partitions: readonly TopicPartition[]): Buffer {
  const assignedPartitions = [...byTopic(partitions)].map(([topic, part]) => ({
    topic,
    partitions: part.map(({ partition }) => partition),
  }))
  return withVersion(encode(ConsumerProtocolAssignment, VERSION, { assignedPartitions }))
}

/** A member without an assignment has no bytes. */
export function decodeAssignment(bytes: Buffer): TopicPartition[] {
  if (bytes.length === 0) return []
  const reader = new Reader(bytes)
  const version = Math.min(reader.int16('version'), ConsumerProtocolAssignment.versions[1])
  const { assignedPartitions } = decoderOf(ConsumerProtocolAssignment, version)(reader)
  return assignedPartitions.flatMap(({ topic, partitions }) =>
    partitions.map(partition => ({ topic, partition })),
  )
}

function withVersion(body: Buffer): Buffer {
  const bytes = Buffer.alloc(2 + body.length)
  bytes.writeInt16BE(VERSION)
  body.copy(bytes, 2)
  return bytes
}
