import { randomBytes, randomInt } from 'node:crypto'
import type { Random } from '../random.ts'

/** The system's randomness: fit for ids. Streams by name are all the same source. */
export class NodeRandom implements Random {
  u32(): number {
    return randomBytes(4).readUInt32BE(0)
  }

  below(limit: number): number {
    return randomInt(limit)
  }

  bytes(length: number): Buffer {
    return randomBytes(length)
  }

  fork(): Random {
    return this
  }
}
