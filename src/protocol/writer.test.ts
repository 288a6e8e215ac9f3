import { describe, expect, test } from 'vitest'
import { Reader } from './reader.ts'
import { MAX_INT64 } from './schema.ts'
import { EncodeError, Writer } from './writer.ts'

function written(write: (writer: Writer) => void): string {
  const writer = new Writer()
  write(writer)
  return Buffer.concat(writer.finish()).toString('hex')
}

test('numbers are written to their bounds and refused beyond', () => {
  expect(written(w => w.int8(-128))).toBe('80')
  expect(written(w => w.uint16(65535))).toBe('ffff')
  expect(written(w => w.uint32(4294967295))).toBe('ffffffff')
  expect(written(w => w.int64(Number.MIN_SAFE_INTEGER))).toBe('ffe0000000000001')
  expect(written(w => w.int64OrMax(MAX_INT64))).toBe('7fffffffffffffff')
  const wrong: [(w: Writer) => void, string][] = [
    [w => w.int8(128, 'x'), 'x: 128 is no int8'],
    [w => w.int16(-32769), 'int16'],
    [w => w.int32(2 ** 31), 'int32'],
    [w => w.int32(1.5), 'int32'],
    [w => w.int32(undefined as never), 'undefined is no int32'],
    [w => w.uint32(-1), 'uint32'],
    [w => w.int64(2 ** 53), 'int64'],
    [w => w.int64(MAX_INT64), 'int64'],
    [w => w.int64(Number.NaN), 'int64'],
  ]
  for (const [write, message] of wrong) {
    expect(() => written(write)).toThrow(EncodeError)
    expect(() => written(write)).toThrow(message)
  }
})

test('strings of all sizes and scripts are read back', () => {
  for (const text of [
    '',
    'orders',
    'ä',
    'x'.repeat(40),
    'x'.repeat(41),
    '日本'.repeat(5000),
    '😀'.repeat(10),
  ]) {
    const bytes = Buffer.from(
      written(w => {
        w.string(text)
        w.compactString(text)
      }),
      'hex',
    )
    const reader = new Reader(bytes)
    expect([reader.string(), reader.compactString(), reader.remaining]).toEqual([text, text, 0])
  }
  expect(() => written(w => w.string('x'.repeat(32768)))).toThrow('32768 bytes are too long for a string')
  expect(() => written(w => w.string(null as never, 'name'))).toThrow('name: null is no string')
})

test('uuids that are none are refused', () => {
  expect(written(w => w.uuid('_____________________w'))).toBe('ff'.repeat(16))
  for (const text of [
    '',
    'AAAAAAAAAAAAAAAAAAAAA',
    'AAAAAAAAAAAAAAAAAAAAAAA',
    'AAAAAAAAAAAAAAAAAAAA+/',
    'AAAAAAAAAAAAAAAAAAAAAB',
    'ÄAAAAAAAAAAAAAAAAAAAAA',
  ]) {
    expect(() => written(w => w.uuid(text))).toThrow('is no uuid')
  }
})

describe('the list of parts', () => {
  test('is one buffer for a small message, with its size in front', () => {
    const writer = new Writer(true)
    writer.int32(7)
    writer.records(Buffer.from('abc'))
    const parts = writer.finish()
    expect(parts).toHaveLength(1)
    expect(parts[0]!.toString('hex')).toBe('0000000b0000000700000003616263')
  })

  test('holds large records themselves, not copies, and small ones beside them', () => {
    const large = Buffer.alloc(100_000, 1)
    const small = Buffer.from('zz')
    const writer = new Writer(true)
    writer.int8(5)
    writer.records([large, small, large])
    writer.int8(6)
    const parts = writer.finish()
    expect(parts.map(part => part.length)).toEqual([9, 100_000, 2, 100_000, 1])
    expect(parts[1]).toBe(large)
    expect(parts[0]!.readUInt32BE()).toBe(Buffer.concat(parts).length - 4)
    expect(parts[0]!.readUInt32BE(5)).toBe(200_002)
  })

  test('of one writer is never touched by another', () => {
    const first = new Writer()
    first.string('first')
    const second = new Writer()
    second.string('second')
    const parts = [first.finish(), second.finish()].flat()
    const third = new Writer()
    third.raw(Buffer.alloc(40_000, 9))
    third.finish()
    expect(parts.map(part => part.toString('latin1', 2))).toEqual(['first', 'second'])
  })

  test('grows with what is written', () => {
    const writer = new Writer(true)
    for (let i = 0; i < 20_000; i++) writer.int32(i)
    const bytes = Buffer.concat(writer.finish())
    expect(bytes.length).toBe(80_004)
    expect([bytes.readUInt32BE(0), bytes.readInt32BE(4 + 4 * 12_345)]).toEqual([80_000, 12_345])
  })
})

describe('tagged fields', () => {
  test('carry their size, whether it takes one byte or three', () => {
    for (const size of [0, 1, 127, 128, 16_383, 16_384, 70_000]) {
      const writer = new Writer()
      writer.int8(1)
      const mark = writer.beginTag(3)
      writer.raw(Buffer.alloc(size, 7))
      writer.endTag(mark)
      writer.int8(2)
      const reader = new Reader(Buffer.concat(writer.finish()))
      reader.int8()
      expect(reader.unsignedVarint()).toBe(3)
      const end = reader.tagEnd()
      expect(end - reader.position).toBe(size)
      expect(reader.buffer.subarray(reader.position, end).every(byte => byte === 7)).toBe(true)
      reader.position = end
      expect([reader.int8(), reader.remaining]).toEqual([2, 0])
    }
  })
})
