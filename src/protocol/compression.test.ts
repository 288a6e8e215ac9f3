import { readFileSync } from 'node:fs'
import { constants, gzipSync, zstdCompressSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { SeededRandom } from '../base/random.ts'
import { xxhash32 } from './compression/xxhash32.ts'
import { Compression, type CompressionName, compress, compressionName, decompress } from './compression.ts'
import { type ErrorName, KafkaError } from './errors.ts'

const codecs = (Object.keys(Compression) as CompressionName[]).filter(name => name !== 'none')
const MIB = 1024 * 1024
const isNode22 = process.version.startsWith('v22.')
const text = Buffer.from(
  Array.from(
    { length: 3000 },
    (_, i) => `line ${i % 300} of a text that codecs of others have compressed\n`,
  ).join(''),
)

describe.each(codecs)('%s', name => {
  const codec = Compression[name]

  test('gives back every size, with and without repetitions', () => {
    const seed = 0xc0de + codec
    const random = new SeededRandom(seed)
    const sizes = [
      ...Array(140).keys(),
      255,
      256,
      4095,
      32_767,
      32_768,
      32_769,
      65_535,
      65_536,
      65_537,
      200_000,
    ]
    for (const size of sizes) {
      for (const input of [random.bytes(size), Buffer.alloc(size, 7), repetitive(random, size)]) {
        const output = decompress(codec, compress(codec, input))
        expect(output.equals(input), `seed ${seed}, ${size} bytes`).toBe(true)
      }
    }
  })

  test('makes a text a good deal smaller and random bytes hardly larger', () => {
    expect(compress(codec, text).length).toBeLessThan(text.length / 5)
    const random = new SeededRandom(1).bytes(200_000)
    expect(compress(codec, random).length).toBeLessThan(200_000 * 1.01)
  })

  test('gives up a bomb at the limit and not after it', () => {
    const bomb = compress(codec, Buffer.alloc(40 * MIB))
    const before = process.memoryUsage().arrayBuffers
    expect(errorOf(() => decompress(codec, bomb))).toBe('INVALID_RECORD')
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(36 * MIB)
    const limits = { outputBytesMax: 41 * MIB, ratioMax: Number.POSITIVE_INFINITY }
    expect(decompress(codec, bomb, limits).length).toBe(40 * MIB)
  })

  test('holds the output to the limits, to the byte', () => {
    const small = compress(codec, Buffer.alloc(1000))
    expect(decompress(codec, small, { outputBytesMax: 1000, ratioMax: 1 }).length).toBe(1000)
    expect(() => decompress(codec, small, { outputBytesMax: 999, ratioMax: 1 })).toThrow('999')
  })

  test('a bomb within a bomb stays closed', () => {
    const inner = compress(codec, Buffer.alloc(30 * MIB))
    const outer = decompress(codec, compress(codec, inner))
    expect(outer.equals(inner)).toBe(true)
  })

  test('data cut off at any place never pass for whole', () => {
    const whole = text.subarray(0, 3_000)
    const input = compress(codec, whole)
    const step = input.length > 400 ? 7 : 1
    for (let length = 1; length < input.length; length += step) {
      const cut = input.subarray(0, length)
      if (givesLess(name, length)) expect(decompress(codec, cut).length).toBeLessThan(whole.length)
      else
        expect(
          errorOf(() => decompress(codec, cut)),
          `${length} bytes`,
        ).toBe('INVALID_RECORD')
    }
  })

  test('whatever bytes change, the answer is an output within the limits or INVALID_RECORD', () => {
    const seed = 0xf00d + codec
    const random = new SeededRandom(seed)
    const input = compress(codec, Buffer.concat([text.subarray(0, 2_000), random.bytes(100)]))
    for (let round = 0; round < 3_000; round++) {
      const changed = Buffer.from(input)
      for (let n = 1 + random.below(4); n > 0; n--) changed[random.below(changed.length)] = random.below(256)
      const error = errorOf(() => decompress(codec, changed, { outputBytesMax: 100_000, ratioMax: 100 }))
      expect(['none', 'INVALID_RECORD'], `seed ${seed}, round ${round}`).toContain(error)
    }
  })
})

test.each([
  ['lz4', 'linked-content-size.lz4'],
  ['lz4', 'block-checksums.lz4'],
  ['lz4', 'everything.lz4'],
  ['lz4', 'lz4-flex.lz4'],
  ['snappy', 'bare.snappy'],
  ['zstd', 'stream.zst'],
  ['zstd', 'content-size.zst'],
  ['gzip', 'two-members.gz'],
] as const)('reads the %s of others: %s', (name, file) => {
  expect(decompress(Compression[name], testdata(file)).equals(text)).toBe(true)
})

test.skipIf(isNode22)('reads the zstd of others: two-frames.zst', () => {
  expect(decompress(Compression.zstd, testdata('two-frames.zst')).equals(text)).toBe(true)
})

test.each([
  ['content', 'linked-content-size.lz4', -2],
  ['content size', 'linked-content-size.lz4', 6],
  ['header', 'everything.lz4', 14],
  ['block', 'block-checksums.lz4', 300],
  ['flags', 'everything.lz4', 4],
  ['block size code', 'everything.lz4', 5],
])('lz4: a changed byte is found by the checksum or check of the %s', (_what, file, at) => {
  const bytes = testdata(file)
  bytes[at < 0 ? bytes.length + at : at]! ^= 0x11
  expect(errorOf(() => decompress(Compression.lz4, bytes))).toBe('INVALID_RECORD')
})

test('lz4: an announced content size that is wrong is found, however large', () => {
  for (const size of [0n, BigInt(text.length) + 1n, 2n ** 40n, 2n ** 64n - 1n]) {
    const bytes = testdata('everything.lz4')
    bytes.writeBigUInt64LE(size, 6)
    bytes[14] = (xxhash32(bytes, 4, 14) >>> 8) & 0xff
    expect(() => decompress(Compression.lz4, bytes)).toThrow(`announces ${Number(size)}`)
  }
})

test('lz4: an independent block may not reach into the one before', () => {
  const linked = testdata('linked-content-size.lz4')
  linked[4]! |= 0x20
  linked[14] = (xxhash32(linked, 4, 14) >>> 8) & 0xff
  expect(() => decompress(Compression.lz4, linked)).toThrow('reaches before the start')
})

test('lz4: what we write is what the Java client writes in form', () => {
  const frame = compress(Compression.lz4, text)
  expect(frame.subarray(0, 7).toString('hex')).toBe('04224d18604082')
  expect(frame.subarray(-4)).toEqual(Buffer.alloc(4))
  expect(compress(Compression.lz4, Buffer.alloc(0)).toString('hex')).toBe('04224d1860408200000000')
})

test('snappy: sizes that lie are refused before anything is allocated', () => {
  const huge = Buffer.from([0xff, 0xff, 0xff, 0xff, 0x0f, 0, 0])
  expect(() => decompress(Compression.snappy, huge)).toThrow('announces 4294967295 bytes')
  const blocks = Array(200).fill(Buffer.from([0, 0, 0, 5, 0x80, 0x80, 0x80, 1, 0]))
  const framed = Buffer.concat([compress(Compression.snappy, Buffer.alloc(0)), ...blocks])
  expect(() => decompress(Compression.snappy, framed)).toThrow(`announces ${200 * 2 ** 21} bytes`)
  expect(() => decompress(Compression.snappy, Buffer.from([5, 0, 7]))).toThrow(
    'gives 1 bytes and announces 5',
  )
  expect(() => decompress(Compression.snappy, Buffer.from([1, 4, 7, 7]))).toThrow('too long')
})

test('snappy: frames may follow one another', () => {
  const two = Buffer.concat([compress(2, text.subarray(0, 50_000)), compress(2, text.subarray(50_000))])
  expect(decompress(Compression.snappy, two).equals(text)).toBe(true)
})

test('the level is used where the codec has one', () => {
  expect(compress(Compression.gzip, text, 1)).toEqual(gzipSync(text, { level: 1 }))
  const params = { [constants.ZSTD_c_compressionLevel]: 19 }
  const best = zstdCompressSync(text, { params, pledgedSrcSize: text.length })
  expect(compress(Compression.zstd, text, 19)).toEqual(best)
  expect(compress(Compression.zstd, text, 19)).not.toEqual(compress(Compression.zstd, text, 1))
})

test('a small output may have any ratio, a large one may not', () => {
  const megabyte = compress(Compression.zstd, Buffer.alloc(MIB))
  expect(decompress(Compression.zstd, megabyte).length).toBe(MIB)
  const more = compress(Compression.zstd, Buffer.alloc(MIB + 1))
  expect(() => decompress(Compression.zstd, more)).toThrow(`more than the ${MIB} bytes allowed`)
})

test('codec numbers have names, and others are refused', () => {
  expect([0, 1, 2, 3, 4].map(compressionName)).toEqual(['none', 'gzip', 'snappy', 'lz4', 'zstd'])
  for (const codec of [5, 7, -1]) expect(() => decompress(codec, text)).toThrow('unknown compression codec')
  expect(decompress(Compression.none, text)).toBe(text)
})

test('xxHash gives the reference values', () => {
  const hash = (input: string) => xxhash32(Buffer.from(input), 0, Buffer.byteLength(input))
  expect(hash('')).toBe(0x02cc5d05)
  expect(hash('abc')).toBe(0x32d153ff)
  expect(hash('Nobody inspects the spammish repetition')).toBe(0xe2293b2f)
})

/** A Snappy frame without blocks is whole, and Node 22 gives what it has of a zstd frame. */
function givesLess(name: CompressionName, length: number): boolean {
  return (name === 'snappy' && length === 16) || (name === 'zstd' && isNode22)
}

function testdata(file: string): Buffer {
  return readFileSync(new URL(`testdata/compression/${file}`, import.meta.url))
}

function repetitive(random: SeededRandom, size: number): Buffer {
  const bytes = Buffer.alloc(size, random.bytes(1 + random.below(100)))
  for (let at = random.below(40); at < size; at += 1 + random.below(200)) bytes[at] = random.below(256)
  return bytes
}

function errorOf(run: () => unknown): ErrorName | 'none' {
  try {
    run()
    return 'none'
  } catch (error) {
    if (error instanceof KafkaError) return error.error
    throw error
  }
}
