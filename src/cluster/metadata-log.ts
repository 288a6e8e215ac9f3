import type { Clock } from '../base/clock.ts'
import { buildBatch, readRecords } from '../protocol/record.ts'
import { batchBytesOf } from '../protocol/record-batch.ts'
import type { PartitionLog } from '../storage/log/partition-log.ts'
import type { Metadata } from './metadata.ts'
import { decodeChange, encodeChange, type MetadataChange } from './metadata-records.ts'

/**
 * The metadata log: an ordinary partition log, whose records are replayed into `Metadata`.
 *
 * One change at a time: it is decided on what was replayed, appended as one batch, and replayed when it is durable. A crash leaves
 * the whole batch or nothing of it.
 */
export const METADATA_TOPIC = '__cluster_metadata'
/** The id that Kafka gives to it: 0…01. */
export const METADATA_TOPIC_ID = Buffer.from('00000000000000000000000000000001', 'hex')
const READ_BYTES = 1 << 20

export class MetadataLog {
  readonly #log: PartitionLog
  readonly #metadata: Metadata
  readonly #clock: Clock
  #last: Promise<unknown> = Promise.resolve()
  /** What was appended since the start, and how long it took to become durable. */
  readonly counters = { records: 0, commits: 0, commitMs: 0, commitMsMax: 0 }

  constructor(log: PartitionLog, metadata: Metadata, clock: Clock) {
    this.#log = log
    this.#metadata = metadata
    this.#clock = clock
  }

  get term(): number {
    return this.#log.term
  }

  get endOffset(): number {
    return this.#log.endOffset
  }

  get highWatermark(): number {
    return this.#log.durableEnd
  }

  /** Replays all of it. Throws when it is damaged: without it nothing can be served. */
  async load(): Promise<void> {
    if (this.#log.damage) throw this.#log.damage
    let offset = this.#log.startOffset
    while (offset < this.#log.endOffset) {
      const slice = await this.#log.read(offset, READ_BYTES, this.#log.endOffset, true)
      for (const part of slice.parts) {
        for (let at = 0; at < part.length; at += batchBytesOf(part, at)) {
          for (const { key, value } of readRecords(part, at)) {
            if (key) this.#metadata.replay(decodeChange(key, value))
          }
        }
      }
      if (slice.nextOffset === offset) break
      offset = slice.nextOffset
    }
  }

  /** Runs `decide` when every earlier change is in force, and resolves when its own are. What it throws is thrown here. */
  change<T>(decide: () => { changes: readonly MetadataChange[]; result: T }): Promise<T> {
    const turn = this.#last.then(async () => {
      const { changes, result } = decide()
      if (changes.length > 0) await this.#append(changes)
      return result
    })
    this.#last = turn.catch(() => {})
    return turn
  }

  async #append(changes: readonly MetadataChange[]): Promise<void> {
    const timestamp = this.#clock.wall()
    const records = changes.map(change => ({ ...encodeChange(change), timestamp }))
    const { flight } = this.#log.append(buildBatch(records), this.#log.term)
    const begun = this.#clock.mono()
    await flight.done
    this.#count(records.length, this.#clock.mono() - begun)
    for (const change of changes) this.#metadata.replay(change)
  }
  #count(records: number, ms: number): void {
    this.counters.records += records
    this.counters.commits++
    this.counters.commitMs += ms
    this.counters.commitMsMax = Math.max(this.counters.commitMsMax, ms)
  }
}
