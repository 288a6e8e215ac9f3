/**
 * Kafka's messages, broken in many ways, through header, decoder and frame assembler. Nothing but a `DecodeError` (or a
 * `FrameError`, for frames) may come out, no message may take 200 ms, and memory may not grow by 64 MiB.
 *
 * LOGGERHEAD_FUZZ_FRAMES sets how many (the long form is 5 million), LOGGERHEAD_SEED repeats a run.
 */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { vectors } from '../../test/support/kafka-reference.ts'
import { type Random, SeededRandom } from '../base/random.ts'
import { findAnyMessage } from './catalogue.ts'
import { decode, encode } from './codec.ts'
import { FrameAssembler, FrameError } from './frame.ts'
import { RequestHeader, readRequestHeader } from './header.ts'
import { apis } from './messages/index.ts'
import { DecodeError, Reader } from './reader.ts'
import type { AnyMessage } from './schema.ts'

const frames = Number(process.env.LOGGERHEAD_FUZZ_FRAMES ?? 200_000)
const seed = Number(process.env.LOGGERHEAD_SEED ?? Date.now() % 2 ** 32)
const DECODE_MS_MAX = 200
const GROWTH_BYTES_MAX = 64 << 20

interface Sample {
  message: AnyMessage
  version: number
  bytes: Buffer
}

const samples: Sample[] = vectors().map(({ name, version, hex }) => ({
  message: findAnyMessage(name)!,
  version,
  bytes: Buffer.from(hex, 'hex'),
}))

/** Values that broke other brokers: lengths and counts that lie, varints without an end, names of object members. */
const dictionary = [
  '7fffffff',
  'ffffffff',
  'fffffffe',
  '80000000',
  '00000000',
  'ffff',
  'fffe',
  '7fff',
  '8000',
  'ffffffff0f',
  'ffffffff1f',
  'ffffffffffffffffff01',
  '80808080808080808000',
  '80dac409',
  '8080808001',
  '00',
  '01',
  '7fffffffffffffff',
  '8000000000000000',
  '0020000000000000',
  'ffe0000000000000',
  '7ff8000000000000',
  'fff0000000000000',
  'c080',
  'eda080',
  'ff',
  Buffer.from('__proto__').toString('hex'),
  Buffer.from('constructor').toString('hex'),
  Buffer.from('../../etc/passwd\0').toString('hex'),
  Buffer.from('\r\nX: y').toString('hex'),
  '16030100',
  Buffer.from('GET / HTTP/1.1').toString('hex'),
].map(hex => Buffer.from(hex, 'hex'))

/** Breaks bytes once. */
function mutate(bytes: Buffer, random: Random): Buffer {
  const at = random.below(bytes.length + 1)
  switch (random.below(7)) {
    case 0: {
      const flipped = Buffer.from(bytes)
      if (at < bytes.length) flipped[at]! ^= 1 << random.below(8)
      return flipped
    }
    case 1:
      return bytes.subarray(0, at)
    case 2: {
      const other = samples[random.below(samples.length)]!.bytes
      return Buffer.concat([bytes.subarray(0, at), other.subarray(random.below(other.length + 1))])
    }
    case 3:
      return Buffer.concat([bytes.subarray(0, at), word(random), bytes.subarray(at)])
    case 4: {
      const overwritten = Buffer.from(bytes)
      word(random).copy(overwritten, at)
      return overwritten
    }
    case 5:
      return Buffer.concat([bytes.subarray(0, at), random.bytes(1 + random.below(8)), bytes.subarray(at)])
    default: {
      const repeated = Array.from({ length: 1 + random.below(64) }, () => bytes.subarray(at, at + 16))
      return Buffer.concat([bytes.subarray(0, at), ...repeated, bytes.subarray(at)])
    }
  }
}

function word(random: Random): Buffer {
  return dictionary[random.below(dictionary.length)]!
}

function broken(bytes: Buffer, random: Random): Buffer {
  let result = bytes
  for (let times = 1 + random.below(3); times > 0; times--) result = mutate(result, random)
  return result
}

/** Runs it and gives how long it took; throws what may not come out. */
function attempt(run: () => void, context: () => string): number {
  const start = performance.now()
  try {
    run()
  } catch (error) {
    if (!(error instanceof DecodeError || error instanceof FrameError)) {
      throw new Error(`${context()}: ${String(error)}`, { cause: error })
    }
  }
  return performance.now() - start
}

Error.stackTraceLimit = 0 // most of the time would go into stacks that nobody reads

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

/** What is alive. Buffers are swept on another thread behind a collection, so it is asked until nothing more goes. */
function memory(): number {
  let least = Infinity
  for (let quiet = 0; quiet < 3; quiet++) {
    collectGarbage()
    const { heapUsed, external } = process.memoryUsage()
    if (heapUsed + external < least - (1 << 20)) quiet = 0
    least = Math.min(least, heapUsed + external)
  }
  return least
}

/** Gives the slowest message; what it takes is measured again, since the machine may have been busy. */
function slowest(count: number, next: () => [run: () => void, context: () => string]): number {
  let worst = 0
  for (let i = 0; i < count; i++) {
    const [run, context] = next()
    let taken = attempt(run, context)
    for (let again = 0; taken > DECODE_MS_MAX && again < 3; again++)
      taken = Math.min(taken, attempt(run, context))
    if (taken > DECODE_MS_MAX) throw new Error(`${context()}: ${taken} ms`)
    worst = Math.max(worst, taken)
  }
  return worst
}

test(`${frames} broken messages do no harm (LOGGERHEAD_SEED=${seed})`, { timeout: 3_600_000 }, () => {
  for (const { message, version, bytes } of samples) decode(message, version, bytes) // compile first
  const random = new SeededRandom(seed)
  const before = memory()
  slowest(frames, () => {
    const { message, version, bytes } = samples[random.below(samples.length)]!
    const input = broken(bytes, random)
    return [
      () => void decode(message, version, input),
      () => `${message.name} ${version} ${input.toString('hex')} (LOGGERHEAD_SEED=${seed})`,
    ]
  })
  expect(memory() - before).toBeLessThan(GROWTH_BYTES_MAX)
})

test(`broken headers and streams do no harm (LOGGERHEAD_SEED=${seed})`, { timeout: 3_600_000 }, () => {
  const flexibleSince: number[] = []
  for (const api of apis) flexibleSince[api.key] = api.flexibleSince
  const random = new SeededRandom(seed).fork('streams')
  const requests = samples.filter(sample => sample.message.name.endsWith('Request'))
  const before = memory()
  slowest(frames / 10, () => {
    const { message, version, bytes } = requests[random.below(requests.length)]!
    const api = apis.find(each => each.request === message)!
    const header = encode(RequestHeader, version >= api.flexibleSince ? 2 : 1, {
      requestApiKey: api.key,
      requestApiVersion: version,
      correlationId: 1,
      clientId: 'me',
    })
    const request = Buffer.concat([header, bytes])
    const size = Buffer.alloc(4)
    size.writeInt32BE(request.length)
    const stream = broken(Buffer.concat([size, request, size, request]), random)
    return [
      () => {
        const deliver = (frame: Buffer) => void readRequestHeader(new Reader(frame), flexibleSince)
        const assembler = new FrameAssembler({ frameBytesMax: 100 << 20, deliver })
        for (let at = 0; at < stream.length; ) {
          const end = at + 1 + random.below(64)
          assembler.push(stream.subarray(at, end))
          at = end
        }
        if (assembler.heldBytes > 2 * stream.length + 4096) throw new Error(`holds ${assembler.heldBytes}`)
      },
      () => `stream ${stream.toString('hex')} (LOGGERHEAD_SEED=${seed})`,
    ]
  })
  expect(memory() - before).toBeLessThan(GROWTH_BYTES_MAX)
})

test('large frames that claim much stay within the time and memory of their size', () => {
  const before = memory()
  for (const { message, version, bytes } of samples.filter(sample =>
    sample.message.name.endsWith('Request'),
  )) {
    const input = Buffer.concat([bytes.subarray(0, bytes.length / 2), Buffer.alloc(1 << 20, bytes[0] ?? 1)])
    const context = () => `${message.name} ${version}`
    const run = () => void decode(message, version, input)
    expect(Math.min(attempt(run, context), attempt(run, context)), context()).toBeLessThan(DECODE_MS_MAX)
  }
  expect(memory() - before).toBeLessThan(GROWTH_BYTES_MAX)
})
