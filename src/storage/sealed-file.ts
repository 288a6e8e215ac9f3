/**
 * The envelope of our own small files: magic, version, checksum, body. `docs/formats/sealed-file.md` has the byte table.
 *
 * A file that is not whole is damage (`CorruptionError`); a whole one of a version that this program does not know is
 * not (`UnknownVersionError`), and must stop the start rather than be repaired or thrown away. The checksum is looked at
 * first, so that a flipped bit is never taken for a newer version. These 16 bytes are the same in all versions.
 */
import { assert } from '../base/assert.ts'
import { crc32c } from '../base/crc32c.ts'
import { CorruptionError } from '../base/disk.ts'

const HEADER_BYTES = 16
const CHECKED_FROM = 8

/** Written by another, probably newer, version of the program. */
export class UnknownVersionError extends Error {
  override name = 'UnknownVersionError'
  readonly file: string
  readonly version: number
  constructor(file: string, version: number, known: number) {
    super(`${file} has format version ${version}; this program knows versions up to ${known}`)
    this.file = file
    this.version = version
  }
}

/** Puts a body into its envelope. The magic is four characters. */
export function sealFile(magic: string, version: number, body: Uint8Array): Buffer {
  assert(magic.length === 4, 'a magic is four characters')
  const bytes = Buffer.alloc(HEADER_BYTES + body.length)
  bytes.write(magic, 0, 'latin1')
  bytes.writeUInt16BE(version, 8)
  bytes.writeUInt32BE(body.length, 12)
  bytes.set(body, HEADER_BYTES)
  bytes.writeUInt32BE(crc32c(bytes, CHECKED_FROM, bytes.length), 4)
  return bytes
}

/** The body of a sealed file, a view of its bytes. */
export function openSealedFile(
  magic: string,
  newestVersion: number,
  bytes: Buffer,
  file: string,
): { version: number; body: Buffer } {
  if (bytes.length < HEADER_BYTES) throw new CorruptionError(file, bytes.length, 'its header is cut off')
  if (bytes.toString('latin1', 0, 4) !== magic)
    throw new CorruptionError(file, 0, `it does not begin with ${magic}`)
  if (crc32c(bytes, CHECKED_FROM, bytes.length) !== bytes.readUInt32BE(4)) {
    throw new CorruptionError(file, 4, 'its checksum does not match')
  }
  const version = bytes.readUInt16BE(8)
  if (version === 0 || version > newestVersion) throw new UnknownVersionError(file, version, newestVersion)
  if (bytes.readUInt32BE(12) !== bytes.length - HEADER_BYTES) {
    throw new CorruptionError(file, 12, 'its length is not the one it announces')
  }
  return { version, body: bytes.subarray(HEADER_BYTES) }
}
