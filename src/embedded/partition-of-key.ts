/**
 * The partition of a key, as the Java client and kafkajs choose it: murmur2 of its bytes, without the sign. A test that writes here and a
 * producer of the application put one key into one partition.
 */
export function partitionOfKey(key: Buffer, partitions: number): number {
  return (murmur2(key) & 0x7fffffff) % partitions
}

const SEED = 0x9747b28c
const FACTOR = 0x5bd1e995

/** MurmurHash2 of 32 bits with Kafka's seed. */
export function murmur2(bytes: Buffer): number {
  const { length } = bytes
  let hash = SEED ^ length
  let at = 0
  for (; at + 4 <= length; at += 4) {
    let word = Math.imul(bytes.readInt32LE(at), FACTOR)
    word = Math.imul(word ^ (word >>> 24), FACTOR)
    hash = Math.imul(hash, FACTOR) ^ word
  }
  if (at < length) {
    for (let i = length - 1; i >= at; i--) hash ^= bytes[i]! << (8 * (i - at))
    hash = Math.imul(hash, FACTOR)
  }
  hash = Math.imul(hash ^ (hash >>> 13), FACTOR)
  return (hash ^ (hash >>> 15)) | 0
}
