import { assert } from '../base/assert.ts'
import type { EngineStats, Entry, KeyRange, KeyValueEngine, Operation, Snapshot } from './engine.ts'

/**
 * A `KeyValueEngine` without a disk: a sorted list of sorted leaves, in effect a tree of two levels. A million keys are some four
 * thousand leaves, so an insert moves at most a few thousand pointers.
 *
 * Keys and values are held as latin1 strings: they compare as unsigned bytes, take a quarter of the memory of small Buffers, and
 * the caller's buffer can be reused at once.
 *
 * Views are copy-on-write. Each snapshot starts a new epoch; a leaf, and the list of leaves, may be changed in place only in the
 * epoch that made it. So a snapshot costs nothing until the next write, and that one copies only what it touches.
 */
export function openMemoryEngine(): KeyValueEngine {
  return new MemoryEngine()
}

/** Large enough to keep the list of leaves short, small enough that copying one for a snapshot is cheap. */
const LEAF_KEYS_MAX = 512
/** A leaf this small is joined with its neighbour, so that deletes don't leave a long list of tiny leaves. */
const LEAF_KEYS_MIN = 64

interface Leaf {
  epoch: number
  keys: string[]
  values: string[]
}

class MemoryEngine implements KeyValueEngine {
  #leaves: Leaf[] = []
  #epoch = 0
  #leavesEpoch = 0
  #keys = 0
  #bytes = 0
  #openSnapshots = 0
  #closed = false

  get(key: Buffer): Buffer | undefined {
    this.#requireOpen()
    return find(this.#leaves, key)
  }

  write(batch: readonly Operation[]): Promise<void> {
    this.#requireOpen()
    for (const operation of batch) {
      if (operation.type === 'put') this.#put(text(operation.key), text(operation.value))
      else if (operation.type === 'delete') this.#delete(text(operation.key))
      else this.#deleteRange(text(operation.from), text(operation.to))
    }
    return Promise.resolve()
  }

  scan(range: KeyRange, options?: { reverse?: boolean; limit?: number }): AsyncIterable<Entry> {
    this.#requireOpen()
    return scanLeaves(this.#freeze(), range, options)
  }

  snapshot(): Snapshot {
    this.#requireOpen()
    const leaves = this.#freeze()
    let released = false
    this.#openSnapshots++
    return {
      get: key => find(leaves, key),
      scan: (range, options) => scanLeaves(leaves, range, options),
      release: () => {
        assert(!released, 'a snapshot is released once')
        released = true
        this.#openSnapshots--
      },
    }
  }

  stats(): EngineStats {
    return { keys: this.#keys, bytes: this.#bytes, openSnapshots: this.#openSnapshots }
  }

  close(): Promise<void> {
    this.#closed = true
    this.#leaves = []
    return Promise.resolve()
  }

  #requireOpen(): void {
    assert(!this.#closed, 'a closed engine is not used')
  }

  /** The leaves as they are now; the next write copies what it changes. */
  #freeze(): readonly Leaf[] {
    this.#epoch++
    return this.#leaves
  }

  #ownLeaves(): Leaf[] {
    if (this.#leavesEpoch !== this.#epoch) {
      this.#leaves = this.#leaves.slice()
      this.#leavesEpoch = this.#epoch
    }
    return this.#leaves
  }

  #ownLeaf(index: number): Leaf {
    const leaf = this.#leaves[index]!
    if (leaf.epoch === this.#epoch) return leaf
    const copy = { epoch: this.#epoch, keys: leaf.keys.slice(), values: leaf.values.slice() }
    this.#ownLeaves()[index] = copy
    return copy
  }

  #put(key: string, value: string): void {
    if (this.#leaves.length === 0) this.#ownLeaves().push({ epoch: this.#epoch, keys: [], values: [] })
    const index = leafOf(this.#leaves, key)
    const leaf = this.#ownLeaf(index)
    const at = lowerBound(leaf.keys, key)
    if (leaf.keys[at] === key) {
      this.#bytes += value.length - leaf.values[at]!.length
      leaf.values[at] = value
      return
    }
    leaf.keys.splice(at, 0, key)
    leaf.values.splice(at, 0, value)
    this.#keys++
    this.#bytes += key.length + value.length
    if (leaf.keys.length > LEAF_KEYS_MAX) this.#split(index, leaf)
  }

  #split(index: number, leaf: Leaf): void {
    // Keys that only ever grow fill leaves completely: then nothing is inserted into the lower half again.
    const at = index === this.#leaves.length - 1 ? LEAF_KEYS_MAX : LEAF_KEYS_MAX >> 1
    const upper = { epoch: this.#epoch, keys: leaf.keys.splice(at), values: leaf.values.splice(at) }
    this.#ownLeaves().splice(index + 1, 0, upper)
  }

  #delete(key: string): void {
    const index = leafOf(this.#leaves, key)
    const keys = this.#leaves[index]?.keys
    if (keys === undefined) return
    const at = lowerBound(keys, key)
    if (keys[at] === key) this.#cut(index, at, at + 1)
  }

  #deleteRange(from: string, to: string): void {
    let index = leafOf(this.#leaves, from)
    while (index < this.#leaves.length) {
      const { keys } = this.#leaves[index]!
      if (keys[0]! >= to) return
      const start = lowerBound(keys, from)
      const end = lowerBound(keys, to)
      const reachesEnd = end === keys.length
      const removed = start < end && this.#cut(index, start, end)
      if (!reachesEnd) return
      if (!removed) index++
    }
  }

  /** Removes keys `start` … `end`−1 of a leaf. True when the leaf itself is gone, and the next one stands in its place. */
  #cut(index: number, start: number, end: number): boolean {
    const leaf = this.#ownLeaf(index)
    const keys = leaf.keys.splice(start, end - start)
    const values = leaf.values.splice(start, end - start)
    this.#keys -= keys.length
    for (let i = 0; i < keys.length; i++) this.#bytes -= keys[i]!.length + values[i]!.length
    const before = this.#leaves[index - 1]
    const joins = before !== undefined && before.keys.length + leaf.keys.length <= LEAF_KEYS_MAX >> 1
    if (leaf.keys.length > 0 && !(leaf.keys.length < LEAF_KEYS_MIN && joins)) return false
    if (leaf.keys.length > 0) {
      const target = this.#ownLeaf(index - 1)
      target.keys.push(...leaf.keys)
      target.values.push(...leaf.values)
    }
    this.#ownLeaves().splice(index, 1)
    return true
  }
}

function text(bytes: Buffer): string {
  return bytes.toString('latin1')
}

function find(leaves: readonly Leaf[], key: Buffer): Buffer | undefined {
  const wanted = text(key)
  const leaf = leaves[leafOf(leaves, wanted)]
  if (leaf === undefined) return undefined
  const at = lowerBound(leaf.keys, wanted)
  return leaf.keys[at] === wanted ? Buffer.from(leaf.values[at]!, 'latin1') : undefined
}

/** The only leaf that can hold the key: the last one that begins at or below it, else the first. */
function leafOf(leaves: readonly Leaf[], key: string): number {
  let low = 0
  let high = leaves.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (leaves[middle]!.keys[0]! <= key) low = middle + 1
    else high = middle
  }
  return Math.max(low - 1, 0)
}

/** The place of the first key that is not below `key`. */
function lowerBound(keys: readonly string[], key: string): number {
  let low = 0
  let high = keys.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (keys[middle]! < key) low = middle + 1
    else high = middle
  }
  return low
}

function scanLeaves(
  leaves: readonly Leaf[],
  { from, to }: KeyRange,
  { reverse = false, limit = Number.POSITIVE_INFINITY }: { reverse?: boolean; limit?: number } = {},
): AsyncIterable<Entry> {
  const first = from && text(from)
  const end = to && text(to)
  return reverse ? descend(leaves, first, end, limit) : ascend(leaves, first, end, limit)
}

async function* ascend(leaves: readonly Leaf[], from = '', to: string | undefined, limit: number) {
  let left = limit
  for (let index = leafOf(leaves, from); index < leaves.length; index++) {
    const { keys, values } = leaves[index]!
    for (let at = lowerBound(keys, from); at < keys.length; at++) {
      if (left-- <= 0 || (to !== undefined && keys[at]! >= to)) return
      yield { key: Buffer.from(keys[at]!, 'latin1'), value: Buffer.from(values[at]!, 'latin1') }
    }
  }
}

async function* descend(leaves: readonly Leaf[], from = '', to: string | undefined, limit: number) {
  let left = limit
  for (let index = to === undefined ? leaves.length - 1 : leafOf(leaves, to); index >= 0; index--) {
    const { keys, values } = leaves[index] ?? { keys: [], values: [] }
    const end = to === undefined ? keys.length : lowerBound(keys, to)
    for (let at = end - 1; at >= 0; at--) {
      if (left-- <= 0 || keys[at]! < from) return
      yield { key: Buffer.from(keys[at]!, 'latin1'), value: Buffer.from(values[at]!, 'latin1') }
    }
  }
}
