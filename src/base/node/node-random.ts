import type * as Crypto from 'node:crypto'
import type { Random } from '../random.ts'

/** The system's randomness: fit for ids. Streams by name are all the same source. */
export class NodeRandom implements Random {
  u32(): number {
    return crypto().randomBytes(4).readUInt32BE(0)
  }

  below(limit: number): number {
    return crypto().randomInt(limit)
  }

  bytes(length: number): Buffer {
    return crypto().randomBytes(length)
  }

  fork(): Random {
    return this
  }
}

/** Loaded when first needed: it costs 7 ms, and a broker that starts again draws nothing. */
function crypto(): typeof Crypto {
  return process.getBuiltinModule('node:crypto')
}
