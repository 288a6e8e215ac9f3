/** Randomness, handed in, so that a seed replays a run. */
export interface Random {
  /** A whole number in 0 … 2^32−1. */
  u32(): number
  /** A whole number in 0 … limit−1. */
  below(limit: number): number
  bytes(length: number): Buffer
  /** An independent stream with a name, so that removing one user of randomness does not shift the others. */
  fork(name: string): Random
}

/** A seeded generator (sfc32), for tests and simulation; never for secrets or ids in production. */
export class SeededRandom implements Random {
  readonly #seed: number
  #a: number
  #b: number
  #c: number
  #counter = 1

  constructor(seed: number) {
    this.#seed = seed >>> 0
    this.#a = 0x9e3779b9
    this.#b = this.#seed
    this.#c = 0x243f6a88
    for (let i = 0; i < 12; i++) this.u32()
  }

  u32(): number {
    const sum = (this.#a + this.#b + this.#counter++) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + sum
    return sum >>> 0
  }

  below(limit: number): number {
    return Math.floor((this.u32() / 0x1_0000_0000) * limit)
  }

  bytes(length: number): Buffer {
    const bytes = Buffer.allocUnsafeSlow(length)
    for (let i = 0; i < length; i++) bytes[i] = this.u32() & 0xff
    return bytes
  }

  fork(name: string): Random {
    let hash = this.#seed ^ 0x811c9dc5
    for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193)
    return new SeededRandom(hash)
  }
}
