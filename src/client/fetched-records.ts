/**
 * The records in the bytes of a Fetch answer, from an offset on. Control batches are stepped over; for readers of committed records so
 * are those of aborted transactions (KIP-98): a transaction that was aborted begins at its first offset and ends at its marker.
 */
import { KafkaError } from '../protocol/errors.ts'
import { type BatchRecord, iterateRecords } from '../protocol/record.ts'
import * as batch from '../protocol/record-batch.ts'
import { findDamage } from '../protocol/record-batch-check.ts'
import { ControlType, controlTypeOf } from '../protocol/record-control.ts'

export interface FetchedRecord extends BatchRecord {
  readonly leaderEpoch: number
  readonly producerId: number
  readonly producerEpoch: number
  readonly attributes: number
}

export interface AbortedTransaction {
  readonly producerId: number
  readonly firstOffset: number
}

export interface FetchedRecords {
  readonly records: FetchedRecord[]
  /** Where reading goes on: behind the last whole batch, whatever of it was a record. */
  readonly nextOffset: number
}

export function readFetched(
  bytes: Buffer,
  fromOffset: number,
  aborted: readonly AbortedTransaction[] = [],
): FetchedRecords {
  const open = new OpenAborts(aborted)
  const records: FetchedRecord[] = []
  let nextOffset = fromOffset
  for (const at of batch.batchPositions(bytes)) {
    const damage = findDamage(bytes, at, bytes.length)
    if (damage)
      throw new KafkaError('CORRUPT_MESSAGE', `a batch behind offset ${nextOffset} is damaged: ${damage}`)
    if (open.admits(bytes, at)) addRecords(records, bytes, at, fromOffset)
    nextOffset = Math.max(nextOffset, batch.lastOffsetOf(bytes, at) + 1)
  }
  return { records, nextOffset }
}

function addRecords(records: FetchedRecord[], bytes: Buffer, at: number, fromOffset: number): void {
  const common = {
    leaderEpoch: batch.leaderEpochOf(bytes, at),
    producerId: batch.producerIdOf(bytes, at),
    producerEpoch: batch.producerEpochOf(bytes, at),
    attributes: batch.attributesOf(bytes, at),
  }
  for (const record of iterateRecords(bytes, at)) {
    // A batch is sent whole, also when the reader asked for its middle.
    if (record.offset >= fromOffset) records.push({ ...record, ...common })
  }
}

/** Which producers are in the middle of a transaction that was aborted. */
class OpenAborts {
  readonly #coming: AbortedTransaction[]
  readonly #producers = new Set<number>()

  constructor(aborted: readonly AbortedTransaction[]) {
    this.#coming = [...aborted].sort((a, b) => a.firstOffset - b.firstOffset)
  }

  /** Whether the batch holds records for the reader. Batches come in the order of their offsets. */
  admits(bytes: Buffer, at: number): boolean {
    const lastOffset = batch.lastOffsetOf(bytes, at)
    while (this.#coming[0] !== undefined && this.#coming[0].firstOffset <= lastOffset)
      this.#producers.add(this.#coming.shift()!.producerId)
    const producerId = batch.producerIdOf(bytes, at)
    if (batch.isControl(bytes, at)) {
      if (isAbortMarker(bytes, at)) this.#producers.delete(producerId)
      return false
    }
    return !(batch.isTransactional(bytes, at) && this.#producers.has(producerId))
  }
}

function isAbortMarker(bytes: Buffer, at: number): boolean {
  for (const { key } of iterateRecords(bytes, at)) return controlTypeOf(key) === ControlType.ABORT
  return false
}
