import type { Lease } from '../../base/buffer-pool.ts'

/**
 * Reads the next piece of a file for a reader that goes through it in order, while the piece before is on its way to the client. The piece is
 * checked when it has come, so that this too is done before it is asked for.
 *
 * Few pieces are held at a time, over all logs; the oldest gives way. A file is known by the object that stands for it.
 */
const PIECES_MAX = 8

export interface FilePiece {
  buffer: Buffer
  lease: Lease
}

interface Ahead {
  file: object
  position: number
  length: number
  piece: Promise<FilePiece>
}

export class ReadAhead {
  #aheads: Ahead[] = []

  /** Begins to read a piece, unless it is there already. */
  begin(file: object, position: number, length: number, read: () => Promise<FilePiece>): void {
    if (this.#aheads.some(one => one.file === file && one.position === position)) return
    if (this.#aheads.length >= PIECES_MAX) drop(this.#aheads.shift()!)
    const piece = read()
    piece.catch(() => {}) // whoever asks for the piece reads again, and meets the error then
    this.#aheads.push({ file, position, length, piece })
  }

  /** The piece at a position, when it was read ahead with the same length; the caller owns its lease. */
  take(file: object, position: number, length: number): Promise<FilePiece> | undefined {
    const index = this.#aheads.findIndex(one => one.file === file && one.position === position)
    if (index < 0) return undefined
    const [ahead] = this.#aheads.splice(index, 1)
    if (ahead!.length === length) return ahead!.piece
    drop(ahead!)
    return undefined
  }

  clear(): void {
    for (const ahead of this.#aheads) drop(ahead)
    this.#aheads = []
  }
}

function drop(ahead: Ahead): void {
  ahead.piece.then(
    ({ lease }) => lease.release(),
    () => {},
  )
}
