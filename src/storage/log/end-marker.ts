/**
 * The control record that ends a transaction (KIP-98). Its key is {version int16, type int16: 0 abort, 1 commit}, its value begins
 * with {version int16, coordinator epoch int32}.
 */
import { KafkaError } from '../../protocol/errors.ts'
import { BATCH_HEADER_BYTES, batchBytesOf, recordCountOf } from '../../protocol/record-batch.ts'
import { RecordCursor } from '../../protocol/record-cursor.ts'

export interface EndMarker {
  isAbort: boolean
  coordinatorEpoch: number
}

const ABORT = 0
const COMMIT = 1

/** Undefined when the control batch is empty or of another kind. */
export function findEndMarker(batch: Buffer, at: number): EndMarker | undefined {
  if (recordCountOf(batch, at) <= 0) return undefined
  const cursor = new RecordCursor().open(batch, at + BATCH_HEADER_BYTES, at + batchBytesOf(batch, at))
  cursor.next()
  const { key, value } = cursor
  if (!key || key.length < 4) throw new KafkaError('INVALID_RECORD', 'a control record has no type')
  const type = key.readInt16BE(2)
  if (type !== ABORT && type !== COMMIT) return undefined
  if (!value || value.length < 6)
    throw new KafkaError('INVALID_RECORD', 'a transaction marker has no coordinator epoch')
  return { isAbort: type === ABORT, coordinatorEpoch: value.readInt32BE(2) }
}
