import { Attribute, stampBatch } from '../../src/protocol/record-batch.ts'

export interface BatchFields {
  producerId: number
  producerEpoch?: number
  baseSequence?: number
  count?: number
  maxTimestamp?: number
  isTransactional?: boolean
}

/** The header of a batch, with room for no record: enough for whatever looks at headers only. */
export function batchHeader(fields: BatchFields, baseOffset = 0): Buffer {
  const { producerId, producerEpoch = 0, baseSequence = 0, count = 1, maxTimestamp = 1_000 } = fields
  const bytes = Buffer.alloc(61)
  bytes.writeInt32BE(bytes.length - 12, 8)
  bytes.writeInt8(2, 16)
  bytes.writeInt16BE(fields.isTransactional ? Attribute.TRANSACTIONAL : 0, 21)
  bytes.writeInt32BE(count - 1, 23)
  bytes.writeBigInt64BE(BigInt(maxTimestamp), 27)
  bytes.writeBigInt64BE(BigInt(maxTimestamp), 35)
  bytes.writeBigInt64BE(BigInt(producerId), 43)
  bytes.writeInt16BE(producerEpoch, 51)
  bytes.writeInt32BE(baseSequence, 53)
  bytes.writeInt32BE(count, 57)
  stampBatch(bytes, 0, baseOffset, 0)
  return bytes
}

export interface MarkerFields {
  producerId: number
  producerEpoch?: number
  coordinatorEpoch?: number
  isAbort?: boolean
  timestamp?: number
}

/** A control batch with the marker that ends a transaction. */
export function markerBatch(fields: MarkerFields, baseOffset = 0): Buffer {
  const { producerId, producerEpoch = 0, coordinatorEpoch = 0, isAbort = false, timestamp = 1_000 } = fields
  const header = batchHeader(
    { producerId, producerEpoch, baseSequence: -1, maxTimestamp: timestamp },
    baseOffset,
  )
  // length 16, attributes, deltas, key of 4 bytes {version, type}, value of 6 bytes {version, epoch}, no headers
  const record = Buffer.from('20000000080000000000000000000000'.concat('00'), 'hex')
  record.writeInt8(isAbort ? 0 : 1, 8)
  record[9] = 12
  record.writeInt32BE(coordinatorEpoch, 12)
  header.writeInt16BE(Attribute.TRANSACTIONAL | Attribute.CONTROL, 21)
  header.writeInt32BE(header.length + record.length - 12, 8)
  return Buffer.concat([header, record])
}
