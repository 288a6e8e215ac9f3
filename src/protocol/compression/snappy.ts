/**
 * Snappy, in the framing of Java's snappy library (xerial) and without any.
 *
 *   framed: 82 "SNAPPY" 00, version int32, compatible version int32, then blocks: length int32, block
 *   block:  size when decompressed (unsigned varint), then elements: tag byte, literal bytes or a distance
 *
 * librdkafka, Sarama and others write one bare block; Java and we write frames of blocks of 32 KiB. Decompressing
 * adds up the sizes that the blocks announce, holds the sum against the limit, and then lets no block write more.
 */
import { KafkaError } from '../errors.ts'
import { copyBytes, copyWithin, hashOf, hashTable, matchLength, readWord } from './match.ts'

const FRAME_MAGIC = Buffer.from('\x82SNAPPY\0', 'latin1')
const FRAME_HEADER_BYTES = 16
const FRAME_VERSION = 1
const FRAME_BLOCK_BYTES = 32 * 1024

const LITERAL = 0
const COPY_1 = 1
const COPY_2 = 2

export function compressSnappy(bytes: Buffer): Buffer {
  const blocks = Math.ceil(bytes.length / FRAME_BLOCK_BYTES)
  const out = Buffer.allocUnsafeSlow(FRAME_HEADER_BYTES + blocks * (4 + blockBytesMax(FRAME_BLOCK_BYTES)))
  FRAME_MAGIC.copy(out)
  out.writeInt32BE(FRAME_VERSION, 8)
  out.writeInt32BE(FRAME_VERSION, 12)
  let at = FRAME_HEADER_BYTES
  for (let start = 0; start < bytes.length; start += FRAME_BLOCK_BYTES) {
    const end = Math.min(start + FRAME_BLOCK_BYTES, bytes.length)
    const blockEnd = encodeBlock(bytes, start, end, out, at + 4)
    out.writeInt32BE(blockEnd - at - 4, at)
    at = blockEnd
  }
  return out.subarray(0, at)
}

export function decompressSnappy(bytes: Buffer, outputBytesMax: number): Buffer {
  const blocks = findBlocks(bytes)
  let total = 0
  for (const block of blocks) total += block.outputBytes
  if (total > outputBytesMax) {
    throw new KafkaError('INVALID_RECORD', `snappy announces ${total} bytes, allowed are ${outputBytesMax}`)
  }
  const out = Buffer.allocUnsafeSlow(total)
  let at = 0
  for (const block of blocks) {
    decodeBlock(bytes, block.start, block.end, out, at, at + block.outputBytes)
    at += block.outputBytes
  }
  return out
}

interface Block {
  readonly start: number
  readonly end: number
  readonly outputBytes: number
}

function findBlocks(bytes: Buffer): Block[] {
  if (!isFrameHeader(bytes, 0)) return [openBlock(bytes, 0, bytes.length)]
  const blocks: Block[] = []
  for (let at = FRAME_HEADER_BYTES; at < bytes.length; ) {
    if (isFrameHeader(bytes, at)) {
      at += FRAME_HEADER_BYTES
      continue
    }
    if (at + 4 > bytes.length) fail('a block length is cut off')
    const length = bytes.readInt32BE(at)
    if (length < 0 || length > bytes.length - at - 4) fail(`block of ${length} bytes is cut off`)
    blocks.push(openBlock(bytes, at + 4, at + 4 + length))
    at += 4 + length
  }
  return blocks
}

/** Frames may follow one another, each with its header. */
function isFrameHeader(bytes: Buffer, at: number): boolean {
  if (bytes.length < at + FRAME_HEADER_BYTES) return false
  return bytes.compare(FRAME_MAGIC, 0, FRAME_MAGIC.length, at, at + FRAME_MAGIC.length) === 0
}

function openBlock(bytes: Buffer, start: number, end: number): Block {
  let outputBytes = 0
  let at = start
  for (let scale = 1; ; scale *= 0x80) {
    if (at >= end || at - start >= 5) fail('a block has no size')
    const byte = bytes[at++]!
    outputBytes += (byte & 0x7f) * scale
    if (byte < 0x80) return { start: at, end, outputBytes }
  }
}

function decodeBlock(
  bytes: Buffer,
  start: number,
  end: number,
  out: Buffer,
  outStart: number,
  outEnd: number,
): void {
  let from = start
  let at = outStart
  while (from < end) {
    const tag = bytes[from++]!
    let length = (tag >>> 2) + 1
    if ((tag & 3) === LITERAL) {
      if (length > 60) {
        const sizeBytes = length - 60
        if (from + sizeBytes > end) fail('a literal is cut off')
        length = bytes.readUIntLE(from, sizeBytes) + 1
        from += sizeBytes
      }
      if (length > end - from || length > outEnd - at) fail('a literal is too long')
      copyBytes(bytes, from, length, out, at)
      from += length
    } else {
      const kind = tag & 3
      const distanceBytes = kind === COPY_1 ? 1 : kind === COPY_2 ? 2 : 4
      if (from + distanceBytes > end) fail('a copy is cut off')
      let distance = bytes[from]!
      if (kind === COPY_1) {
        distance |= (tag >>> 5) << 8
        length = ((tag >>> 2) & 7) + 4
      } else {
        distance |= bytes[from + 1]! << 8
        if (kind !== COPY_2) distance += bytes[from + 2]! * 0x1_0000 + bytes[from + 3]! * 0x100_0000
      }
      from += distanceBytes
      if (distance === 0 || distance > at - outStart) fail('a copy reaches before the start')
      if (length > outEnd - at) fail('a copy is too long')
      copyWithin(out, at, distance, length)
    }
    at += length
  }
  if (at !== outEnd) fail(`a block gives ${at - outStart} bytes and announces ${outEnd - outStart}`)
}

/** Bound from the format: a byte of tag for each 60 literal bytes would be the worst, and five of size. */
function blockBytesMax(inputBytes: number): number {
  return 32 + inputBytes + Math.ceil(inputBytes / 6)
}

function encodeBlock(bytes: Buffer, start: number, end: number, out: Buffer, outStart: number): number {
  let at = writeSize(out, outStart, end - start)
  const table = hashTable()
  let literalStart = start
  let misses = 0
  for (let position = start; position + 4 <= end; ) {
    const sequence = readWord(bytes, position)
    const hash = hashOf(sequence)
    const candidate = start + table[hash]!
    table[hash] = position - start
    if (candidate >= position || readWord(bytes, candidate) !== sequence) {
      position += 1 + (misses++ >> 5)
      continue
    }
    misses = 0
    const length = 4 + matchLength(bytes, candidate + 4, position + 4, end)
    at = writeLiteral(bytes, literalStart, position, out, at)
    at = writeCopy(out, at, position - candidate, length)
    position += length
    literalStart = position
  }
  return writeLiteral(bytes, literalStart, end, out, at)
}

function writeSize(out: Buffer, start: number, size: number): number {
  let at = start
  let rest = size
  for (; rest >= 0x80; rest >>>= 7) out[at++] = (rest & 0x7f) | 0x80
  out[at++] = rest
  return at
}

function writeLiteral(bytes: Buffer, start: number, end: number, out: Buffer, outStart: number): number {
  const length = end - start
  if (length === 0) return outStart
  let at = outStart
  const size = length - 1
  if (size < 60) {
    out[at++] = size << 2
  } else if (size < 0x100) {
    out[at++] = 60 << 2
    out[at++] = size
  } else {
    out[at++] = 61 << 2
    out[at++] = size & 0xff
    out[at++] = size >>> 8
  }
  copyBytes(bytes, start, length, out, at)
  return at + length
}

/** A copy takes at most 64 bytes, and one of less than 4 has only the longer form. */
function writeCopy(out: Buffer, start: number, distance: number, total: number): number {
  let at = start
  for (let rest = total; rest > 0; ) {
    const length = Math.min(rest, 64)
    if (length >= 4 && length <= 11 && distance < 2048) {
      out[at++] = COPY_1 | ((length - 4) << 2) | ((distance >>> 8) << 5)
      out[at++] = distance & 0xff
    } else {
      out[at++] = COPY_2 | ((length - 1) << 2)
      out[at++] = distance & 0xff
      out[at++] = distance >>> 8
    }
    rest -= length
  }
  return at
}

function fail(reason: string): never {
  throw new KafkaError('INVALID_RECORD', `snappy: ${reason}`)
}
