import { describe, expect, test } from 'vitest'
import { decode, decoderOf, encode } from './codec.ts'
import { KafkaError } from './errors.ts'
import { Fetch, Metadata, Produce } from './messages/index.ts'
import { DecodeError } from './reader.ts'
import { arrayOf, int32, int64, MAX_INT64, message, string, struct, ZERO_UUID } from './schema.ts'
import { EncodeError } from './writer.ts'

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex')

const Sample = message('Sample', {
  versions: [0, 3],
  flexibleSince: 2,
  fields: {
    name: string.nullable(1),
    count: int32.since(1).default(-1),
    old: int32.until(0).default(7),
    place: struct({ x: int32 }).since(3).nullable(),
    extra: string.since(2).nullable().tagged(1).default(null),
    more: struct({ a: int32.default(-1), list: arrayOf(int32).default([]) })
      .since(2)
      .tagged(0),
  },
})

test('absent fields hold their default, and what a version lacks is not written', () => {
  const all = { name: 'n', count: 5, old: 6, place: { x: 1 }, extra: 'e', more: { a: 2, list: [3] } }
  expect(encode(Sample, 0, all).toString('hex')).toBe('00016e00000006')
  expect(decode(Sample, 0, encode(Sample, 0, all))).toEqual({
    name: 'n',
    count: -1,
    old: 6,
    place: { x: 0 },
    extra: null,
    more: { a: -1, list: [] },
  })
  expect(decode(Sample, 3, encode(Sample, 3, all))).toEqual({ ...all, old: 7 })
})

test('what has a default may be left out', () => {
  const bytes = encode(Sample, 3, { name: null, place: null })
  expect(bytes.toString('hex')).toBe('00ffffffffff00')
  expect(decode(Sample, 3, bytes)).toMatchObject({ name: null, count: -1, place: null })
  expect(() => encode(Sample, 1, {} as never)).toThrow('Sample v1 name: undefined is no string')
})

test('null is refused in versions that do not allow it yet, both ways', () => {
  expect(() => decode(Sample, 0, hex('ffff 00000000'))).toThrow(
    'Sample v0 name: null is not allowed (at byte 0)',
  )
  expect(() => encode(Sample, 0, { name: null, place: null })).toThrow(EncodeError)
})

describe('tagged fields', () => {
  const body = '02 6e 00000001'
  test('are written in the order of their tags, and only where they are not the default', () => {
    const plain = { name: 'n', count: 1, place: null }
    expect(encode(Sample, 2, plain).toString('hex')).toBe(hex(`${body} 00`).toString('hex'))
    const written = encode(Sample, 2, { ...plain, extra: 'e', more: { a: 4 } })
    expect(written).toEqual(hex(`${body} 02 00 06 00000004 01 00 01 02 02 65`))
    expect(encode(Sample, 2, { ...plain, more: { a: -1, list: [] } })).toEqual(hex(`${body} 00`))
  })

  test('are read in any order, between unknown ones, but each once', () => {
    const decoded = decode(Sample, 2, hex(`${body} 03 01 02 02 65 09 01 ff 00 06 00000004 01 00`))
    expect(decoded).toMatchObject({ extra: 'e', more: { a: 4, list: [] } })
    expect(() => decode(Sample, 2, hex(`${body} 02 01 02 02 65 01 02 02 65`))).toThrow(
      'tagged field 1 comes twice',
    )
  })

  test('must be as long as they say', () => {
    expect(() => decode(Sample, 2, hex(`${body} 01 01 03 02 65 00`))).toThrow('not as long as it says')
    expect(() => decode(Sample, 2, hex(`${body} 01 01 01 02 65`))).toThrow('not as long as it says')
  })
})

test('bytes behind the message are refused', () => {
  expect(() => decode(Sample, 1, hex('ffff 00000001 00'))).toThrow('Sample: 1 bytes behind the end')
})

test('a version that the message does not have is refused by its code', () => {
  for (const version of [-1, 4, 1.5, Number.NaN]) {
    expect(() => decoderOf(Sample, version)).toThrow(KafkaError)
  }
  expect(() => encode(Produce.request, 2, {} as never)).toThrow(
    'ProduceRequest has no version 2, only 3 to 13',
  )
})

test('the high watermark of Fetch is the one int64 that may be 2^63−1', () => {
  const partition = { partition: 0, fetchOffset: 5, partitionMaxBytes: 1 }
  const request = (highWatermark?: number) => ({
    maxWaitMs: 0,
    minBytes: 0,
    topics: [{ partitions: [highWatermark === undefined ? partition : { ...partition, highWatermark }] }],
  })
  const bytes = encode(Fetch.request, 18, request())
  expect(encode(Fetch.request, 18, request(MAX_INT64))).toEqual(bytes)
  expect(decode(Fetch.request, 18, bytes).topics[0]!.partitions[0]!.highWatermark).toBe(MAX_INT64)
  const low = decode(Fetch.request, 18, encode(Fetch.request, 18, request(9)))
  expect(low.topics[0]!.partitions[0]!.highWatermark).toBe(9)
  const offset = { ...partition, fetchOffset: MAX_INT64 }
  const wrong = { ...request(), topics: [{ partitions: [offset] }] }
  expect(() => encode(Fetch.request, 18, wrong)).toThrow(EncodeError)
})

test('topics named like members of objects are plain strings', () => {
  const topics = ['__proto__', 'constructor', 'toString'].map(name => ({ name }))
  const decoded = decode(Metadata.request, 9, encode(Metadata.request, 9, { topics }))
  expect(decoded.topics).toEqual(topics.map(topic => ({ ...topic, topicId: ZERO_UUID })))
  expect(Object.getPrototypeOf(decoded)).toBe(Object.prototype)
})

test('defaults that messages share cannot be changed by their readers', () => {
  const decoded = decode(
    Fetch.request,
    4,
    encode(Fetch.request, 4, { maxWaitMs: 0, minBytes: 0, topics: [] }),
  )
  expect(() => (decoded.forgottenTopicsData as unknown[]).push(1)).toThrow(TypeError)
  expect(() => Object.assign(decoded.replicaState, { replicaId: 5 })).toThrow(TypeError)
})

test('records of a produce request are slices of the frame', () => {
  const records = Buffer.alloc(5000, 3)
  const request = {
    acks: 1,
    timeoutMs: 1,
    topicData: [{ name: 't', partitionData: [{ index: 0, records }] }],
  }
  const frame = encode(Produce.request, 9, request)
  const read = decode(Produce.request, 9, frame).topicData[0]!.partitionData[0]!.records!
  expect(read.equals(records)).toBe(true)
  expect(read.buffer).toBe(frame.buffer)
})

test('an array that claims more than it has fails at once, whatever it claims', () => {
  const Nested = message('Nested', { versions: [0, 0], fields: { a: arrayOf(arrayOf(arrayOf(int64))) } })
  for (const bytes of ['7fffffff', '00000002 7fffffff 00000000', '00000001 00000001 7fffffff']) {
    expect(() => decode(Nested, 0, hex(bytes))).toThrow(DecodeError)
  }
})
