/**
 * The system's randomness: fit for ids. Streams by name are all the same source.
 *
 * Read from the system's own device where there is one: loading node:crypto for a few ids took 7 ms of a start.
 */
import type * as Crypto from 'node:crypto'
import { closeSync, openSync, readSync } from 'node:fs'
import type { Random } from '../random.ts'

const DEVICE = '/dev/urandom'

export class NodeRandom implements Random {
  u32(): number {
    return this.bytes(4).readUInt32BE(0)
  }

  below(limit: number): number {
    return crypto().randomInt(limit)
  }

  bytes(length: number): Buffer {
    return readDevice(length) ?? crypto().randomBytes(length)
  }

  fork(): Random {
    return this
  }
}

/** Undefined where there is no such device, or it gives less. */
function readDevice(length: number): Buffer | undefined {
  const bytes = Buffer.alloc(length)
  let descriptor: number | undefined
  try {
    descriptor = openSync(DEVICE, 'r')
    return readSync(descriptor, bytes, 0, length, null) === length ? bytes : undefined
  } catch {
    return undefined
  } finally {
    if (descriptor !== undefined) closeSync(descriptor)
  }
}

function crypto(): typeof Crypto {
  return process.getBuiltinModule('node:crypto')
}
