/**
 * The five compressions of record batches, by the number in the batch's attributes.
 *
 * Decompressing is bounded before or while it happens: the output may neither exceed a size nor a ratio to the input,
 * whatever the data announce about themselves. All codecs are synchronous; what is large belongs into a worker.
 * Why these implementations: docs/decisions/0003-compression-codecs.md.
 */
import type * as Zlib from 'node:zlib'
import { compressLz4, decompressLz4 } from './compression/lz4.ts'
import { compressSnappy, decompressSnappy } from './compression/snappy.ts'
import { KafkaError } from './errors.ts'

export const Compression = { none: 0, gzip: 1, snappy: 2, lz4: 3, zstd: 4 } as const
export type CompressionName = keyof typeof Compression

export interface InflateLimits {
  readonly outputBytesMax: number
  readonly ratioMax: number
}

/** Reliability comes first: a batch of 1 MiB that needs more than this was made to hurt. */
export const INFLATE_LIMITS: InflateLimits = { outputBytesMax: 32 * 1024 * 1024, ratioMax: 1000 }

/** Up to this size the ratio does not matter: zstd makes a megabyte of zeros into less than a hundred bytes. */
const RATIO_FREE_BYTES = 1024 * 1024

interface Codec {
  readonly name: CompressionName
  compress(bytes: Buffer, level: number | undefined): Buffer
  decompress(bytes: Buffer, outputBytesMax: number): Buffer
}

const CODECS: readonly Codec[] = [
  { name: 'none', compress: bytes => bytes, decompress: bytes => bytes },
  { name: 'gzip', compress: compressGzip, decompress: decompressGzip },
  { name: 'snappy', compress: compressSnappy, decompress: decompressSnappy },
  { name: 'lz4', compress: compressLz4, decompress: decompressLz4 },
  { name: 'zstd', compress: compressZstd, decompress: decompressZstd },
]

/** The level is one of gzip's (1 … 9) or zstd's; the other codecs have only one. */
export function compress(codec: number, bytes: Buffer, level?: number): Buffer {
  return requireCodec(codec).compress(bytes, level)
}

/** Throws INVALID_RECORD for data that are malformed or give more than the limits allow. */
export function decompress(codec: number, bytes: Buffer, limits: InflateLimits = INFLATE_LIMITS): Buffer {
  const byRatio = Math.max(RATIO_FREE_BYTES, bytes.length * limits.ratioMax)
  return requireCodec(codec).decompress(bytes, Math.min(limits.outputBytesMax, byRatio))
}

export function compressionName(codec: number): CompressionName {
  return requireCodec(codec).name
}

function requireCodec(codec: number): Codec {
  const found = CODECS[codec]
  if (!found) throw new KafkaError('INVALID_RECORD', `unknown compression codec ${codec}`)
  return found
}

function compressGzip(bytes: Buffer, level: number | undefined): Buffer {
  return zlib().gzipSync(bytes, level === undefined ? {} : { level })
}

function decompressGzip(bytes: Buffer, outputBytesMax: number): Buffer {
  return inflate('gzip', bytes, outputBytesMax, options => zlib().gunzipSync(bytes, options))
}

function compressZstd(bytes: Buffer, level: number | undefined): Buffer {
  const params = level === undefined ? {} : { [zlib().constants.ZSTD_c_compressionLevel]: level }
  return zlib().zstdCompressSync(bytes, { params, pledgedSrcSize: bytes.length })
}

/**
 * Of data cut off, Node 22 gives what it has, and of several frames only the first. The records then fall short of
 * their count, so nothing wrong gets further than this.
 */
function decompressZstd(bytes: Buffer, outputBytesMax: number): Buffer {
  return inflate('zstd', bytes, outputBytesMax, options => zlib().zstdDecompressSync(bytes, options))
}

/** Loaded when first needed: it costs 8 ms and 3 MiB, and most brokers never look into a compressed batch. */
function zlib(): typeof Zlib {
  return process.getBuiltinModule('node:zlib')
}

interface InflateOptions {
  readonly maxOutputLength: number
  readonly chunkSize: number
}

function inflate(
  name: CompressionName,
  bytes: Buffer,
  outputBytesMax: number,
  run: (options: InflateOptions) => Buffer,
): Buffer {
  try {
    return run({ maxOutputLength: outputBytesMax, chunkSize: chunkBytes(bytes) })
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const tooLarge = code === 'ERR_BUFFER_TOO_LARGE'
    const reason = tooLarge ? `gives more than the ${outputBytesMax} bytes allowed` : message
    throw new KafkaError('INVALID_RECORD', `${name}: ${reason}`)
  }
}

/** Most batches shrink to a quarter at least; one chunk then holds the output, and nothing has to be joined. */
function chunkBytes(bytes: Buffer): number {
  return Math.min(Math.max(1024, bytes.length * 4), 1024 * 1024)
}
