import { crc32c } from '../base/crc32c.ts'

/**
 * The bytes of the journal: frames of entries. `docs/formats/journal.md` holds the byte table.
 *
 * A frame is what one round wrote: a header of 48 bytes, then entries, each with a header of 64 bytes. Frames start at multiples
 * of 512 bytes, so a torn write of one frame never touches a sector of the frame before it.
 *
 * `lap` is the number of the file's current use: files are recycled, and frames of an earlier lap behind the last one of
 * this lap are leftovers. `durableSequence` is the newest frame that was known to be synced when this one was written: a bad frame
 * at or below it is rot, one above it may be a torn or lost write.
 *
 * The checksum begins with the frame's position in its file, so that a frame in a wrong place (a misdirected write, or a copy of a journal
 * inside somebody's record) is none.
 */
export const FRAME_ALIGNMENT = 512
export const FRAME_HEADER_BYTES = 48
export const ENTRY_HEADER_BYTES = 64
const MAGIC = 0x4c484a31 // "LHJ1"

/** One partition's replica: what a folder of a log directory belongs to. `incarnation` counts forced recoveries. */
export interface LogIdentity {
  /** 16 bytes. */
  topicId: Buffer
  partition: number
  incarnation: number
}

export const EntryKind = {
  /** Batches; written again to the segment at start. Fields: segment, position, end offset, epoch of the last batch. */
  BATCHES: 1,
  /** Bytes written directly to the segment are synced up to here. Fields as for BATCHES; position is their end. */
  MARK: 2,
  /** Term and vote of the replica. Fields: epoch is the term, offset the vote (node id or -1). */
  HARD_STATE: 3,
  /** The log start moved. Field: offset. */
  LOG_START: 4,
  /** The replica was added to the catalogue. The bytes are the topic's name. */
  ADDED: 5,
  /** The replica was removed; what is left of its folder can go. */
  REMOVED: 6,
  /** The replica came from another directory, whole. The bytes are what the checkpoint will say of it. */
  PLACED: 7,
} as const
export type EntryKind = (typeof EntryKind)[keyof typeof EntryKind]

export interface EntryFields {
  kind: EntryKind
  segment: number
  position: number
  offset: number
  epoch: number
}

export interface JournalEntry extends EntryFields, LogIdentity {
  bytes: Buffer
}

export interface FrameHeader {
  lap: number
  sequence: number
  durableSequence: number
  entries: number
  payloadBytes: number
}

export function paddedFrameBytes(payloadBytes: number): number {
  const bytes = FRAME_HEADER_BYTES + payloadBytes
  return Math.ceil(bytes / FRAME_ALIGNMENT) * FRAME_ALIGNMENT
}

/** Writes an entry's header at `at`; its `length` bytes follow. Returns the place of those bytes. */
export function writeEntryHeader(
  buffer: Buffer,
  at: number,
  identity: LogIdentity,
  fields: EntryFields,
  length: number,
): number {
  buffer.writeUInt32BE(length, at)
  buffer.writeUInt32BE(fields.kind << 24, at + 4)
  identity.topicId.copy(buffer, at + 8)
  buffer.writeUInt32BE(identity.partition, at + 24)
  buffer.writeUInt32BE(identity.incarnation, at + 28)
  writeUnsigned(buffer, fields.segment, at + 32)
  writeUnsigned(buffer, fields.position, at + 40)
  writeUnsigned(buffer, fields.offset + 1, at + 48) // shifted by one: a vote may be -1
  buffer.writeInt32BE(fields.epoch, at + 56)
  buffer.writeUInt32BE(0, at + 60)
  return at + ENTRY_HEADER_BYTES
}

/** Completes a frame whose entries stand behind the header at `at`, and zeroes the padding behind them. */
export function sealFrame(
  buffer: Buffer,
  at: number,
  header: FrameHeader,
  directoryTag: Buffer,
  position: number,
): void {
  const end = at + FRAME_HEADER_BYTES + header.payloadBytes
  buffer.writeUInt32BE(MAGIC, at)
  buffer.writeUInt32BE(header.payloadBytes, at + 8)
  buffer.writeUInt32BE(header.entries, at + 12)
  writeUnsigned(buffer, header.lap, at + 16)
  writeUnsigned(buffer, header.sequence, at + 24)
  writeUnsigned(buffer, header.durableSequence, at + 32)
  directoryTag.copy(buffer, at + 40, 0, 8)
  buffer.writeUInt32BE(checksum(buffer, at, end, position), at + 4)
  buffer.fill(0, end, at + paddedFrameBytes(header.payloadBytes))
}

/** The header of the frame at `at` of a file, when it is whole, belongs to this directory and passes its checksum. */
export function findFrame(file: Buffer, at: number, directoryTag: Buffer): FrameHeader | undefined {
  if (at + FRAME_HEADER_BYTES > file.length || file.readUInt32BE(at) !== MAGIC) return undefined
  const payloadBytes = file.readUInt32BE(at + 8)
  const end = at + FRAME_HEADER_BYTES + payloadBytes
  if (end > file.length || file.compare(directoryTag, 0, 8, at + 40, at + 48) !== 0) return undefined
  if (checksum(file, at, end, at) !== file.readUInt32BE(at + 4)) return undefined
  return {
    payloadBytes,
    entries: file.readUInt32BE(at + 12),
    lap: readUnsigned(file, at + 16),
    sequence: readUnsigned(file, at + 24),
    durableSequence: readUnsigned(file, at + 32),
  }
}

/** The entries of a frame that `findFrame` has checked. */
export function* entriesOf(buffer: Buffer, at: number, header: FrameHeader): Iterable<JournalEntry> {
  let next = at + FRAME_HEADER_BYTES
  for (let i = 0; i < header.entries; i++) {
    const start = next + ENTRY_HEADER_BYTES
    const length = buffer.readUInt32BE(next)
    yield {
      kind: buffer[next + 4] as EntryKind,
      topicId: buffer.subarray(next + 8, next + 24),
      partition: buffer.readUInt32BE(next + 24),
      incarnation: buffer.readUInt32BE(next + 28),
      segment: readUnsigned(buffer, next + 32),
      position: readUnsigned(buffer, next + 40),
      offset: readUnsigned(buffer, next + 48) - 1,
      epoch: buffer.readInt32BE(next + 56),
      bytes: buffer.subarray(start, start + length),
    }
    next = start + length
  }
}

function checksum(buffer: Buffer, at: number, end: number, position: number): number {
  return crc32c(buffer, at + 8, end, position / FRAME_ALIGNMENT)
}

/** An entry's identity points into the journal's bytes: a copy lets them go. */
export function copyIdentity({ topicId, partition, incarnation }: LogIdentity): LogIdentity {
  return { topicId: Buffer.from(topicId), partition, incarnation }
}

/** A key for maps: equal for equal identities. */
export function identityKey(identity: LogIdentity): string {
  return `${identity.topicId.toString('hex')}-${identity.partition}-${identity.incarnation}`
}

function writeUnsigned(buffer: Buffer, value: number, at: number): void {
  buffer.writeUInt32BE(Math.floor(value / 0x1_0000_0000), at)
  buffer.writeUInt32BE(value >>> 0, at + 4)
}

function readUnsigned(buffer: Buffer, at: number): number {
  return buffer.readUInt32BE(at) * 0x1_0000_0000 + buffer.readUInt32BE(at + 4)
}
