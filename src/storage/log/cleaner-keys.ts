/**
 * The last offset of every key in the part of a log that is being cleaned, in bounded memory.
 *
 * A key is kept as 128 bits of its SHA-256, never as itself: so an entry has 24 bytes whatever the key's length, and nobody can
 * make two keys that compaction takes for one (docs/decisions/0006-compaction-keys.md). Open addressing with linear probing; the table
 * grows as keys come, and the old and the new table together stay within the bound. When it is full, the round cleans up to
 * `latestOffset`, and the next one goes on from there.
 */
import type * as Crypto from 'node:crypto'
import { assert } from '../../base/assert.ts'

const ENTRY_BYTES = 24
const HASH_WORDS = 4
const SLOTS_MIN = 1_024
const LOAD_MAX = 0.75
const NO_OFFSET = -1

export class CleanerKeys {
  /** The newest record that was looked at; what lies above it is not known here, and stays. */
  latestOffset = NO_OFFSET
  readonly #slotsMax: number
  #hashes: Uint32Array
  #offsets: Float64Array
  #size = 0

  constructor(bytesMax: number) {
    // While it grows to the last size, a table of half that size is still there.
    this.#slotsMax = Math.max(SLOTS_MIN, Math.floor(bytesMax / (ENTRY_BYTES * 1.5)))
    this.#hashes = new Uint32Array(SLOTS_MIN * HASH_WORDS)
    this.#offsets = new Float64Array(SLOTS_MIN).fill(NO_OFFSET)
  }

  get size(): number {
    return this.#size
  }

  /** Notes that the key was written at an offset, which is above all before it. False when there is no room for one more key. */
  put(key: Buffer, offset: number): boolean {
    assert(offset > this.latestOffset, `offset ${offset} comes after ${this.latestOffset}`)
    const hash = hashOf(key)
    let slot = this.#slotOf(hash, 0)
    if (this.#offsets[slot] === NO_OFFSET) {
      if (this.#size >= this.#offsets.length * LOAD_MAX) {
        if (!this.#grow()) return false
        slot = this.#slotOf(hash, 0)
      }
      for (let word = 0; word < HASH_WORDS; word++) {
        this.#hashes[slot * HASH_WORDS + word] = hash.readUInt32LE(word * 4)
      }
      this.#size++
    }
    this.#offsets[slot] = offset
    this.latestOffset = offset
    return true
  }

  /** The offset at which the key was last written; -1 when it was not. */
  find(key: Buffer): number {
    return this.#offsets[this.#slotOf(hashOf(key), 0)]!
  }

  /** The slot of the hash at a place, or the free one where it belongs. */
  #slotOf(hash: Buffer, at: number): number {
    const slots = this.#offsets.length
    const first = hash.readUInt32LE(at)
    const second = hash.readUInt32LE(at + 4)
    const third = hash.readUInt32LE(at + 8)
    const fourth = hash.readUInt32LE(at + 12)
    for (let slot = first % slots; ; slot = slot + 1 === slots ? 0 : slot + 1) {
      if (this.#offsets[slot] === NO_OFFSET) return slot
      const word = slot * HASH_WORDS
      const isSame =
        this.#hashes[word] === first &&
        this.#hashes[word + 1] === second &&
        this.#hashes[word + 2] === third &&
        this.#hashes[word + 3] === fourth
      if (isSame) return slot
    }
  }

  #grow(): boolean {
    const offsets = this.#offsets
    const hashes = this.#hashes
    const slots = Math.min(offsets.length * 2, this.#slotsMax)
    if (slots <= offsets.length) return false
    this.#offsets = new Float64Array(slots).fill(NO_OFFSET)
    this.#hashes = new Uint32Array(slots * HASH_WORDS)
    for (let slot = 0; slot < offsets.length; slot++) {
      if (offsets[slot] === NO_OFFSET) continue
      const words = hashes.subarray(slot * HASH_WORDS, (slot + 1) * HASH_WORDS)
      let target = words[0]! % slots
      while (this.#offsets[target] !== NO_OFFSET) target = target + 1 === slots ? 0 : target + 1
      this.#offsets[target] = offsets[slot]!
      this.#hashes.set(words, target * HASH_WORDS)
    }
    return true
  }
}

let crypto: typeof Crypto | undefined

/** Loaded when first needed: most brokers compact nothing in their first minutes. */
function hashOf(key: Buffer): Buffer {
  crypto ??= process.getBuiltinModule('node:crypto')
  return crypto.hash('sha256', key, 'buffer')
}
