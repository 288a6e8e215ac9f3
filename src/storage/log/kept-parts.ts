import type { BufferPool, Lease } from '../../base/buffer-pool.ts'

/** Parts that fill at least half of what they hold alive are kept as they are; others are copied together. */
export function keepable(
  parts: Buffer[],
  leases: Lease[],
  pool: BufferPool,
): { parts: Buffer[]; leases: Lease[] } {
  const bytes = parts.reduce((sum, part) => sum + part.length, 0)
  const held = leases.reduce((sum, lease) => sum + lease.buffer.length, 0)
  if (leases.length === parts.length && held <= 2 * bytes) return { parts, leases }
  const lease = pool.acquire(bytes)
  const kept: Buffer[] = []
  let at = 0
  for (const part of parts) {
    lease.buffer.set(part, at)
    kept.push(lease.buffer.subarray(at, at + part.length))
    at += part.length
  }
  for (const own of leases) own.release()
  return { parts: kept, leases: [lease] }
}
