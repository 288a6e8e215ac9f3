import { expect, test } from 'vitest'
import { BufferPool } from './buffer-pool.ts'

const KIB = 1 << 10
const MIB = 1 << 20

test('gives a released buffer out again', () => {
  const pool = new BufferPool()
  const lease = pool.acquire(100 * KIB)
  const { buffer } = lease
  expect(buffer.length).toBe(128 * KIB)
  lease.release()
  expect(pool.freeBytes).toBe(128 * KIB)
  expect(pool.acquire(128 * KIB).buffer).toBe(buffer)
  expect(pool.freeBytes).toBe(0)
})

test('keeps a buffer away from others until its last reference is released', () => {
  const pool = new BufferPool()
  const lease = pool.acquire(1)
  lease.retain()
  lease.release()
  expect(pool.acquire(1).buffer).not.toBe(lease.buffer)
  lease.release()
  expect(pool.acquire(1).buffer).toBe(lease.buffer)
})

test('never gives out a buffer that has escaped', () => {
  const pool = new BufferPool()
  const lease = pool.acquire(1)
  lease.retain()
  lease.escape()
  lease.release()
  lease.release()
  expect(pool.freeBytes).toBe(0)
  expect(pool.acquire(1).buffer).not.toBe(lease.buffer)
  expect(pool.counters).toEqual({ made: 2, reused: 0, escaped: 1 })
})

test('refuses a release or a reference too many', () => {
  const pool = new BufferPool()
  const lease = pool.acquire(1)
  lease.release()
  expect(() => lease.release()).toThrow(/ended/)
  expect(() => lease.retain()).toThrow(/ended/)
  expect(pool.freeBytes).toBe(64 * KIB)
})

test('keeps no more bytes than it may', () => {
  const pool = new BufferPool(3 * MIB)
  const leases = [1, 2, 3, 4].map(() => pool.acquire(MIB))
  for (const lease of leases) lease.release()
  expect(pool.freeBytes).toBe(3 * MIB)
})

test('makes very large buffers to measure and does not keep them', () => {
  const pool = new BufferPool()
  expect(pool.acquire(2 * MIB).buffer.length).toBe(2 * MIB)
  const lease = pool.acquire(2 * MIB + 1)
  expect(lease.buffer.length).toBe(2 * MIB + 1)
  lease.release()
  expect(pool.freeBytes).toBe(0)
})

test('never cuts buffers from memory that others share', () => {
  const pool = new BufferPool()
  for (const bytes of [0, 1, 64 * KIB, 3 * MIB]) {
    const { buffer } = pool.acquire(bytes)
    expect(buffer.length).toBeGreaterThanOrEqual(Math.max(bytes, 1))
    expect(buffer.buffer.byteLength).toBe(buffer.length)
  }
})

test('lets buffers of a size that nobody asks for any more give way', () => {
  const pool = new BufferPool(1 << 20)
  const large = [pool.acquire(512 << 10), pool.acquire(512 << 10)]
  for (const lease of large) lease.release()
  const small = pool.acquire(64 << 10)
  const { buffer } = small
  small.release()
  expect(pool.freeBytes).toBeLessThanOrEqual(1 << 20)
  expect(pool.acquire(64 << 10).buffer).toBe(buffer)
})
