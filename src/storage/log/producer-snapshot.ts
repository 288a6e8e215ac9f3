/**
 * The `.snapshot` file, Kafka's format: the state of all producers of a partition at the offset in the file's name.
 *
 * Of each producer only the last batch is kept. `docs/formats/producer-snapshot.md` has the byte table.
 */
import { crc32c } from '../../base/crc32c.ts'
import { CorruptionError } from '../../base/disk.ts'
import { readInt64, writeInt64 } from '../int64.ts'
import { UnknownVersionError } from '../sealed-file.ts'
import { parseSegmentName } from './segment-names.ts'

const VERSION = 1
const CRC_AT = 2
const COUNT_AT = 6
const HEADER_BYTES = 10
const ENTRY_BYTES = 46

export interface ProducerEntry {
  producerId: number
  producerEpoch: number
  /** Of the last batch of this epoch: -1 with offset -1 and delta 0 when there is none. */
  lastSequence: number
  lastOffset: number
  offsetDelta: number
  /** The greatest timestamp of the last batch, or the last marker's. */
  lastTimestamp: number
  /** Of the last marker, or -1. */
  coordinatorEpoch: number
  /** Where the open transaction began, or -1. */
  currentTxnFirstOffset: number
}

export function formatProducerSnapshot(entries: readonly ProducerEntry[]): Buffer {
  const bytes = Buffer.allocUnsafeSlow(HEADER_BYTES + entries.length * ENTRY_BYTES)
  bytes.writeInt16BE(VERSION, 0)
  bytes.writeInt32BE(entries.length, COUNT_AT)
  let at = HEADER_BYTES
  for (const entry of entries) {
    writeInt64(bytes, at, entry.producerId)
    bytes.writeInt16BE(entry.producerEpoch, at + 8)
    bytes.writeInt32BE(entry.lastSequence, at + 10)
    writeInt64(bytes, at + 14, entry.lastOffset)
    bytes.writeInt32BE(entry.offsetDelta, at + 22)
    writeInt64(bytes, at + 26, entry.lastTimestamp)
    bytes.writeInt32BE(entry.coordinatorEpoch, at + 34)
    writeInt64(bytes, at + 38, entry.currentTxnFirstOffset)
    at += ENTRY_BYTES
  }
  bytes.writeUInt32BE(crc32c(bytes, COUNT_AT, bytes.length), CRC_AT)
  return bytes
}

/** A producer that knows of offsets from `endOffset` on is damage; so is one that stands there twice. */
export function parseProducerSnapshot(
  bytes: Buffer,
  file: string,
  endOffset = parseSegmentName(file.slice(file.lastIndexOf('/') + 1))?.baseOffset ?? Number.MAX_SAFE_INTEGER,
): ProducerEntry[] {
  if (bytes.length < HEADER_BYTES) throw new CorruptionError(file, bytes.length, 'its header is cut off')
  const version = bytes.readInt16BE(0)
  if (crc32c(bytes, COUNT_AT, bytes.length) !== bytes.readUInt32BE(CRC_AT)) {
    throw new CorruptionError(file, CRC_AT, 'its checksum does not match')
  }
  if (version !== VERSION) throw new UnknownVersionError(file, version, VERSION)
  const count = bytes.readInt32BE(COUNT_AT)
  if (count < 0 || bytes.length !== HEADER_BYTES + count * ENTRY_BYTES) {
    throw new CorruptionError(file, COUNT_AT, `its size does not fit ${count} producers`)
  }
  const ids = new Set<number>()
  const entries: ProducerEntry[] = []
  for (let at = HEADER_BYTES; at < bytes.length; at += ENTRY_BYTES) {
    const entry = readEntry(bytes, at, file)
    const { producerId, lastOffset, currentTxnFirstOffset } = entry
    if (Math.max(lastOffset, currentTxnFirstOffset) >= endOffset || ids.has(producerId)) {
      throw new CorruptionError(
        file,
        at,
        `producer ${producerId} cannot be as it says at offset ${endOffset}`,
      )
    }
    ids.add(producerId)
    entries.push(entry)
  }
  return entries
}

/** One line a producer, just as Kafka's dump tool prints it. */
export function* describeProducerSnapshot(bytes: Buffer, file: string): Generator<string> {
  for (const entry of parseProducerSnapshot(bytes, file)) {
    const { currentTxnFirstOffset: first, lastOffset, lastSequence, offsetDelta, lastTimestamp } = entry
    const producer =
      `producerId: ${entry.producerId} producerEpoch: ${entry.producerEpoch} ` +
      `coordinatorEpoch: ${entry.coordinatorEpoch} ` +
      `currentTxnFirstOffset: ${first < 0 ? 'OptionalLong.empty' : `OptionalLong[${first}]`} ` +
      `lastTimestamp: ${lastTimestamp}`
    const batch =
      `firstSequence: ${firstSequenceOf(entry)} lastSequence: ${lastSequence} ` +
      `lastOffset: ${lastOffset} offsetDelta: ${offsetDelta} timestamp: ${lastTimestamp}`
    yield lastOffset < 0 ? producer : `${producer} ${batch}`
  }
}

/** The first sequence of the last batch; sequences go on at 0 after 2^31−1. */
export function firstSequenceOf({ lastSequence, offsetDelta }: ProducerEntry): number {
  const first = lastSequence - offsetDelta
  return first < 0 ? first + 0x8000_0000 : first
}

function readEntry(bytes: Buffer, at: number, file: string): ProducerEntry {
  return {
    producerId: readInt64(bytes, at, file),
    producerEpoch: bytes.readInt16BE(at + 8),
    lastSequence: bytes.readInt32BE(at + 10),
    lastOffset: readInt64(bytes, at + 14, file),
    offsetDelta: bytes.readInt32BE(at + 22),
    lastTimestamp: readInt64(bytes, at + 26, file),
    coordinatorEpoch: bytes.readInt32BE(at + 34),
    currentTxnFirstOffset: readInt64(bytes, at + 38, file),
  }
}
