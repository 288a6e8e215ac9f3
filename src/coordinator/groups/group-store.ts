import type { KeyRange, KeyValueEngine, Operation } from '../../storage/engine.ts'
import type { LoggedRecord } from '../coordinator-log.ts'
import type { GroupRecord } from './group-record.ts'
import { type CommittedOffset, kindOf, readGroup, readOffset } from './record-codec.ts'

/**
 * What the committed records of one partition of `__consumer_offsets` amount to, kept in an engine: the last record of each group
 * and of each offset, and how far the log has been applied. So a coordinator that starts reads only what is new in the log.
 *
 * Keys, each behind the partition's prefix (int32 partition index, int16 length and bytes of the log's incarnation):
 *
 *   a                                  → int64 the first offset that is not applied
 *   g  int16 length, group             → int64 offset of its record, then the record's value
 *   o  int16 length, group,
 *      int16 length, topic, int32 p.   → the same
 *
 * Behind the letter stand the bytes of the record's own key, without its type; so records are applied without being read.
 *
 * The record's offset is kept so that the commit of a transaction can tell whether a plain commit came after it.
 *
 * Invariant: records and the applied position change in one atomic batch, so applying a record twice cannot happen.
 */
export interface StoredOffset {
  topic: string
  partitionIndex: number
  committed: CommittedOffset
}

const RECORD_OFFSET_BYTES = 8

export class GroupStore {
  readonly #engine: KeyValueEngine
  readonly #prefix: Buffer
  readonly #appliedKey: Buffer
  readonly #groupPrefix: Buffer
  readonly #offsetPrefix: Buffer

  constructor(engine: KeyValueEngine, partitionIndex: number, incarnation: string) {
    this.#engine = engine
    this.#prefix = Buffer.concat([int32(partitionIndex), sized(incarnation)])
    this.#appliedKey = Buffer.concat([this.#prefix, Buffer.from('a')])
    this.#groupPrefix = Buffer.concat([this.#prefix, Buffer.from('g')])
    this.#offsetPrefix = Buffer.concat([this.#prefix, Buffer.from('o')])
  }

  /** The first offset of the log that is not applied; undefined when nothing was. */
  async readApplied(): Promise<number | undefined> {
    const value = await this.#engine.get(this.#appliedKey)
    return value && readOffsetOfRecord(value)
  }

  /** Applies committed records; gives the types of those that mean nothing here. */
  async apply(records: readonly LoggedRecord[], nextOffset: number): Promise<number[]> {
    const unknown: number[] = []
    const operations: Operation[] = []
    for (const { offset, key, value } of records) {
      const kind = kindOf(key)
      if (kind === 'unknown') {
        unknown.push(key.length < 2 ? -1 : key.readInt16BE(0))
        continue
      }
      const stored = Buffer.concat([
        kind === 'group' ? this.#groupPrefix : this.#offsetPrefix,
        key.subarray(2),
      ])
      if (value === null) operations.push({ type: 'delete', key: stored })
      else operations.push({ type: 'put', key: stored, value: Buffer.concat([int64(offset), value]) })
    }
    operations.push({ type: 'put', key: this.#appliedKey, value: int64(nextOffset) })
    await this.#engine.write(operations)
    return unknown
  }

  async clear(): Promise<void> {
    await this.#engine.write([{ type: 'deleteRange', from: this.#prefix, to: after(this.#prefix) }])
  }

  async *groups(): AsyncIterable<{ groupId: string; record: GroupRecord }> {
    const from = this.#groupPrefix
    for await (const { key, value } of this.#engine.scan({ from, to: after(from) })) {
      const groupId = key.toString('utf8', from.length + 2)
      yield { groupId, record: readGroup(value.subarray(RECORD_OFFSET_BYTES)) }
    }
  }

  /** The groups that have committed offsets. Steps from group to group, however many offsets each has. */
  async *groupsWithOffsets(): AsyncIterable<string> {
    const base = this.#offsetPrefix
    let from = base
    for (;;) {
      let groupId: string | undefined
      for await (const { key } of this.#engine.scan({ from, to: after(base) }, { limit: 1 })) {
        groupId = readSized(key, base.length).text
      }
      if (groupId === undefined) return
      yield groupId
      from = after(this.#offsetKey(groupId))
    }
  }

  find(
    groupId: string,
    topic: string,
    partitionIndex: number,
  ): CommittedOffset | undefined | Promise<CommittedOffset | undefined> {
    const key = Buffer.concat([this.#offsetKey(groupId, topic), int32(partitionIndex)])
    const value = this.#engine.get(key)
    return value instanceof Promise ? value.then(readStored) : readStored(value)
  }

  /** A group's offsets in the order of topic name and partition, of all topics or of one. */
  async *offsets(groupId: string, topic?: string): AsyncIterable<StoredOffset> {
    const start = this.#offsetKey(groupId).length
    for await (const { key, value } of this.#engine.scan(this.#rangeOf(groupId, topic))) {
      const name = readSized(key, start)
      const partitionIndex = key.readInt32BE(name.end)
      yield { topic: name.text, partitionIndex, committed: readStored(value)! }
    }
  }

  #rangeOf(groupId: string, topic?: string): KeyRange {
    const from = topic === undefined ? this.#offsetKey(groupId) : this.#offsetKey(groupId, topic)
    return { from, to: after(from) }
  }

  #offsetKey(...names: string[]): Buffer {
    return Buffer.concat([this.#offsetPrefix, ...names.map(sized)])
  }
}

function readStored(value: Buffer | undefined): CommittedOffset | undefined {
  return value && readOffset(value.subarray(RECORD_OFFSET_BYTES))
}

function readOffsetOfRecord(value: Buffer): number {
  return Number(value.readBigInt64BE(0))
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value)
  return bytes
}

function int64(value: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigInt64BE(BigInt(value))
  return bytes
}

/** With its length in front, so that no name is the beginning of another. */
function sized(text: string): Buffer {
  const bytes = Buffer.from(text)
  const length = Buffer.alloc(2)
  length.writeUInt16BE(bytes.length)
  return Buffer.concat([length, bytes])
}

function readSized(key: Buffer, position: number): { text: string; end: number } {
  const end = position + 2 + key.readUInt16BE(position)
  return { text: key.toString('utf8', position + 2, end), end }
}

/** The first key beyond all that begin with `prefix`. No prefix of ours is 0xff throughout. */
function after(prefix: Buffer): Buffer {
  const bytes = Buffer.from(prefix)
  let last = bytes.length - 1
  while (bytes[last] === 0xff) last--
  bytes[last]!++
  return bytes.subarray(0, last + 1)
}
