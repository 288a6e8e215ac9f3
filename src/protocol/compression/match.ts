/**
 * What LZ4 and Snappy share: blocks of at most 64 KiB in which a repetition is found through a table of hashes,
 * and copies between and within buffers.
 */

export const BLOCK_BYTES_MAX = 0x1_0000

const HASH_BITS = 13
const HASH_SHIFT = 32 - HASH_BITS
/** Up to this many bytes a loop beats a call. */
const LOOP_BYTES_MAX = 64

/** Where in the block a sequence of four bytes was seen last; positions of a block fit 16 bits. */
let table: Uint16Array | undefined

export function hashTable(): Uint16Array {
  table ??= new Uint16Array(1 << HASH_BITS)
  return table.fill(0)
}

export function hashOf(sequence: number): number {
  return Math.imul(sequence, 0x9e3779b1) >>> HASH_SHIFT
}

export function readWord(bytes: Buffer, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
}

/** How many bytes from `a` and `b` on are the same, as long as `b` stays below `end`. */
export function matchLength(bytes: Buffer, a: number, b: number, end: number): number {
  let length = 0
  while (b + length < end && bytes[a + length] === bytes[b + length]) length++
  return length
}

export function copyBytes(from: Buffer, start: number, length: number, to: Buffer, at: number): void {
  if (length > LOOP_BYTES_MAX) {
    from.copy(to, at, start, start + length)
    return
  }
  for (let i = 0; i < length; i++) to[at + i] = from[start + i]!
}

/** Repeats what stands `distance` bytes before; source and target may overlap, which makes a pattern. */
export function copyWithin(bytes: Buffer, at: number, distance: number, length: number): void {
  if (length > LOOP_BYTES_MAX && distance >= length) {
    bytes.copyWithin(at, at - distance, at - distance + length)
    return
  }
  for (let i = at, end = at + length; i < end; i++) bytes[i] = bytes[i - distance]!
}
