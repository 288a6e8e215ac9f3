/**
 * Control batches: records that brokers write for themselves and for transactions. The key says what the value is.
 *
 *   key:   version int16, type int16
 *   end of a transaction, value: version int16, coordinator epoch int32
 */
import { KafkaError } from './errors.ts'
import { type BatchOptions, buildBatch } from './record.ts'

/** What the key of a control record says that its value is. */
export const ControlType = {
  ABORT: 0,
  COMMIT: 1,
  LEADER_CHANGE: 2,
  SNAPSHOT_HEADER: 3,
  SNAPSHOT_FOOTER: 4,
  KRAFT_VERSION: 5,
  KRAFT_VOTERS: 6,
} as const

export interface ControlRecord {
  readonly type: number
  readonly value: Buffer
}

/** A control batch of one record; transaction markers are `isTransactional` besides and carry their producer. */
export function buildControlBatch(
  record: ControlRecord,
  timestamp: number,
  options: BatchOptions = {},
): Buffer {
  const key = Buffer.alloc(4)
  key.writeInt16BE(record.type, 2)
  return buildBatch([{ timestamp, key, value: record.value }], { ...options, isControl: true })
}

/** The type in a control record's key: version int16, type int16. Newer versions may be longer. */
export function controlTypeOf(key: Buffer | null): number {
  if (!key || key.length < 4)
    throw new KafkaError('INVALID_RECORD', 'control record without a type in its key')
  return key.readInt16BE(2)
}

/** An end-of-transaction marker: version int16, coordinator epoch int32. */
export function buildEndTransactionMarker(
  type: typeof ControlType.ABORT | typeof ControlType.COMMIT,
  coordinatorEpoch: number,
  timestamp: number,
  options: BatchOptions & { readonly producerId: number; readonly producerEpoch: number },
): Buffer {
  const value = Buffer.alloc(6)
  value.writeInt32BE(coordinatorEpoch, 2)
  return buildControlBatch({ type, value }, timestamp, { ...options, isTransactional: true })
}
