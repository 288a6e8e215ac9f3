import type { Random } from '../base/random.ts'
import type { Partition } from '../cluster/partition.ts'
import type { CoordinatorLog, LoggedRecord, NewRecord } from '../coordinator/coordinator-log.ts'
import { buildBatch, readRecords } from '../protocol/record.ts'
import { batchBytesOf, isControl } from '../protocol/record-batch.ts'

/** A partition of an internal topic, as the log of a coordinator. */
const READ_BYTES = 1 << 20

export class PartitionCoordinatorLog implements CoordinatorLog {
  readonly incarnation: string
  readonly #partition: Partition

  constructor(partition: Partition, random: Random) {
    this.#partition = partition
    // What was derived from the log lives in memory, so each opening is a log of its own.
    this.incarnation = random.bytes(8).toString('hex')
  }

  get startOffset(): number {
    return this.#partition.logStartOffset
  }

  get endOffset(): number {
    return this.#partition.log.durableEnd
  }

  async *read(fromOffset: number): AsyncIterable<readonly LoggedRecord[]> {
    let offset = Math.max(fromOffset, this.#partition.log.startOffset)
    while (offset < this.#partition.log.durableEnd) {
      const { log } = this.#partition // another one when the partition has moved
      const slice = await log.read(offset, READ_BYTES, log.durableEnd, true)
      if (slice.nextOffset === offset) return
      const records: LoggedRecord[] = []
      for (const part of slice.parts) {
        for (let at = 0; at < part.length; at += batchBytesOf(part, at)) {
          if (isControl(part, at)) continue
          for (const { key, value, offset: own } of readRecords(part, at)) {
            if (key && own >= fromOffset) records.push({ key, value, offset: own })
          }
        }
      }
      offset = slice.nextOffset
      yield records
    }
  }

  async append(records: readonly NewRecord[]): Promise<number> {
    const batch = buildBatch(records, {
      maxTimestamp: records.reduce((max, one) => Math.max(max, one.timestamp), 0),
    })
    while (this.#partition.pause) await this.#partition.pause
    const { baseOffset, done } = this.#partition.appendOwn(batch)
    await done
    return baseOffset
  }
}
