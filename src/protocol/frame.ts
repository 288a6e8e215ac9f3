/**
 * Cuts a connection's bytes into frames: a 4-byte size, then so many bytes (a header and a body).
 *
 * - A frame that lies in one chunk is a slice of it, or of the copy that `keep` makes once for all frames of a chunk. Any other is copied
 *   once, as it comes.
 * - Memory grows with the bytes received, never from the size announced: up to 4 KiB are set aside at once; a larger frame is
 *   gathered in blocks until a quarter of it is there, and only then is it given a buffer of its size.
 * - That buffer comes from `allocate`, so that its owner can use it again.
 * - A size that cannot be is a `FrameError`, after which the connection is to be closed. Frames before it were delivered.
 */
export class FrameError extends Error {
  override name = 'FrameError'
}

export interface FrameOptions {
  /** Largest size accepted. */
  frameBytesMax: number
  /** Smallest size accepted; that of the shortest request when left out. Answers may be shorter. */
  frameBytesMin?: number
  /** Called for each whole frame, without its size, in order. */
  deliver: (frame: Buffer) => void
  /** Gives a buffer of exactly so many bytes for a large frame. */
  allocate?: (bytes: number) => Buffer
  /**
   * Keeps a chunk's bytes from a place on, when chunks are overwritten after `push`: gives a copy that lasts. Left out where chunks
   * last anyway.
   */
  keep?: (chunk: Buffer, start: number) => Buffer
}

const SIZE_BYTES = 4
/** The shortest request: key, version and correlation id. */
const FRAME_BYTES_MIN = 8
/** The first four bytes of other protocols are sizes from here on. */
const FOREIGN_MIN = 0x15000000
/** Up to here a frame's buffer is made as soon as its size is known. */
const SMALL_BYTES_MAX = 4 * 1024
/** Chunks below this are put together, so that a frame sent byte by byte does not cost an object for each. */
const BLOCK_BYTES_MIN = 16 * 1024

export class FrameAssembler {
  /** May be raised when the client has logged in. */
  frameBytesMax: number
  readonly #frameBytesMin: number
  readonly #deliver: (frame: Buffer) => void
  readonly #allocate: (bytes: number) => Buffer
  readonly #keepChunk: ((chunk: Buffer, start: number) => Buffer) | undefined

  /** The bytes of a size that has not come whole yet, and their number. */
  #sizeBits = 0
  #sizeBytes = 0
  /** The frame that is being gathered: its size, or −1 for none, and how much of it is there. */
  #size = -1
  #received = 0
  /** Its own buffer, once it has one. */
  #frame: Buffer | null = null
  /** Until then: full blocks, and one that is being filled. */
  #blocks: Buffer[] = []
  #filling: Buffer | null = null
  #filled = 0
  #failed = false

  constructor(options: FrameOptions) {
    this.frameBytesMax = options.frameBytesMax
    this.#frameBytesMin = options.frameBytesMin ?? FRAME_BYTES_MIN
    this.#deliver = options.deliver
    this.#allocate = options.allocate ?? Buffer.allocUnsafeSlow
    this.#keepChunk = options.keep
  }

  /** Bytes of an unfinished frame that have come, its size included. Zero between frames. */
  get pendingBytes(): number {
    return this.#size < 0 ? this.#sizeBytes : SIZE_BYTES + this.#received
  }

  /** Memory that the unfinished frame holds, backing stores counted. */
  get heldBytes(): number {
    let sum = (this.#frame?.length ?? 0) + (this.#filling?.length ?? 0)
    for (const block of this.#blocks) sum += block.buffer.byteLength
    return sum
  }

  push(received: Buffer): void {
    if (this.#failed) return
    let chunk = received
    let lasts = this.#keepChunk === undefined
    let at = 0
    while (at < chunk.length) {
      if (this.#size < 0) {
        at = this.#readSize(chunk, at)
        if (this.#size < 0) return
        const size = this.#size
        if (at + size <= chunk.length) {
          this.#size = -1
          if (!lasts) {
            chunk = this.#keepChunk!(chunk, at)
            at = 0
            lasts = true
          }
          this.#deliver(chunk.subarray(at, at + size))
          at += size
          continue
        }
        this.#begin()
      }
      const end = Math.min(chunk.length, at + this.#size - this.#received)
      if (end > at) this.#add(chunk, at, end, lasts)
      at = end
      if (this.#received === this.#size) this.#complete()
    }
  }

  /** Drops what is gathered, as when the connection ends. */
  clear(): void {
    this.#size = -1
    this.#received = 0
    this.#sizeBytes = 0
    this.#frame = null
    this.#blocks = []
    this.#filling = null
  }

  #readSize(chunk: Buffer, from: number): number {
    let at = from
    while (this.#sizeBytes < SIZE_BYTES) {
      if (at === chunk.length) return at
      this.#sizeBits = (this.#sizeBits << 8) | chunk[at++]!
      this.#sizeBytes++
    }
    const size = this.#sizeBits
    if (
      size < this.#frameBytesMin ||
      size > this.frameBytesMax ||
      (size >= FOREIGN_MIN && foreignProtocol(size))
    ) {
      this.#failed = true
      this.clear()
      throw new FrameError(reasonAgainst(size, this.frameBytesMax))
    }
    this.#sizeBytes = 0
    this.#size = size
    this.#received = 0
    return at
  }

  #begin(): void {
    if (this.#size <= SMALL_BYTES_MAX) this.#frame = Buffer.allocUnsafeSlow(this.#size)
  }

  #add(chunk: Buffer, from: number, to: number, lasts: boolean): void {
    const received = this.#received + to - from
    if (!this.#frame && received * 4 >= this.#size) this.#gather()
    if (this.#frame) this.#frame.set(chunk.subarray(from, to), this.#received)
    else this.#keep(chunk.subarray(from, to), lasts)
    this.#received = received
  }

  /** Moves the blocks into a buffer of the frame's own. */
  #gather(): void {
    const frame = this.#allocate(this.#size)
    this.#closeBlock()
    let at = 0
    for (const block of this.#blocks) {
      frame.set(block, at)
      at += block.length
    }
    this.#blocks = []
    this.#frame = frame
  }

  /** Keeps large chunks that fill their backing store as they are, and puts the others together. */
  #keep(piece: Buffer, lasts: boolean): void {
    if (lasts && piece.length >= BLOCK_BYTES_MIN && piece.length * 2 >= piece.buffer.byteLength) {
      this.#closeBlock()
      this.#blocks.push(piece)
      return
    }
    let at = 0
    while (at < piece.length) {
      this.#filling ??= Buffer.allocUnsafeSlow(
        this.#received < BLOCK_BYTES_MIN ? SMALL_BYTES_MAX : BLOCK_BYTES_MIN,
      )
      const room = Math.min(this.#filling.length - this.#filled, piece.length - at)
      this.#filling.set(piece.subarray(at, at + room), this.#filled)
      this.#filled += room
      at += room
      if (this.#filled === this.#filling.length) this.#closeBlock()
    }
  }

  #closeBlock(): void {
    if (this.#filling && this.#filled > 0) this.#blocks.push(this.#filling.subarray(0, this.#filled))
    this.#filling = null
    this.#filled = 0
  }

  #complete(): void {
    const frame = this.#frame!
    this.#frame = null
    this.#size = -1
    this.#received = 0
    this.#deliver(frame)
  }
}

/** What speaks to us, when a size is the beginning of another protocol. */
function foreignProtocol(size: number): string | undefined {
  const [a, b] = [size >>> 24, (size >>> 16) & 0xff]
  if ((a === 0x16 || a === 0x15) && b === 3) return 'TLS'
  const text = String.fromCharCode(a, b, (size >>> 8) & 0xff, size & 0xff)
  return /^(GET |HEAD|POST|PUT |DELE|OPTI|PATC|CONN|PRI |HTTP)$/.test(text) ? 'HTTP' : undefined
}

function reasonAgainst(size: number, frameBytesMax: number): string {
  const protocol = foreignProtocol(size)
  if (protocol) return `this looks like ${protocol}, not like Kafka`
  if (size < FRAME_BYTES_MIN) return `frame of ${size} bytes: the shortest request has ${FRAME_BYTES_MIN}`
  return `frame of ${size} bytes: at most ${frameBytesMax} are allowed`
}
