/**
 * Large buffers that are used again, counted by reference.
 *
 * Filling fresh memory costs more than copying into it, because the system must clear every page first. A lease begins with one
 * reference; when the last is released its buffer goes back to the pool, unless it escaped: was handed to somebody whose end
 * cannot be seen, such as a socket. What escaped is left to the garbage collector.
 *
 * Size classes are multiples of 64 KiB up to 2 MiB; larger buffers have their exact size and are not kept. Buffers never come from
 * Node's shared pool, so that a small slice does not hold a stranger's memory.
 */
const CLASS_STEP_BYTES = 64 << 10
const CLASS_BYTES_MAX = 2 << 20

export interface Lease {
  readonly buffer: Buffer
  /** Adds a reference. */
  retain(): void
  /** Gives one back. */
  release(): void
  /** The buffer is never used again for something else. */
  escape(): void
}

export class BufferPool {
  readonly #bytesMax: number
  readonly #free = new Map<number, Buffer[]>()
  #freeBytes = 0
  readonly counters = { made: 0, reused: 0, escaped: 0 }

  /** Keeps at most so many bytes of buffers that nobody uses. */
  constructor(bytesMax = 16 << 20) {
    this.#bytesMax = bytesMax
  }

  get freeBytes(): number {
    return this.#freeBytes
  }

  /** A buffer of at least so many bytes; its contents are whatever was there before. */
  acquire(bytes: number): Lease {
    const size = classOf(bytes)
    const buffer = this.#free.get(size)?.pop()
    if (buffer) {
      this.#freeBytes -= size
      this.counters.reused++
      return new PooledLease(this, buffer)
    }
    this.counters.made++
    return new PooledLease(this, Buffer.allocUnsafeSlow(size))
  }

  /** For leases only. */
  giveBack(buffer: Buffer, hasEscaped: boolean): void {
    if (hasEscaped) {
      this.counters.escaped++
      return
    }
    const size = buffer.length
    if (size > CLASS_BYTES_MAX || !this.#makeRoom(size)) return
    const free = this.#free.get(size)
    if (free) free.push(buffer)
    else this.#free.set(size, [buffer])
    this.#freeBytes += size
  }

  /** What was used last may be used again soon: buffers of other sizes give way to it. */
  #makeRoom(size: number): boolean {
    if (this.#freeBytes + size <= this.#bytesMax) return true
    for (const [other, buffers] of this.#free) {
      while (other !== size && buffers.length > 0 && this.#freeBytes + size > this.#bytesMax) {
        buffers.pop()
        this.#freeBytes -= other
      }
    }
    return this.#freeBytes + size <= this.#bytesMax
  }
}

class PooledLease implements Lease {
  readonly buffer: Buffer
  readonly #pool: BufferPool
  #references = 1
  #hasEscaped = false

  constructor(pool: BufferPool, buffer: Buffer) {
    this.#pool = pool
    this.buffer = buffer
  }

  retain(): void {
    if (this.#references === 0) throw new Error('the lease has ended')
    this.#references++
  }

  release(): void {
    if (this.#references === 0) throw new Error('the lease has ended')
    if (--this.#references === 0) this.#pool.giveBack(this.buffer, this.#hasEscaped)
  }

  escape(): void {
    this.#hasEscaped = true
  }
}

function classOf(bytes: number): number {
  if (bytes > CLASS_BYTES_MAX) return bytes
  return Math.max(1, Math.ceil(bytes / CLASS_STEP_BYTES)) * CLASS_STEP_BYTES
}
