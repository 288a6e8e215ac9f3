import { describe, expect, test } from 'vitest'
import { DecodeError, ELEMENTS_MAX, Reader, UNKNOWN_TAGS_MAX } from './reader.ts'
import { MAX_INT64, ZERO_UUID } from './schema.ts'

const over = (hex: string) => new Reader(Buffer.from(hex.replaceAll(' ', ''), 'hex'))

describe('numbers', () => {
  test('are read with their sign and to their bounds', () => {
    expect(over('80').int8()).toBe(-128)
    expect(over('8000').int16()).toBe(-32768)
    expect(over('ffff').uint16()).toBe(65535)
    expect(over('80000000').int32()).toBe(-2147483648)
    expect(over('ffffffff').uint32()).toBe(4294967295)
    expect(over('001fffffffffffff').int64()).toBe(Number.MAX_SAFE_INTEGER)
    expect(over('ffe0000000000001').int64()).toBe(Number.MIN_SAFE_INTEGER)
    expect(over('ffffffffffffffff').int64()).toBe(-1)
    expect(over('7ff8000000000000').float64()).toBeNaN()
  })

  test('an int64 beyond ±(2^53−1) is refused, with its value', () => {
    expect(() => over('0020000000000000').int64('offset')).toThrow(
      'offset: int64 9007199254740992 is outside ±(2^53−1) (at byte 0)',
    )
    expect(() => over('ffe0000000000000').int64()).toThrow('-9007199254740992')
    expect(() => over('7fffffffffffffff').int64()).toThrow('9223372036854775807')
    expect(() => over('8000000000000000').int64()).toThrow('-9223372036854775808')
  })

  test('2^63−1 is a value of its own where it stands for no bound, and nothing near it is', () => {
    expect(over('7fffffffffffffff').int64OrMax()).toBe(MAX_INT64)
    expect(over('0000000000000007').int64OrMax()).toBe(7)
    expect(() => over('7ffffffffffffffe').int64OrMax()).toThrow(DecodeError)
  })

  test('a number that is cut off is refused, with how much there is', () => {
    expect(() => over('0000').int32('acks')).toThrow('acks: needs 4 bytes, 2 remain (at byte 0)')
    for (const read of [
      'int8',
      'int16',
      'int32',
      'int64',
      'float64',
      'bool',
      'uuid',
      'unsignedVarint',
    ] as const) {
      expect(() => over('')[read]()).toThrow(DecodeError)
    }
  })
})

describe('varints', () => {
  test('take 1 to 5 bytes', () => {
    expect(over('7f').unsignedVarint()).toBe(127)
    expect(over('8001').unsignedVarint()).toBe(128)
    expect(over('ffffffff0f').unsignedVarint()).toBe(4294967295)
  })

  test('of more than 32 bits, more than 5 bytes, or without an end are refused', () => {
    expect(() => over('ffffffff1f').unsignedVarint()).toThrow('more than 32 bits')
    expect(() => over('8080808080 01').unsignedVarint()).toThrow('varint')
    expect(() => over('80').unsignedVarint()).toThrow('needs 1 bytes')
  })
})

describe('strings', () => {
  test('are UTF-8; what is not becomes U+FFFD, as in Kafka', () => {
    expect(over('0003 e697a5').string()).toBe('日')
    expect(over('0003 61ff62').string()).toBe('a\ufffdb')
  })

  test('long ones, ones that were seen and ones that collide come out right', () => {
    for (const text of [
      'x'.repeat(32767),
      'orders',
      'orders',
      '',
      '__proto__',
      'a'.repeat(64),
      'a'.repeat(65),
    ]) {
      const bytes = Buffer.concat([Buffer.from([text.length >> 8, text.length]), Buffer.from(text)])
      expect(new Reader(bytes).string()).toBe(text)
    }
    for (let i = 0; i < 5000; i++) {
      const text = `topic-${i % 2500}`
      expect(new Reader(Buffer.from(`\x00${String.fromCharCode(text.length)}${text}`)).string()).toBe(text)
    }
  })

  test('null is read only where it is allowed', () => {
    expect(over('ffff').nullableString()).toBeNull()
    expect(over('00').compactNullableString()).toBeNull()
    expect(() => over('ffff').string('name')).toThrow('name: null is not allowed')
    expect(() => over('00').compactString('name')).toThrow('name: null is not allowed')
  })

  test('a length below −1, beyond the end or beyond Kafka’s 32767 is refused', () => {
    expect(() => over('fffe').nullableString()).toThrow('length -2')
    expect(() => over('0005 6162').string()).toThrow('needs 5 bytes, 2 remain')
    const long = Buffer.concat([Buffer.from('818002', 'hex'), Buffer.alloc(32768, 97)])
    expect(() => new Reader(long).compactString()).toThrow('string of 32768 bytes')
  })
})

describe('bytes and records', () => {
  test('records are a slice of the frame, bytes a copy', () => {
    const frame = Buffer.from('0000000201020000000203 04'.replaceAll(' ', ''), 'hex')
    const reader = new Reader(frame)
    const records = reader.records()
    const bytes = reader.bytes()
    frame.fill(9)
    expect([...records]).toEqual([9, 9])
    expect([...bytes]).toEqual([3, 4])
    expect(bytes.buffer).not.toBe(frame.buffer)
  })

  test('a length that the frame does not hold takes no memory', () => {
    expect(() => over('7fffffff').bytes()).toThrow('needs 2147483647 bytes, 0 remain')
    expect(() => over('ffffffff0f').compactRecords()).toThrow('needs 4294967294 bytes, 0 remain')
    expect(() => over('fffffffe').nullableRecords()).toThrow('length -2')
  })
})

describe('array counts', () => {
  test('are bounded by the bytes that remain', () => {
    expect(over('00000002 0000000000000000').arrayLength(4, 16)).toBe(2)
    expect(() => over('00000003 0000000000000000').arrayLength(4, 16)).toThrow(
      '3 elements of at least 4 bytes',
    )
    expect(() => over('7fffffff 00').arrayLength(1, 16)).toThrow(DecodeError)
    expect(() => over('ffffffff0f').compactArrayLength(1, 16)).toThrow(DecodeError)
  })

  test('are null only where that is allowed', () => {
    expect(over('ffffffff').nullableArrayLength(1, 16)).toBe(-1)
    expect(over('00').compactNullableArrayLength(1, 16)).toBe(-1)
    expect(() => over('ffffffff').arrayLength(1, 16)).toThrow('null is not allowed')
    expect(() => over('fffffffe').nullableArrayLength(1, 16)).toThrow('length -2')
  })

  test('are bounded for the whole message, not for each array', () => {
    const reader = new Reader(
      Buffer.concat([Buffer.from('0000c350'.repeat(3), 'hex'), Buffer.alloc(1 << 20)]),
    )
    expect(reader.arrayLength(1, 0) + reader.arrayLength(1, 0)).toBe(ELEMENTS_MAX)
    expect(() => reader.arrayLength(1, 0)).toThrow(`more than ${ELEMENTS_MAX} elements`)
  })

  test('are bounded by the memory that the elements would take', () => {
    const reader = new Reader(Buffer.concat([Buffer.from('00015f90', 'hex'), Buffer.alloc(100_000)]))
    expect(() => reader.arrayLength(1, 100)).toThrow('more elements than its size warrants')
  })
})

describe('tagged fields', () => {
  test('unknown ones are stepped over', () => {
    const reader = over('02 0502aabb 0701cc 2a')
    reader.skipTags()
    expect(reader.int8()).toBe(42)
  })

  test('more of them than could fit, or than 64 unknown ones, are refused', () => {
    expect(() => over('05 0000 0000').skipTags()).toThrow('5 tagged fields in 4 bytes')
    const many = (count: number) => new Reader(Buffer.concat([Buffer.from([count]), Buffer.alloc(2 * count)]))
    expect(() => many(UNKNOWN_TAGS_MAX).skipTags()).not.toThrow()
    expect(() => many(UNKNOWN_TAGS_MAX + 1).skipTags()).toThrow('more than 64 unknown tagged fields')
  })

  test('twenty million of them cost nothing', () => {
    const reader = new Reader(Buffer.concat([Buffer.from('80dac409', 'hex'), Buffer.alloc(40_000_000)]))
    expect(() => reader.skipTags()).toThrow('more than 64')
    expect(reader.position).toBeLessThan(200)
  })

  test('one that reaches beyond the end is refused', () => {
    expect(() => over('01 00 05 aabb').skipTags()).toThrow('needs 5 bytes, 2 remain')
  })
})

test('uuids are read as Kafka prints them, also when their places in the cache collide', () => {
  expect(over('00'.repeat(16)).uuid()).toBe(ZERO_UUID)
  for (let i = 0; i < 10_000; i++) {
    const bytes = Buffer.alloc(16, 0xfb)
    bytes.writeUInt32BE(i % 5000, (i * 7) % 13)
    expect(new Reader(bytes).uuid()).toBe(bytes.toString('base64url'))
  }
})
