import { expect, test } from 'vitest'
import { part, writeMetrics } from '../../../test/support/otlp-writer.ts'
import { SeededRandom } from '../../base/random.ts'
import { DecodeError } from '../reader.ts'
import { readMetricPoints } from './otlp-metrics.ts'

const LIMITS = { pointsMax: 100, attributesMax: 4 }

test('reads gauges and sums with the attributes of client and point', () => {
  const bytes = writeMetrics(
    [
      { name: 'a.rate', kind: 'gauge', points: [{ value: 1.5, attributes: { topic: 't', partition: 3 } }] },
      { name: 'a.total', kind: 'sum', isMonotonic: true, points: [{ value: 7, isWhole: true }] },
      {
        name: 'a.delta',
        kind: 'sum',
        isDelta: true,
        isMonotonic: true,
        points: [{ value: -2, isWhole: true }],
      },
      { name: 'a.level', kind: 'sum', points: [{ value: 4 }, { value: 5, attributes: { on: true } }] },
      { name: 'a.histogram', kind: 'histogram', points: [{ value: 1 }] },
    ],
    { client_rack: 'r1' },
  )
  const rack = ['client_rack', 'r1']
  expect(readMetricPoints(bytes, LIMITS)).toEqual([
    { name: 'a.rate', kind: 'gauge', value: 1.5, attributes: [rack, ['topic', 't'], ['partition', '3']] },
    { name: 'a.total', kind: 'counter', value: 7, attributes: [rack] },
    { name: 'a.delta', kind: 'delta', value: -2, attributes: [rack] },
    { name: 'a.level', kind: 'gauge', value: 4, attributes: [rack] },
    { name: 'a.level', kind: 'gauge', value: 5, attributes: [rack, ['on', 'true']] },
  ])
})

test('gives no more points and attributes than are wanted', () => {
  const points = Array.from({ length: 10 }, (_, value) => ({
    value,
    attributes: { a: 1, b: 2, c: 3, d: 4, e: 5 },
  }))
  const bytes = writeMetrics([{ name: 'm', kind: 'gauge', points }])
  const read = readMetricPoints(bytes, { pointsMax: 3, attributesMax: 2 })
  expect(read.map(({ value }) => value)).toEqual([0, 1, 2])
  expect(read[0]!.attributes).toEqual([
    ['a', '1'],
    ['b', '2'],
  ])
})

test.each([
  ['a part that reaches beyond the end', Buffer.from('0a05', 'hex')],
  ['a varint without an end', Buffer.alloc(12, 0xff)],
  ['a field without a number', Buffer.from('0000', 'hex')],
  ['a value that cannot be written so', Buffer.from('0b', 'hex')],
  ['a number cut in the middle', part(1, part(2, part(2, part(5, part(1, Buffer.from('2100', 'hex'))))))],
  ['too many empty parts', Buffer.from('0a00'.repeat(100_001), 'hex')],
])('refuses %s', (_, bytes) => {
  expect(() => readMetricPoints(bytes, LIMITS)).toThrow(DecodeError)
})

test('whatever the bytes are, they are read or refused', () => {
  const seed = Date.now() >>> 0
  const random = new SeededRandom(seed)
  const whole = writeMetrics(
    [
      {
        name: 'name',
        kind: 'sum',
        isMonotonic: true,
        points: [{ value: 1, attributes: { key: 'value', n: 1 } }],
      },
    ],
    { rack: 'r' },
  )
  for (let i = 0; i < 20_000; i++) {
    const bytes = Buffer.from(whole)
    for (let change = random.below(4); change >= 0; change--) bytes[random.below(bytes.length)] = random.u32()
    const cut = bytes.subarray(0, random.below(8) === 0 ? random.below(bytes.length) : bytes.length)
    try {
      expect(readMetricPoints(cut, LIMITS).length).toBeLessThan(LIMITS.pointsMax)
    } catch (error) {
      if (!(error instanceof DecodeError)) throw new Error(`seed ${seed}: ${error}`, { cause: error })
    }
  }
})
