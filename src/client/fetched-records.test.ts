import { expect, test } from 'vitest'
import { buildBatch } from '../protocol/record.ts'
import { buildEndTransactionMarker, ControlType } from '../protocol/record-control.ts'
import { readFetched } from './fetched-records.ts'

const values = (...args: Parameters<typeof readFetched>) =>
  readFetched(...args).records.map(({ offset, value }) => `${offset} ${value}`)

const batch = (baseOffset: number, texts: string[], options = {}) =>
  buildBatch(
    texts.map(value => ({ value, timestamp: 1 })),
    { baseOffset, ...options },
  )

const transactional = (producerId: number) => ({
  producerId,
  producerEpoch: 0,
  baseSequence: 0,
  isTransactional: true,
})

const marker = (type: 0 | 1, producerId: number, baseOffset: number) =>
  buildEndTransactionMarker(type, 0, 1, { baseOffset, producerId, producerEpoch: 0 })

test('gives the records from the offset on, although batches come whole', () => {
  const bytes = Buffer.concat([batch(5, ['a', 'b', 'c'], { compression: 'lz4' }), batch(10, ['d'])])
  expect(values(bytes, 6)).toEqual(['6 b', '7 c', '10 d'])
  expect(readFetched(bytes, 6).nextOffset).toBe(11)
})

test('leaves a torn last batch for the next answer', () => {
  const whole = batch(0, ['a'])
  const bytes = Buffer.concat([whole, batch(1, ['b']).subarray(0, 65)])
  expect(readFetched(bytes, 0)).toMatchObject({ nextOffset: 1, records: [{ offset: 0 }] })
})

test('goes on behind a batch that compaction has emptied at its end', () => {
  expect(readFetched(batch(0, ['a'], { lastOffset: 9 }), 0).nextOffset).toBe(10)
})

test('leaves out aborted transactions and markers, and keeps what others wrote in between', () => {
  const bytes = Buffer.concat([
    batch(0, ['aborted'], transactional(7)),
    batch(1, ['committed'], transactional(8)),
    batch(2, ['plain']),
    marker(ControlType.ABORT, 7, 3),
    batch(4, ['later'], transactional(7)),
    marker(ControlType.COMMIT, 8, 5),
  ])
  expect(values(bytes, 0, [{ producerId: 7, firstOffset: 0 }])).toEqual(['1 committed', '2 plain', '4 later'])
  expect(values(bytes, 0)).toEqual(['0 aborted', '1 committed', '2 plain', '4 later'])
  expect(readFetched(bytes, 0).nextOffset).toBe(6)
})

test('refuses bytes that are damaged', () => {
  const bytes = batch(0, ['abc'])
  bytes[bytes.length - 2]! ^= 1
  expect(() => readFetched(bytes, 0)).toThrow(/damaged: CRC/)
})
