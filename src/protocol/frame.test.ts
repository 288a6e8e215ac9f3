import { describe, expect, test } from 'vitest'
import { SeededRandom } from '../base/random.ts'
import { FrameAssembler, FrameError } from './frame.ts'

function framed(body: Buffer): Buffer {
  const size = Buffer.alloc(4)
  size.writeInt32BE(body.length)
  return Buffer.concat([size, body])
}

function assembler(options: { max?: number; allocate?: (bytes: number) => Buffer } = {}) {
  const frames: Buffer[] = []
  const { max = 100 << 20, ...rest } = options
  const into = new FrameAssembler({ frameBytesMax: max, deliver: frame => frames.push(frame), ...rest })
  return { into, frames }
}

const sized = (hex: string) => Buffer.concat([Buffer.from(hex, 'hex'), Buffer.alloc(20)])

test('frames that lie in one chunk are slices of it', () => {
  const { into, frames } = assembler()
  const chunk = Buffer.concat([framed(Buffer.alloc(8, 1)), framed(Buffer.alloc(3000, 2))])
  into.push(chunk)
  expect(frames.map(frame => [frame.length, frame[0]])).toEqual([
    [8, 1],
    [3000, 2],
  ])
  expect(frames.every(frame => frame.buffer === chunk.buffer)).toBe(true)
  expect([into.pendingBytes, into.heldBytes]).toEqual([0, 0])
})

test('any cut of the stream gives the same frames', () => {
  const seed = Number(process.env.LOGGERHEAD_SEED ?? Date.now() % 2 ** 32)
  const random = new SeededRandom(seed)
  const bodies = Array.from({ length: 60 }, () =>
    random.bytes(8 + random.below(random.below(2) ? 100 : 90_000)),
  )
  const stream = Buffer.concat(bodies.map(framed))
  for (const most of [1, 3, 100, 5000, 65_536, 300_000]) {
    const { into, frames } = assembler()
    const limit = most === 1 ? 200_000 : stream.length
    for (let at = 0; at < limit; ) {
      const end = Math.min(limit, at + 1 + random.below(most))
      into.push(Buffer.from(stream.subarray(at, end)))
      at = end
    }
    const whole = frames.length
    expect(whole, `seed ${seed}`).toBeGreaterThan(0)
    if (most !== 1) expect(whole, `seed ${seed}`).toBe(bodies.length)
    expect(
      frames.every((frame, i) => frame.equals(bodies[i]!)),
      `seed ${seed}`,
    ).toBe(true)
  }
})

test('a large frame goes into a buffer of the allocator’s, once a quarter of it is there', () => {
  const asked: number[] = []
  const own = Buffer.alloc(1_000_000)
  const allocate = (bytes: number) => {
    asked.push(bytes)
    return own
  }
  const { into, frames } = assembler({ allocate })
  const stream = framed(Buffer.alloc(1_000_000, 5))
  for (let at = 0; at < stream.length; at += 65_536) {
    into.push(Buffer.from(stream.subarray(at, at + 65_536)))
    if (at + 65_536 < 250_000) expect(asked).toEqual([])
  }
  expect(asked).toEqual([1_000_000])
  expect(frames[0]).toBe(own)
  expect(own.every(byte => byte === 5)).toBe(true)
})

describe('memory', () => {
  test('grows with what is received, not with what is announced', () => {
    const { into } = assembler()
    into.push(Buffer.from('06000000', 'hex'))
    expect([into.pendingBytes, into.heldBytes]).toEqual([4, 0])
    into.push(Buffer.alloc(1))
    expect(into.heldBytes).toBeLessThanOrEqual(4096)
    for (let i = 0; i < 100_000; i++) into.push(Buffer.alloc(1))
    expect(into.pendingBytes).toBe(100_005)
    expect(into.heldBytes).toBeLessThan(130_000)
  })

  test('of a small piece of a large chunk does not keep the chunk', () => {
    const { into } = assembler()
    const chunk = Buffer.concat([
      framed(Buffer.alloc(60_000)),
      Buffer.from('00010000', 'hex'),
      Buffer.alloc(10),
    ])
    into.push(chunk)
    expect(into.pendingBytes).toBe(14)
    expect(into.heldBytes).toBeLessThanOrEqual(4096)
  })

  test('is let go by clear', () => {
    const { into, frames } = assembler()
    into.push(Buffer.concat([Buffer.from('00010000', 'hex'), Buffer.alloc(40_000)]))
    into.clear()
    expect([into.pendingBytes, into.heldBytes]).toEqual([0, 0])
    into.push(framed(Buffer.alloc(8)))
    expect(frames).toHaveLength(1)
  })
})

describe('a size that cannot be', () => {
  test.each([
    ['ffffffff', 'frame of -1 bytes'],
    ['80000000', 'frame of -2147483648 bytes'],
    ['00000000', 'frame of 0 bytes: the shortest request has 8'],
    ['00000007', 'frame of 7 bytes'],
    ['7fffffff', 'frame of 2147483647 bytes: at most 104857600 are allowed'],
    ['06400001', 'frame of 104857601 bytes: at most 104857600 are allowed'],
    ['16030100', 'this looks like TLS, not like Kafka'],
    ['15030100', 'this looks like TLS'],
    [Buffer.from('GET ').toString('hex'), 'this looks like HTTP'],
    [Buffer.from('POST').toString('hex'), 'this looks like HTTP'],
  ])('%s is refused: %s', (hex, reason) => {
    const { into, frames } = assembler()
    expect(() => into.push(sized(hex))).toThrow(FrameError)
    expect(() => assembler().into.push(sized(hex))).toThrow(reason)
    into.push(framed(Buffer.alloc(8)))
    expect(frames).toEqual([])
    expect(into.heldBytes).toBe(0)
  })

  test('is refused even where frames may be that large', () => {
    expect(() => assembler({ max: 0x7fffffff }).into.push(sized('16030100'))).toThrow('TLS')
  })

  test('comes after the frames in front of it were delivered', () => {
    const { into, frames } = assembler()
    expect(() => into.push(Buffer.concat([framed(Buffer.alloc(9)), sized('00000001')]))).toThrow(FrameError)
    expect(frames).toHaveLength(1)
  })
})

test('the limit can be raised when the client has logged in', () => {
  const { into, frames } = assembler({ max: 100 })
  expect(() => assembler({ max: 100 }).into.push(framed(Buffer.alloc(101)))).toThrow('at most 100')
  into.frameBytesMax = 200
  into.push(framed(Buffer.alloc(101)))
  expect(frames).toHaveLength(1)
})

test('frames outlive a chunk that is overwritten, when `keep` copies it', () => {
  const frames: Buffer[] = []
  const copies: number[] = []
  const assembler = new FrameAssembler({
    frameBytesMax: 1_000_000,
    deliver: frame => frames.push(frame),
    keep: (chunk, start) => {
      copies.push(chunk.length - start)
      return Buffer.from(chunk.subarray(start))
    },
  })
  const sent = [10, 5_000, 300_000, 8, 20_000, 9].map((size, index) => Buffer.alloc(size, index + 1))
  const stream = Buffer.concat(sent.flatMap(frame => [sizeOf(frame), frame]))
  const shared = Buffer.alloc(7_001)
  for (let at = 0; at < stream.length; at += shared.length) {
    const length = stream.copy(shared, 0, at)
    assembler.push(shared.subarray(0, length))
    shared.fill(0xee)
  }
  expect(frames.map(frame => frame.toString('hex'))).toEqual(sent.map(frame => frame.toString('hex')))
  expect(copies.length).toBeLessThan(sent.length) // one copy for all small frames of a chunk
})

function sizeOf(frame: Buffer): Buffer {
  const size = Buffer.alloc(4)
  size.writeInt32BE(frame.length)
  return size
}
