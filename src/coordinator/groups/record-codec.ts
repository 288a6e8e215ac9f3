import { decode, encoderOf } from '../../protocol/codec.ts'
import { GroupMetadataKey, GroupMetadataValue } from '../../protocol/internal/classic-group-records.ts'
import { OffsetCommitKey, OffsetCommitValue } from '../../protocol/internal/offset-records.ts'
import type { Encodable, Fields, Message } from '../../protocol/schema.ts'
import { Writer } from '../../protocol/writer.ts'
import type { KeyedRecord } from '../coordinator-log.ts'
import type { GroupRecord } from './group-record.ts'

/**
 * Records of `__consumer_offsets`, byte for byte as Kafka 4.3 writes them: an int16 says the type of a key, or the version of a
 * value; the message follows.
 *
 * Kafka writes groups at version 3, offsets at 4, but at 1 those with an expiry of their own, which later versions lack.
 */
const OFFSET_KEY = 1
/** Kafka before 0.9 wrote the same key as type 0. */
const OLD_OFFSET_KEY = 0
const GROUP_KEY = 2
const GROUP_VERSION = 3
const OFFSET_VERSION = 4
const EXPIRING_OFFSET_VERSION = 1

/** What a group has committed for one partition. */
export interface CommittedOffset {
  offset: number
  leaderEpoch: number
  metadata: string
  commitTimestamp: number
  /** −1: the broker's retention decides. */
  expireTimestamp: number
  topicId: string
}

export type RecordKey =
  | { type: 'group'; groupId: string }
  | { type: 'offset'; groupId: string; topic: string; partitionIndex: number }
  /** Of the newer group protocols, or of a future release. */
  | { type: 'unknown' }

export function groupRecord(groupId: string, group: GroupRecord | null): KeyedRecord {
  return {
    key: encodeBehind(GROUP_KEY, GroupMetadataKey, 0, { group: groupId }),
    value: group && encodeBehind(GROUP_VERSION, GroupMetadataValue, GROUP_VERSION, group),
  }
}

export function offsetRecord(
  groupId: string,
  topic: string,
  partition: number,
  committed: CommittedOffset | null,
): KeyedRecord {
  return {
    key: encodeBehind(OFFSET_KEY, OffsetCommitKey, 0, { group: groupId, topic, partition }),
    value: committed && encodeOffset(committed),
  }
}

export function kindOf(key: Buffer): RecordKey['type'] {
  const apiKey = key.length < 2 ? -1 : key.readInt16BE(0)
  if (apiKey === GROUP_KEY) return 'group'
  return apiKey === OFFSET_KEY || apiKey === OLD_OFFSET_KEY ? 'offset' : 'unknown'
}

export function readKey(key: Buffer): RecordKey {
  const type = kindOf(key)
  if (type === 'unknown') return { type }
  if (type === 'group') return { type, groupId: decode(GroupMetadataKey, 0, key.subarray(2)).group }
  const { group, topic, partition } = decode(OffsetCommitKey, 0, key.subarray(2))
  return { type, groupId: group, topic, partitionIndex: partition }
}

export function readGroup(value: Buffer): GroupRecord {
  return decode(GroupMetadataValue, value.readInt16BE(0), value.subarray(2))
}

export function readOffset(value: Buffer): CommittedOffset {
  return decode(OffsetCommitValue, value.readInt16BE(0), value.subarray(2))
}

function encodeOffset(committed: CommittedOffset): Buffer {
  const version = committed.expireTimestamp >= 0 ? EXPIRING_OFFSET_VERSION : OFFSET_VERSION
  return encodeBehind(version, OffsetCommitValue, version, {
    ...committed,
    topicId: committed.topicId,
  })
}

function encodeBehind<F extends Fields>(
  prefix: number,
  message: Message<F>,
  version: number,
  value: Encodable<F>,
): Buffer {
  const writer = new Writer()
  writer.int16(prefix)
  encoderOf(message, version)(writer, value)
  const parts = writer.finish()
  return parts.length === 1 ? parts[0]! : Buffer.concat(parts)
}
