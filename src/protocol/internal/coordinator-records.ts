/**
 * Keys and values of the coordinators' topics. A key begins with the number of its record type (int16), a value with the
 * version of its schema (int16); behind it stands the message. Types differ by topic: 0 is an old offset in
 * `__consumer_offsets`, a transaction in `__transaction_state`, a snapshot in `__share_group_state`.
 */
import { decodeFrom, encoderOf } from '../codec.ts'
import { DecodeError, Reader } from '../reader.ts'
import type { Decoded, Encodable, Fields, Message } from '../schema.ts'
import { Writer } from '../writer.ts'
import * as classic from './classic-group-records.ts'
import * as consumer from './consumer-group-records.ts'
import * as offset from './offset-records.ts'
import * as share from './share-group-records.ts'
import * as shareState from './share-state-records.ts'
import * as streams from './streams-group-records.ts'
import * as transaction from './transaction-records.ts'

/** A kind of record: the number in front of its key, and both schemas. */
export interface RecordType<Key extends Fields = Fields, Value extends Fields = Fields> {
  readonly number: number
  readonly key: Message<Key>
  readonly value: Message<Value>
}

// biome-ignore lint/suspicious/noExplicitAny: as AnyMessage, for a pair
type AnyRecordType = RecordType<any, any>
type RecordTypes = Readonly<Record<string, AnyRecordType>>

function recordType<Key extends Fields, Value extends Fields>(
  number: number,
  key: Message<Key>,
  value: Message<Value>,
): RecordType<Key, Value> {
  return { number, key, value }
}

/** What stands in `__consumer_offsets`. */
export const groupRecords = {
  legacyOffsetCommit: recordType(0, offset.LegacyOffsetCommitKey, offset.LegacyOffsetCommitValue),
  offsetCommit: recordType(1, offset.OffsetCommitKey, offset.OffsetCommitValue),
  groupMetadata: recordType(2, classic.GroupMetadataKey, classic.GroupMetadataValue),
  consumerGroupMetadata: recordType(
    3,
    consumer.ConsumerGroupMetadataKey,
    consumer.ConsumerGroupMetadataValue,
  ),
  consumerGroupPartitionMetadata: recordType(
    4,
    consumer.ConsumerGroupPartitionMetadataKey,
    consumer.ConsumerGroupPartitionMetadataValue,
  ),
  consumerGroupMemberMetadata: recordType(
    5,
    consumer.ConsumerGroupMemberMetadataKey,
    consumer.ConsumerGroupMemberMetadataValue,
  ),
  consumerGroupTargetAssignmentMetadata: recordType(
    6,
    consumer.ConsumerGroupTargetAssignmentMetadataKey,
    consumer.ConsumerGroupTargetAssignmentMetadataValue,
  ),
  consumerGroupTargetAssignmentMember: recordType(
    7,
    consumer.ConsumerGroupTargetAssignmentMemberKey,
    consumer.ConsumerGroupTargetAssignmentMemberValue,
  ),
  consumerGroupCurrentMemberAssignment: recordType(
    8,
    consumer.ConsumerGroupCurrentMemberAssignmentKey,
    consumer.ConsumerGroupCurrentMemberAssignmentValue,
  ),
  shareGroupMemberMetadata: recordType(
    10,
    share.ShareGroupMemberMetadataKey,
    share.ShareGroupMemberMetadataValue,
  ),
  shareGroupMetadata: recordType(11, share.ShareGroupMetadataKey, share.ShareGroupMetadataValue),
  shareGroupTargetAssignmentMetadata: recordType(
    12,
    share.ShareGroupTargetAssignmentMetadataKey,
    share.ShareGroupTargetAssignmentMetadataValue,
  ),
  shareGroupTargetAssignmentMember: recordType(
    13,
    share.ShareGroupTargetAssignmentMemberKey,
    share.ShareGroupTargetAssignmentMemberValue,
  ),
  shareGroupCurrentMemberAssignment: recordType(
    14,
    share.ShareGroupCurrentMemberAssignmentKey,
    share.ShareGroupCurrentMemberAssignmentValue,
  ),
  shareGroupStatePartitionMetadata: recordType(
    15,
    share.ShareGroupStatePartitionMetadataKey,
    share.ShareGroupStatePartitionMetadataValue,
  ),
  consumerGroupRegularExpression: recordType(
    16,
    consumer.ConsumerGroupRegularExpressionKey,
    consumer.ConsumerGroupRegularExpressionValue,
  ),
  streamsGroupMetadata: recordType(17, streams.StreamsGroupMetadataKey, streams.StreamsGroupMetadataValue),
  streamsGroupMemberMetadata: recordType(
    19,
    streams.StreamsGroupMemberMetadataKey,
    streams.StreamsGroupMemberMetadataValue,
  ),
  streamsGroupTargetAssignmentMetadata: recordType(
    20,
    streams.StreamsGroupTargetAssignmentMetadataKey,
    streams.StreamsGroupTargetAssignmentMetadataValue,
  ),
  streamsGroupTargetAssignmentMember: recordType(
    21,
    streams.StreamsGroupTargetAssignmentMemberKey,
    streams.StreamsGroupTargetAssignmentMemberValue,
  ),
  streamsGroupCurrentMemberAssignment: recordType(
    22,
    streams.StreamsGroupCurrentMemberAssignmentKey,
    streams.StreamsGroupCurrentMemberAssignmentValue,
  ),
  streamsGroupTopology: recordType(23, streams.StreamsGroupTopologyKey, streams.StreamsGroupTopologyValue),
} as const satisfies RecordTypes

/** What stands in `__transaction_state`. */
export const transactionRecords = {
  transactionLog: recordType(0, transaction.TransactionLogKey, transaction.TransactionLogValue),
} as const satisfies RecordTypes

/** What stands in `__share_group_state`. */
export const shareStateRecords = {
  shareSnapshot: recordType(0, shareState.ShareSnapshotKey, shareState.ShareSnapshotValue),
  shareUpdate: recordType(1, shareState.ShareUpdateKey, shareState.ShareUpdateValue),
} as const satisfies RecordTypes

/** A key that was read: narrowed by `type`, the name in the table. Null for a type that the table lacks. */
export type RecordKey<T extends RecordTypes> = {
  [Name in keyof T & string]: { type: Name; key: Decoded<T[Name]['key']['fields']> }
}[keyof T & string]

export function readRecordKey<T extends RecordTypes>(types: T, bytes: Buffer): RecordKey<T> | null {
  const reader = new Reader(bytes)
  const number = reader.int16('record key type')
  for (const [name, type] of Object.entries(types)) {
    if (type.number === number) return { type: name, key: decodeFrom(reader, type.key, 0) } as RecordKey<T>
  }
  return null
}

/** A value, of whichever version its writer used. */
export function readRecordValue<Key extends Fields, Value extends Fields>(
  type: RecordType<Key, Value>,
  bytes: Buffer,
): Decoded<Value> {
  const reader = new Reader(bytes)
  const version = reader.int16('record value version')
  const [first, last] = type.value.versions
  if (version < first || version > last) {
    throw new DecodeError(type.value.name, `version ${version}, known are ${first} to ${last}`, 0)
  }
  return decodeFrom(reader, type.value, version)
}

/** A key's bytes, the caller's own to keep. */
export function encodeRecordKey<Key extends Fields, Value extends Fields>(
  type: RecordType<Key, Value>,
  key: Encodable<Key>,
): Buffer {
  return withPrefix(type.number, type.key, 0, key)
}

/** A value's bytes, in the newest version unless another is asked for; the caller's own to keep. */
export function encodeRecordValue<Key extends Fields, Value extends Fields>(
  type: RecordType<Key, Value>,
  value: Encodable<Value>,
  version: number = type.value.versions[1],
): Buffer {
  return withPrefix(version, type.value, version, value)
}

function withPrefix<F extends Fields>(
  prefix: number,
  message: Message<F>,
  version: number,
  value: Encodable<F>,
): Buffer {
  const writer = new Writer()
  writer.int16(prefix)
  encoderOf(message, version)(writer, value)
  const own = Buffer.allocUnsafeSlow(writer.length)
  let at = 0
  for (const part of writer.finish()) at += part.copy(own, at)
  return own
}
