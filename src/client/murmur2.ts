/**
 * MurmurHash2 (32 bits) with the seed of Kafka's Java client, so that our keys go where its keys go.
 */
const SEED = 0x9747b28c
const MULTIPLIER = 0x5bd1e995

/** Of the key's bytes; signed, as Java has it. */
export function murmur2(bytes: Uint8Array): number {
  const { length } = bytes
  let hash = SEED ^ length
  const end = length & ~3
  for (let at = 0; at < end; at += 4) {
    let word = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
    word = Math.imul(word, MULTIPLIER)
    word ^= word >>> 24
    hash = Math.imul(hash, MULTIPLIER) ^ Math.imul(word, MULTIPLIER)
  }
  const rest = length & 3
  if (rest === 3) hash ^= bytes[end + 2]! << 16
  if (rest >= 2) hash ^= bytes[end + 1]! << 8
  if (rest >= 1) hash = Math.imul(hash ^ bytes[end]!, MULTIPLIER)
  hash ^= hash >>> 13
  hash = Math.imul(hash, MULTIPLIER)
  return hash ^ (hash >>> 15)
}

/** The partition of a key among `count`, as the Java client chooses it. */
export function partitionOfKey(key: Uint8Array, count: number): number {
  return (murmur2(key) & 0x7fffffff) % count
}
