/**
 * The header guard of a segment that no longer grows (`.guard`, our own format): a CRC-32C for every 64 KiB of its `.log`.
 *
 * Kafka's batch checksum leaves out the base offset, the length and the leader epoch, and says nothing of a block that was
 * swapped or lost whole. The guard covers every byte, and names its segment. A segment that was cleaned, and so may have gaps between
 * offsets, has one, built while it is written; whoever reads such a segment reads whole blocks and checks them.
 * `docs/formats/guard.md` has the byte table.
 */
import { assert } from '../../base/assert.ts'
import { crc32c } from '../../base/crc32c.ts'
import { CorruptionError } from '../../base/disk.ts'
import { readInt64, writeInt64 } from '../int64.ts'
import { openSealedFile, sealFile } from '../sealed-file.ts'

export const GUARD_BLOCK_BYTES = 64 * 1024
const MAGIC = 'LHGD'
const VERSION = 1
const HEADER_BYTES = 20

/** Is fed the bytes of a segment from the first to the last. */
export class GuardBuilder {
  readonly #baseOffset: number
  #sums: number[] = []
  #openSum = 0
  #segmentBytes = 0

  constructor(baseOffset: number) {
    this.#baseOffset = baseOffset
  }

  get segmentBytes(): number {
    return this.#segmentBytes
  }

  add(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; ) {
      const left = GUARD_BLOCK_BYTES - (this.#segmentBytes % GUARD_BLOCK_BYTES)
      const end = Math.min(bytes.length, at + left)
      this.#openSum = crc32c(bytes, at, end, this.#openSum)
      this.#segmentBytes += end - at
      at = end
      if (this.#segmentBytes % GUARD_BLOCK_BYTES === 0) this.#closeBlock()
    }
  }

  /** The bytes of the `.guard` file for what was added so far; more may be added afterwards. */
  format(): Buffer {
    const isOpen = this.#segmentBytes % GUARD_BLOCK_BYTES !== 0
    const sums = isOpen ? [...this.#sums, this.#openSum] : this.#sums
    const body = Buffer.alloc(HEADER_BYTES + sums.length * 4)
    writeInt64(body, 0, this.#baseOffset)
    writeInt64(body, 8, this.#segmentBytes)
    body.writeUInt32BE(GUARD_BLOCK_BYTES, 16)
    for (const [i, sum] of sums.entries()) body.writeUInt32BE(sum, HEADER_BYTES + i * 4)
    return sealFile(MAGIC, VERSION, body)
  }

  #closeBlock(): void {
    this.#sums.push(this.#openSum)
    this.#openSum = 0
  }
}

export class Guard {
  readonly baseOffset: number
  readonly segmentBytes: number
  readonly #sums: Buffer
  readonly #blockBytes: number

  private constructor(baseOffset: number, segmentBytes: number, blockBytes: number, sums: Buffer) {
    this.baseOffset = baseOffset
    this.segmentBytes = segmentBytes
    this.#blockBytes = blockBytes
    this.#sums = sums
  }

  /** In place of one that is damaged: it finds nothing. */
  static none(baseOffset: number, segmentBytes: number): Guard {
    return new Guard(baseOffset, segmentBytes, 1, Buffer.alloc(0))
  }

  static parse(bytes: Buffer, file: string): Guard {
    const { body } = openSealedFile(MAGIC, VERSION, bytes, file)
    if (body.length < HEADER_BYTES) throw new CorruptionError(file, bytes.length, 'it is cut off')
    const segmentBytes = readInt64(body, 8, file)
    const blockBytes = body.readUInt32BE(16)
    const sums = body.subarray(HEADER_BYTES)
    if (blockBytes === 0 || segmentBytes < 0 || sums.length !== Math.ceil(segmentBytes / blockBytes) * 4) {
      throw new CorruptionError(file, HEADER_BYTES, 'its table does not fit the size of its segment')
    }
    return new Guard(readInt64(body, 0, file), segmentBytes, blockBytes, sums)
  }

  get blockCount(): number {
    return this.#sums.length / 4
  }

  sumOf(block: number): number {
    return this.#sums.readUInt32BE(block * 4)
  }

  /** The smallest range of whole blocks around some bytes of the segment: what to read in order to check them. */
  rangeAround(position: number, length: number): { start: number; end: number } {
    const start = Math.floor(position / this.#blockBytes) * this.#blockBytes
    const end = Math.ceil((position + length) / this.#blockBytes) * this.#blockBytes
    return { start, end: Math.min(end, this.segmentBytes) }
  }

  /**
   * Checks the bytes that stand at a position of the segment, as far as they fill whole blocks (the last may be short). Returns the
   * position of the first block that is not what was written, or undefined. Bytes behind the guarded size are damage.
   */
  findDamage(position: number, bytes: Buffer): number | undefined {
    assert(position >= 0, `not a position: ${position}`)
    const end = position + bytes.length
    for (let block = Math.ceil(position / this.#blockBytes); block < this.blockCount; block++) {
      const start = block * this.#blockBytes
      const stop = Math.min(start + this.#blockBytes, this.segmentBytes)
      if (stop > end) return undefined
      if (crc32c(bytes, start - position, stop - position) !== this.sumOf(block)) return start
    }
    return end > this.segmentBytes ? this.segmentBytes : undefined
  }
}

export function* describeGuard(bytes: Buffer, file: string): Generator<string> {
  const guard = Guard.parse(bytes, file)
  yield `version: ${VERSION} baseOffset: ${guard.baseOffset} segmentBytes: ${guard.segmentBytes} blocks: ${guard.blockCount}`
  for (let block = 0; block < guard.blockCount; block++) {
    const { start, end } = guard.rangeAround(block * GUARD_BLOCK_BYTES, 1)
    yield `position: ${start} size: ${end - start} crc: ${guard.sumOf(block)}`
  }
}
