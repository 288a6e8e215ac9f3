import { expect, test } from 'vitest'
import { BufferPool, type Lease } from '../../base/buffer-pool.ts'
import { TailCache, type TailEntry } from './tail-cache.ts'

const KIB_64 = 64 << 10

interface Owner {
  dropped: number[]
  asked: number
}

function entryOf(owner: Owner, baseOffset: number, leases: Lease[], written = true): TailEntry {
  return {
    owner: {
      requestWriteOut: () => void owner.asked++,
      dropped: entry => void owner.dropped.push(entry.baseOffset),
    },
    segment: 0,
    position: baseOffset * 100,
    baseOffset,
    endOffset: baseOffset + 1,
    bytes: 100,
    hasInternal: false,
    parts: [Buffer.alloc(100)],
    leases,
    written,
  }
}

const newOwner = (): Owner => ({ dropped: [], asked: 0 })

test('memory is counted by the buffers that are held, each once', () => {
  const pool = new BufferPool()
  const cache = new TailCache(10 * KIB_64)
  const slab = pool.acquire(KIB_64)
  slab.retain()
  const owner = newOwner()
  cache.add(entryOf(owner, 0, [slab]))
  cache.add(entryOf(owner, 1, [slab]))
  cache.add(entryOf(owner, 2, [pool.acquire(KIB_64), pool.acquire(KIB_64)]))
  expect(cache.bytes).toBe(3 * KIB_64)
})

test('entries leave in the order in which they came, whosever they are, and give their buffers back', () => {
  const pool = new BufferPool()
  const cache = new TailCache(2 * KIB_64)
  const [one, other] = [newOwner(), newOwner()]
  cache.add(entryOf(one, 0, [pool.acquire(KIB_64)]))
  cache.add(entryOf(other, 5, [pool.acquire(KIB_64)]))
  cache.add(entryOf(one, 1, [pool.acquire(KIB_64)]))
  expect([one.dropped, other.dropped, cache.bytes, pool.freeBytes]).toEqual([[0], [], 2 * KIB_64, KIB_64])
  cache.add(entryOf(one, 2, [pool.acquire(2 * KIB_64)]))
  expect([one.dropped, other.dropped, cache.bytes]).toEqual([[0, 1], [5], 2 * KIB_64])
})

test('a buffer is held until the last of its entries has left', () => {
  const pool = new BufferPool()
  const cache = new TailCache(2 * KIB_64)
  const slab = pool.acquire(KIB_64)
  slab.retain()
  const owner = newOwner()
  cache.add(entryOf(owner, 0, [slab]))
  cache.add(entryOf(owner, 1, [pool.acquire(KIB_64)]))
  cache.add(entryOf(owner, 2, [slab]))
  cache.add(entryOf(owner, 3, [pool.acquire(KIB_64)]))
  expect([owner.dropped, cache.bytes]).toEqual([[0, 1], 2 * KIB_64])
})

test('an entry that is not written yet stays, and its log is asked to write', () => {
  const pool = new BufferPool()
  const cache = new TailCache(KIB_64)
  const owner = newOwner()
  const unwritten = entryOf(owner, 0, [pool.acquire(KIB_64)], false)
  cache.add(unwritten)
  cache.add(entryOf(owner, 1, [pool.acquire(KIB_64)]))
  expect([owner.asked, owner.dropped, cache.bytes]).toEqual([1, [], 2 * KIB_64])
  unwritten.written = true
  cache.add(entryOf(owner, 2, [pool.acquire(KIB_64)]))
  expect([owner.dropped, cache.bytes]).toEqual([[0, 1], KIB_64])
})

test('entries that are removed before their turn are not counted, and not dropped again', () => {
  const pool = new BufferPool()
  const cache = new TailCache(KIB_64)
  const owner = newOwner()
  const first = entryOf(owner, 0, [pool.acquire(KIB_64)])
  cache.add(first)
  cache.remove(first)
  cache.remove(first)
  expect(cache.bytes).toBe(0)
  cache.add(entryOf(owner, 1, [pool.acquire(KIB_64)]))
  cache.add(entryOf(owner, 2, [pool.acquire(KIB_64)]))
  expect([owner.dropped, cache.bytes, first.parts]).toEqual([[1], KIB_64, []])
})
