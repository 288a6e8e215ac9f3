import { describe, expect, test } from 'vitest'
import { append, linesOf, type OneLog, openOneLog, readAll } from '../../../test/support/one-log.ts'
import { buildBatch } from '../../protocol/record.ts'
import { batchPositions, lastOffsetOf } from '../../protocol/record-batch.ts'
import { buildControlBatch, ControlType } from '../../protocol/record-control.ts'
import type { LogSlice } from './log-reader.ts'
import { findLargestTimestamp, findOffsetAtTimestamp } from './timestamp-search.ts'

const CACHE = { cacheBytes: 16 << 20 }
const MEMORY_AND_FILE: [string, { cacheBytes: number }][] = [
  ['memory', CACHE],
  ['files', { cacheBytes: 0 }],
]

/** Appends batches of so many records without waiting in between: they travel together. */
async function put({ log }: OneLog, ...counts: number[]): Promise<void> {
  const flights = counts.map(count => {
    const records = Array.from({ length: count }, (_, i) => ({
      key: `k${log.endOffset + i}`,
      value: 'v',
      timestamp: 1,
    }))
    return log.append(buildBatch(records), log.term).flight
  })
  await Promise.all(flights.map(({ done }) => done))
}

async function leaderChange({ log }: OneLog): Promise<void> {
  const batch = buildControlBatch({ type: ControlType.LEADER_CHANGE, value: Buffer.alloc(8) }, 1)
  await log.append(batch, log.term).flight.done
}

/** `base-last` of each batch of a slice. */
function spans({ parts }: LogSlice): string[] {
  return parts.flatMap(part =>
    [...batchPositions(part)].map(at => `${Number(part.readBigInt64BE(at))}-${lastOffsetOf(part, at)}`),
  )
}

async function read(
  { log }: OneLog,
  offset: number,
  bytesMax = 1 << 20,
  limit = log.visibleEnd,
  needsOne = true,
): Promise<LogSlice> {
  return log.read(offset, bytesMax, limit, needsOne)
}

describe.each(MEMORY_AND_FILE)('read from %s, a log', (_where, options) => {
  async function openLog(): Promise<OneLog> {
    const one = await openOneLog({ indexIntervalBytes: 50 }, options)
    await put(one, 2, 3, 1)
    await put(one, 4)
    await put(one, 1, 1)
    return cooled(one)
  }

  /** The same log, with nothing of it in memory where it is to be read from files. */
  async function cooled(one: OneLog): Promise<OneLog> {
    return options.cacheBytes > 0 ? one : openOneLog(one.log.settings, { disk: one.disk.kill() })
  }

  test('gives whole batches from the one that holds the offset', async () => {
    const one = await openLog()
    expect(spans(await read(one, 3))).toEqual(['2-4', '5-5', '6-9', '10-10', '11-11'])
    expect(spans(await read(one, 9))).toEqual(['6-9', '10-10', '11-11'])
  })

  test('gives no batch that reaches over the limit', async () => {
    const one = await openLog()
    expect(spans(await read(one, 0, 1 << 20, 8))).toEqual(['0-1', '2-4', '5-5'])
    expect(spans(await read(one, 6, 1 << 20, 8))).toEqual([])
    expect(spans(await read(one, 8, 1 << 20, 8))).toEqual([])
  })

  test('stops in front of the batch that would be too much', async () => {
    const one = await openLog()
    const [first, second] = (await read(one, 0)).parts.flatMap(part => {
      const ends = [...batchPositions(part), part.length]
      return ends.slice(1).map((end, i) => end - ends[i]!)
    })
    const slice = await read(one, 0, first! + second! + 10)
    expect([spans(slice), slice.nextOffset, slice.bytes]).toEqual([['0-1', '2-4'], 5, first! + second!])
  })

  test('gives the first batch at any size, when one is needed', async () => {
    const one = await openLog()
    expect(spans(await read(one, 6, 1))).toEqual(['6-9'])
    expect(spans(await read(one, 6, 1, one.log.visibleEnd, false))).toEqual([])
    expect(spans(await read(one, 6, 0, one.log.visibleEnd, false))).toEqual([])
  })

  test('goes on at the offset where a reader stopped', async () => {
    const one = await openLog()
    const seen: string[] = []
    for (let offset = 0; offset < one.log.visibleEnd; ) {
      const slice = await read(one, offset, 200)
      seen.push(...spans(slice))
      offset = slice.nextOffset
    }
    expect(seen).toEqual(['0-1', '2-4', '5-5', '6-9', '10-10', '11-11'])
  })

  test('steps over batches that only replicas read, also between others of one round', async () => {
    const warm = await openOneLog({}, options)
    await Promise.all([put(warm, 1), leaderChange(warm), put(warm, 1)])
    await leaderChange(warm)
    const one = await cooled(warm)
    expect([one.log.endOffset, one.log.visibleEnd]).toEqual([4, 3])
    expect(spans(await read(one, 0))).toEqual(['0-0', '2-2'])
    expect(spans(await read(one, 1))).toEqual(['2-2'])
    await put(one, 1)
    expect(one.log.visibleEnd).toBe(5)
    const slice = await read(one, 3)
    expect([spans(slice), slice.nextOffset]).toEqual([['4-4'], 5])
  })

  test.each([
    ['at its end', [1, 0, 9], ['0-0', '2-10']],
    ['in front', [0, 9, 1], ['1-9', '10-10']],
    ['in the middle and at its end', [1, 0, 1, 0, 9], ['0-0', '2-2', '4-12']],
  ])('goes on behind a piece that has such a batch %s', async (_where, counts, expected) => {
    for (const bytesMax of [1, 100, 150, 200, 250, 300, 400]) {
      const warm = await openOneLog({}, options)
      for (const count of counts) await (count > 0 ? put(warm, count) : leaderChange(warm))
      const one = await cooled(warm)
      const seen: string[] = []
      for (let offset = 0; offset < one.log.visibleEnd; ) {
        const slice = await read(one, offset, bytesMax)
        expect(slice.nextOffset).toBeGreaterThan(offset)
        seen.push(...spans(slice))
        offset = slice.nextOffset
      }
      expect(seen, `${bytesMax} bytes at a time`).toEqual(expected)
    }
  })

  test('finds records by time exactly', async () => {
    const one = await openOneLog({ indexIntervalBytes: 1, segmentBytes: 400 }, options)
    const times = [5, 3, 9, 9, 7, 12, -1, 11, 12]
    for (const timestamp of times)
      await append(one, [
        { key: 'a', value: '1', timestamp },
        { key: 'b', value: '2', timestamp: timestamp - 1 },
      ])
    const find = async (time: number) =>
      (await findOffsetAtTimestamp(one.log, time, one.log.visibleEnd))?.offset
    expect([
      await find(0),
      await find(5),
      await find(6),
      await find(9),
      await find(10),
      await find(12),
      await find(13),
    ]).toEqual([0, 0, 4, 4, 10, 10, undefined])
    expect((await findLargestTimestamp(one.log, one.log.visibleEnd))?.offset).toBe(10)
    expect((await findLargestTimestamp(one.log, 10))?.offset).toBe(4)
  })
})

test('a log whose records have no times has none to be found', async () => {
  const one = await openOneLog({ segmentBytes: 200, segmentMs: 10 })
  for (let i = 0; i < 6; i++) await append(one, [{ key: 'a', value: '1', timestamp: -1 }])
  expect(await findLargestTimestamp(one.log, 6)).toBeUndefined()
  expect(await findOffsetAtTimestamp(one.log, 0, 6)).toBeUndefined()
  await append(one, [{ key: 'a', value: '1', timestamp: 5 }])
  await append(one, [{ key: 'a', value: '1', timestamp: -1 }])
  expect((await findLargestTimestamp(one.log, 8))?.offset).toBe(6)
})

test('a cache of no size still serves what is not written yet', async () => {
  const one = await openOneLog()
  await put(one, 1)
  expect(one.log.unwrittenBytes).toBeGreaterThan(0)
  expect(spans(await read(one, 0))).toEqual(['0-0'])
  await one.clock.advance(600)
  expect(one.log.unwrittenBytes).toBe(0)
  await put(one, 1) // pushes the one before out
  expect(spans(await read(one, 0))).toEqual(['0-0'])
  expect(spans(await read(one, 1))).toEqual(['1-1'])
})

describe('a roll', () => {
  test('comes with the size, and a batch larger than a segment has one to itself', async () => {
    const one = await openOneLog({ segmentBytes: 200 })
    for (const bytes of [50, 50, 500, 50]) await append(one, [{ key: 'k', value: 'v'.repeat(bytes) }])
    expect(one.log.segments.map(({ baseOffset }) => baseOffset)).toEqual([0, 1, 2, 3])
  })

  test('comes with the time of records, not for one without time', async () => {
    const one = await openOneLog({ segmentMs: 1_000 })
    for (const timestamp of [-1, 5_000, 5_500, 6_001, 6_002])
      await append(one, [{ key: 'k', value: 'v', timestamp }])
    expect(one.log.segments.map(({ baseOffset }) => baseOffset)).toEqual([0, 3])
  })

  test('of an empty segment changes nothing', async () => {
    const one = await openOneLog()
    await put(one, 1)
    one.log.roll()
    one.log.roll()
    await put(one, 1)
    expect(one.log.segments.map(({ baseOffset }) => baseOffset)).toEqual([0, 1])
  })
})

describe('an acknowledgement', () => {
  const LARGE = 'x'.repeat(2_000)

  test('of the N-th record stands for those before it, whichever way they went', async () => {
    const one = await openOneLog({ syncEveryRecords: 3 }, { directBytes: 1_000 })
    await append(one, [{ key: 'a', value: '1' }]) // through the journal, unsynced
    await append(one, [{ key: 'b', value: LARGE }]) // directly, unsynced
    await append(one, [{ key: 'c', value: '3' }])
    const after = await openOneLog({}, { disk: one.disk.crash({ keep: 'none' }) })
    expect((await readAll(after.log)).map(({ key }) => String(key))).toEqual(['a', 'b', 'c'])
  })

  test('of a large batch stands for small ones before it that no sync had reached', async () => {
    const one = await openOneLog({ syncEveryRecords: 2 }, { directBytes: 1_000 })
    await append(one, [{ key: 'a', value: '1' }])
    await append(one, [{ key: 'b', value: LARGE }])
    const after = await openOneLog({}, { disk: one.disk.crash({ keep: 'none' }) })
    expect((await readAll(after.log)).map(({ key }) => String(key))).toEqual(['a', 'b'])
  })

  test('without a sync is made durable when the time for it has come', async () => {
    const settings = { syncEveryRecords: Number.POSITIVE_INFINITY, syncEveryMs: 300 }
    const one = await openOneLog(settings, { directBytes: 1_000 })
    await append(one, [{ key: 'a', value: '1' }])
    await append(one, [{ key: 'b', value: LARGE }])
    const before = await openOneLog({}, { disk: one.disk.crash() })
    expect(before.log.endOffset).toBe(0)
  })

  test('is not needed for the background sync', async () => {
    const settings = { syncEveryRecords: Number.POSITIVE_INFINITY, syncEveryMs: 300 }
    const one = await openOneLog(settings, { directBytes: 1_000 })
    await append(one, [{ key: 'a', value: '1' }])
    await append(one, [{ key: 'b', value: LARGE }])
    await one.clock.advance(1_100)
    const after = await openOneLog({}, { disk: one.disk.crash() })
    expect(linesOf(await readAll(after.log)).map(line => line.slice(0, 3))).toEqual(['0 a', '1 b'])
  })
})

test('durableTo waits for the append that reaches the offset, and says when it was taken back', async () => {
  const one = await openOneLog({}, { directBytes: 1_000 })
  const large = buildBatch([{ key: 'a', value: 'x'.repeat(2_000) }])
  one.log.append(large, 0)
  await one.log.durableTo(1)
  expect(one.log.durableEnd).toBe(1)
  one.disk.quotaBytes = 2 ** 50 - (await one.disk.space('/')).availableBytes
  const refused = one.log.append(Buffer.from(large), 0)
  refused.flight.done.catch(() => {})
  await expect(one.log.durableTo(2)).rejects.toMatchObject({ error: 'KAFKA_STORAGE_ERROR' })
  one.disk.quotaBytes = Number.POSITIVE_INFINITY
  one.log.append(buildBatch([{ key: 'b' }]), 0)
  await one.log.durableTo(2)
  expect(one.log.endOffset).toBe(2)
})

test('a closed log takes nothing more', async () => {
  const one = await openOneLog()
  await put(one, 1)
  await one.directory.removeLog(one.log.identity)
  expect(() => one.log.append(buildBatch([{ key: 'a' }]), 0)).toThrow(/closed/)
})
