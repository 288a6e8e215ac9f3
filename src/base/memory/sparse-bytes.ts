/**
 * Bytes of a file in memory, in pages that exist only once they were written: a preallocated file of 64 MiB costs nothing,
 * growth copies nothing. What was never written reads as zero.
 */
const PAGE_BYTES = 16_384

export class SparseBytes {
  #size = 0
  readonly #pages = new Map<number, Buffer>()

  get size(): number {
    return this.#size
  }

  /** Fills `into` from `position`; returns the number of bytes read, short only at the end. */
  read(position: number, into: Uint8Array): number {
    const length = Math.max(0, Math.min(into.length, this.#size - position))
    for (let done = 0; done < length; ) {
      const inPage = (position + done) % PAGE_BYTES
      const count = Math.min(PAGE_BYTES - inPage, length - done)
      const page = this.#pages.get((position + done - inPage) / PAGE_BYTES)
      if (page) into.set(page.subarray(inPage, inPage + count), done)
      else into.fill(0, done, done + count)
      done += count
    }
    return length
  }

  write(position: number, bytes: Uint8Array): void {
    for (let done = 0; done < bytes.length; ) {
      const inPage = (position + done) % PAGE_BYTES
      const count = Math.min(PAGE_BYTES - inPage, bytes.length - done)
      const page = this.#writablePage((position + done - inPage) / PAGE_BYTES)
      page.set(count === bytes.length ? bytes : bytes.subarray(done, done + count), inPage)
      done += count
    }
    this.grow(position + bytes.length)
  }

  /** Makes the size at least this; the new bytes are zero. */
  grow(size: number): void {
    if (size > this.#size) this.#size = size
  }

  truncate(size: number): void {
    if (size < this.#size) {
      const inPage = size % PAGE_BYTES
      const last = (size - inPage) / PAGE_BYTES
      for (const number of this.#pages.keys()) if (number > last) this.#pages.delete(number)
      this.#pages.get(last)?.fill(0, inPage)
    }
    this.#size = size
  }

  clone(): SparseBytes {
    const copy = new SparseBytes()
    for (const [number, page] of this.#pages) copy.#pages.set(number, Buffer.from(page))
    copy.#size = this.#size
    return copy
  }

  #writablePage(number: number): Buffer {
    let page = this.#pages.get(number)
    if (!page) {
      page = Buffer.alloc(PAGE_BYTES)
      this.#pages.set(number, page)
    }
    return page
  }
}
