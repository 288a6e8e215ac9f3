import type { BufferPool, Lease } from '../base/buffer-pool.ts'

/**
 * Where small frames are kept between the socket and the end of their request. Chunks of all connections are copied one behind another into slabs;
 * a slab is used again when every request in it is done. So receiving allocates nothing.
 */
const SLAB_BYTES = 256 << 10

export class ReceivedBytes {
  readonly #pool: BufferPool
  #slab: Lease | undefined
  #used = 0

  constructor(pool: BufferPool) {
    this.#pool = pool
  }

  /** A copy of the chunk's bytes from a place on; it lasts as long as one of its frames is retained. */
  keep(chunk: Buffer, start: number): Buffer {
    const bytes = chunk.length - start
    if (!this.#slab || this.#used + bytes > this.#slab.buffer.length) {
      this.#slab?.release()
      this.#slab = this.#pool.acquire(Math.max(SLAB_BYTES, bytes))
      this.#used = 0
    }
    const { buffer } = this.#slab
    const at = this.#used
    buffer.set(start === 0 ? chunk : chunk.subarray(start), at)
    this.#used += bytes
    return buffer.subarray(at, at + bytes)
  }

  /** Takes a reference for a frame of the copy that was made last; null for a frame of other memory. */
  retain(frame: Buffer): Lease | null {
    if (!this.#slab || frame.buffer !== this.#slab.buffer.buffer) return null
    this.#slab.retain()
    return this.#slab
  }
}
