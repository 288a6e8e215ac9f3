import { CorruptionError } from '../base/disk.ts'

/** A big-endian int64 of a file. What a number cannot hold exactly is taken for damage, never rounded. */
export function readInt64(bytes: Buffer, at: number, file: string): number {
  const value = bytes.readInt32BE(at) * 0x1_0000_0000 + bytes.readUInt32BE(at + 4)
  if (!Number.isSafeInteger(value)) throw new CorruptionError(file, at, 'an int64 lies outside ±(2^53−1)')
  return value
}

export function writeInt64(bytes: Buffer, at: number, value: number): void {
  const high = Math.floor(value / 0x1_0000_0000)
  bytes.writeInt32BE(high, at)
  bytes.writeUInt32BE(value - high * 0x1_0000_0000, at + 4)
}
