/**
 * LZ4 frames.
 *
 *   frame: magic, flags, block size, [content size int64], header checksum, blocks, 0 int32, [content checksum]
 *   block: size int32 (top bit: stored as it is), bytes, [block checksum]; all little-endian
 *   compressed block: sequences of token, literal bytes, distance int16, with lengths in the token's halves
 *
 * We write what Kafka's Java client writes: independent blocks of 64 KiB, no checksum but the header's. We read every
 * kind, linked blocks too. Decompressing first adds up from the tokens what the blocks really give, holds
 * that against the limit, and only then allocates: no announced size is believed.
 */
import { KafkaError } from '../errors.ts'
import { BLOCK_BYTES_MAX, copyBytes, copyWithin, hashOf, hashTable, matchLength, readWord } from './match.ts'
import { xxhash32 } from './xxhash32.ts'

const MAGIC = 0x184d2204
const VERSION = 0x40
const VERSION_MASK = 0xc0
const INDEPENDENT_BLOCKS = 0x20
const BLOCK_CHECKSUMS = 0x10
const CONTENT_SIZE = 0x08
const CONTENT_CHECKSUM = 0x04
const RESERVED_OR_DICTIONARY = 0x03
const BLOCK_SIZE_64K = 0x40
const STORED = 0x8000_0000

/** The format wants the last match to start this far before a block's end, and its last bytes to be literals. */
const MATCH_START_BEFORE_END = 12
const LAST_LITERALS = 5
const MATCH_BYTES_MIN = 4

export function compressLz4(bytes: Buffer): Buffer {
  const blocks = Math.ceil(bytes.length / BLOCK_BYTES_MAX)
  const out = Buffer.allocUnsafeSlow(7 + blocks * (4 + blockBytesMax(BLOCK_BYTES_MAX)) + 4)
  out.writeUInt32LE(MAGIC, 0)
  out[4] = VERSION | INDEPENDENT_BLOCKS
  out[5] = BLOCK_SIZE_64K
  out[6] = headerChecksum(out, 4, 6)
  let at = 7
  for (let start = 0; start < bytes.length; start += BLOCK_BYTES_MAX) {
    const end = Math.min(start + BLOCK_BYTES_MAX, bytes.length)
    const blockEnd = encodeBlock(bytes, start, end, out, at + 4)
    const isSmaller = blockEnd - at - 4 < end - start
    if (!isSmaller) bytes.copy(out, at + 4, start, end)
    out.writeUInt32LE(isSmaller ? blockEnd - at - 4 : STORED + end - start, at)
    at = isSmaller ? blockEnd : at + 4 + end - start
  }
  out.writeUInt32LE(0, at)
  return out.subarray(0, at + 4)
}

export function decompressLz4(bytes: Buffer, outputBytesMax: number): Buffer {
  const frame = readFrame(bytes)
  let total = 0
  for (const block of frame.blocks) total += block.outputBytes
  if (total > outputBytesMax) {
    throw new KafkaError('INVALID_RECORD', `lz4 gives ${total} bytes, allowed are ${outputBytesMax}`)
  }
  if (frame.contentBytes !== undefined && frame.contentBytes !== total) {
    fail(`the frame gives ${total} bytes and announces ${frame.contentBytes}`)
  }
  const out = Buffer.allocUnsafeSlow(total)
  let at = 0
  for (const block of frame.blocks) {
    if (block.isStored) bytes.copy(out, at, block.start, block.end)
    else decodeBlock(bytes, block.start, block.end, out, frame.isLinked ? 0 : at, at)
    at += block.outputBytes
  }
  if (frame.contentChecksum !== undefined && xxhash32(out, 0, total) !== frame.contentChecksum) {
    fail('the content checksum is wrong')
  }
  return out
}

interface Frame {
  readonly isLinked: boolean
  readonly contentBytes: number | undefined
  readonly contentChecksum: number | undefined
  readonly blocks: readonly Block[]
}

interface Block {
  readonly start: number
  readonly end: number
  readonly isStored: boolean
  readonly outputBytes: number
}

function readFrame(bytes: Buffer): Frame {
  if (bytes.length < 7 || bytes.readUInt32LE(0) !== MAGIC) fail('no frame')
  const flags = bytes[4]!
  if ((flags & VERSION_MASK) !== VERSION || flags & RESERVED_OR_DICTIONARY)
    fail(`flags ${flags} are not supported`)
  const sizeCode = (bytes[5]! >>> 4) & 7
  if (bytes[5]! & 0x8f || sizeCode < 4) fail(`block size code ${bytes[5]} is not known`)
  const hasContentSize = (flags & CONTENT_SIZE) !== 0
  const headerEnd = hasContentSize ? 14 : 6
  if (bytes.length <= headerEnd) fail('the header is cut off')
  if (bytes[headerEnd] !== headerChecksum(bytes, 4, headerEnd)) fail('the header checksum is wrong')
  const contentBytes = hasContentSize ? Number(bytes.readBigUInt64LE(6)) : undefined
  const { blocks, end } = readBlocks(
    bytes,
    headerEnd + 1,
    1 << (8 + 2 * sizeCode),
    (flags & BLOCK_CHECKSUMS) !== 0,
  )
  const hasChecksum = (flags & CONTENT_CHECKSUM) !== 0
  if (bytes.length !== end + (hasChecksum ? 4 : 0)) fail('the frame does not end with its last block')
  const contentChecksum = hasChecksum ? bytes.readUInt32LE(end) : undefined
  return { isLinked: !(flags & INDEPENDENT_BLOCKS), contentBytes, contentChecksum, blocks }
}

function readBlocks(bytes: Buffer, first: number, outputBytesMax: number, hasChecksums: boolean) {
  const blocks: Block[] = []
  for (let at = first; ; ) {
    if (at + 4 > bytes.length) fail('a block size is cut off')
    const size = bytes.readUInt32LE(at)
    const start = at + 4
    if (size === 0) return { blocks, end: start }
    const isStored = size >= STORED
    const end = start + (isStored ? size - STORED : size)
    if (end + (hasChecksums ? 4 : 0) > bytes.length) fail('a block is cut off')
    const outputBytes = isStored ? end - start : measureBlock(bytes, start, end)
    if (outputBytes > outputBytesMax) fail(`a block of more than ${outputBytesMax} bytes`)
    if (hasChecksums && xxhash32(bytes, start, end) !== bytes.readUInt32LE(end))
      fail('a block checksum is wrong')
    blocks.push({ start, end, isStored, outputBytes })
    at = hasChecksums ? end + 4 : end
  }
}

function headerChecksum(bytes: Buffer, start: number, end: number): number {
  return (xxhash32(bytes, start, end) >>> 8) & 0xff
}

/** What a block gives, and proof that its sequences end where it ends. */
function measureBlock(bytes: Buffer, start: number, end: number): number {
  let from = start
  let total = 0
  while (from < end) {
    const token = bytes[from++]!
    let literals = token >>> 4
    if (literals === 15) {
      for (let more = 255; more === 255; literals += more) {
        if (from >= end) fail('a length is cut off')
        more = bytes[from++]!
      }
    }
    from += literals
    total += literals
    if (from === end) return total
    if (from + 2 > end) fail('a sequence is cut off')
    from += 2
    let length = (token & 15) + MATCH_BYTES_MIN
    if (length === 19) {
      for (let more = 255; more === 255; length += more) {
        if (from >= end) fail('a length is cut off')
        more = bytes[from++]!
      }
    }
    total += length
  }
  return fail('a block does not end in literals')
}

/** Decodes what `measureBlock` has passed; only the distances remain to be checked, against `windowStart`. */
function decodeBlock(
  bytes: Buffer,
  start: number,
  end: number,
  out: Buffer,
  windowStart: number,
  outStart: number,
): void {
  let from = start
  let at = outStart
  for (;;) {
    const token = bytes[from++]!
    let literals = token >>> 4
    if (literals === 15) {
      let more: number
      do {
        more = bytes[from++]!
        literals += more
      } while (more === 255)
    }
    copyBytes(bytes, from, literals, out, at)
    from += literals
    at += literals
    if (from >= end) return
    const distance = bytes[from]! | (bytes[from + 1]! << 8)
    from += 2
    let length = (token & 15) + MATCH_BYTES_MIN
    if (length === 19) {
      let more: number
      do {
        more = bytes[from++]!
        length += more
      } while (more === 255)
    }
    if (distance === 0 || distance > at - windowStart) fail('a match reaches before the start')
    copyWithin(out, at, distance, length)
    at += length
  }
}

function blockBytesMax(inputBytes: number): number {
  return 16 + inputBytes + Math.ceil(inputBytes / 255)
}

function encodeBlock(bytes: Buffer, start: number, end: number, out: Buffer, outStart: number): number {
  const table = hashTable()
  let at = outStart
  let literalStart = start
  let misses = 0
  for (let position = start; position <= end - MATCH_START_BEFORE_END; ) {
    const sequence = readWord(bytes, position)
    const hash = hashOf(sequence)
    const candidate = start + table[hash]!
    table[hash] = position - start
    if (candidate >= position || readWord(bytes, candidate) !== sequence) {
      position += 1 + (misses++ >> 6)
      continue
    }
    misses = 0
    const more = matchLength(bytes, candidate + 4, position + 4, end - LAST_LITERALS)
    at = writeLiterals(bytes, literalStart, position, Math.min(more, 15), out, at)
    out[at++] = (position - candidate) & 0xff
    out[at++] = (position - candidate) >>> 8
    if (more >= 15) at = writeLength(out, at, more - 15)
    position += MATCH_BYTES_MIN + more
    literalStart = position
  }
  return writeLiterals(bytes, literalStart, end, 0, out, at)
}

function writeLiterals(
  bytes: Buffer,
  start: number,
  end: number,
  matchNibble: number,
  out: Buffer,
  outStart: number,
): number {
  const length = end - start
  let at = outStart
  out[at++] = (Math.min(length, 15) << 4) | matchNibble
  if (length >= 15) at = writeLength(out, at, length - 15)
  copyBytes(bytes, start, length, out, at)
  return at + length
}

function writeLength(out: Buffer, start: number, length: number): number {
  let at = start
  let rest = length
  for (; rest >= 255; rest -= 255) out[at++] = 255
  out[at++] = rest
  return at
}

function fail(reason: string): never {
  throw new KafkaError('INVALID_RECORD', `lz4: ${reason}`)
}
