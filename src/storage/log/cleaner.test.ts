import { expect, test } from 'vitest'
import {
  append,
  FOLDER,
  linesOf,
  type OneLog,
  openOneLog,
  readAll,
  readBatches,
  rollWith,
  segmentFiles,
} from '../../../test/support/one-log.ts'
import { readWhole } from '../../base/disk.ts'
import { type LogFields, silentLogger } from '../../base/logger.ts'
import { hasDeleteHorizon, lastOffsetOf } from '../../protocol/record-batch.ts'
import { Cleaner, type CleanerOptions } from './cleaner.ts'
import { Guard } from './guard.ts'
import type { LogSettings } from './log-settings.ts'
import { RetentionClock } from './retention-clock.ts'
import { Segment } from './segment.ts'
import { segmentName } from './segment-names.ts'
import { findLargestTimestamp, findOffsetAtTimestamp } from './timestamp-search.ts'

const DAY = 86_400_000
const COMPACTED: Partial<LogSettings> = { isCompacted: true, isDeleted: false, minCleanableDirtyRatio: 0 }

function cleanerOf({ directory, clock }: OneLog, more: Partial<CleanerOptions> = {}): Cleaner {
  const time = new RetentionClock(clock)
  return new Cleaner({
    directories: [directory],
    clock,
    time,
    logger: silentLogger,
    backoffMs: 15_000,
    keyBytesMax: 1 << 20,
    ...more,
  })
}

/** Three segments that write a, b, c; then a, d; then b=null; and an active one with e. */
async function openTyped(settings: Partial<LogSettings> = {}, options = {}): Promise<OneLog> {
  const one = await openOneLog({ ...COMPACTED, ...settings }, options)
  await append(one, [
    { key: 'a', value: '1' },
    { key: 'b', value: '2' },
    { key: 'c', value: '3' },
  ])
  await rollWith(one, { key: 'a', value: '4' }, { key: 'd', value: '5' })
  await rollWith(one, { key: 'b', value: null })
  await rollWith(one, { key: 'e', value: '6' })
  return one
}

const CLEANED = ['2 c=3', '3 a=4', '4 d=5', '5 b=null', '6 e=6']

async function reopen(one: OneLog, settings: Partial<LogSettings> = {}): Promise<OneLog> {
  return openOneLog({ ...COMPACTED, ...settings }, { disk: one.disk.crash(), clock: one.clock })
}

test('one record of each key is left below the active segment', async () => {
  const one = await openTyped()
  expect(await cleanerOf(one).run()).toBe(true)
  expect(linesOf(await readAll(one.log))).toEqual(CLEANED)
  expect(one.log.cleanedTo).toBe(6)
})

test('small segments become one, with indexes and a guard, and nothing else is left in the folder', async () => {
  const one = await openTyped()
  await cleanerOf(one).run()
  expect(await segmentFiles(one.disk)).toEqual([
    '0.guard',
    '0.index',
    '0.log',
    '0.timeindex',
    '6.index',
    '6.log',
    '6.snapshot',
    '6.timeindex',
  ])
  const log = await readWhole(one.disk, `${FOLDER}/${segmentName(0, '.log')}`)
  const guard = Guard.parse(await readWhole(one.disk, `${FOLDER}/${segmentName(0, '.guard')}`), 'guard')
  expect(guard.segmentBytes).toBe(log.length)
  expect(guard.findDamage(0, log)).toBeUndefined()
})

test('segments are not joined beyond segment.bytes', async () => {
  const one = await openTyped()
  const [first, second] = one.log.segments
  one.log.settings = { ...one.log.settings, segmentBytes: first!.sizeBytes + second!.sizeBytes }
  await cleanerOf(one).run()
  expect(one.log.segments.map(({ baseOffset }) => baseOffset)).toEqual([0, 5, 6])
})

test('what was cleaned is there after a power cut, and is not cleaned again', async () => {
  const one = await openTyped()
  await cleanerOf(one).run()
  await one.directory.checkpoint()
  const again = await reopen(one)
  expect(again.log.damage).toBeUndefined()
  expect(linesOf(await readAll(again.log))).toEqual(CLEANED)
  expect(again.log.cleanedTo).toBe(6)
  expect(await cleanerOf(again).run()).toBe(false)
})

test('the cleaner checkpoint is written for Kafka’s tools', async () => {
  const one = await openTyped()
  await cleanerOf(one).run()
  await one.directory.checkpoint()
  expect((await readWhole(one.disk, '/data/cleaner-offset-checkpoint')).toString()).toBe('0\n1\nevents 0 6\n')
})

test('a second round cleans what came since against what the first has left', async () => {
  const one = await openTyped()
  const cleaner = cleanerOf(one)
  await cleaner.run()
  await append(one, [{ key: 'c', value: '7' }])
  await rollWith(one, { key: 'f', value: '8' })
  expect(await cleaner.run()).toBe(true)
  expect(linesOf(await readAll(one.log))).toEqual(['3 a=4', '4 d=5', '5 b=null', '6 e=6', '7 c=7', '8 f=8'])
})

test('a tombstone goes in a round after delete.retention.ms, and not before', async () => {
  const one = await openTyped({ deleteRetentionMs: DAY })
  const cleaner = cleanerOf(one)
  await cleaner.run()
  expect((await readBatches(one.log, 5)).map(batch => hasDeleteHorizon(batch, 0))).toEqual([true, false])
  one.clock.freeze(DAY - 1)
  await rollWith(one)
  await cleaner.run()
  expect(linesOf(await readAll(one.log))).toContain('5 b=null')
  one.clock.freeze(1)
  await rollWith(one)
  await cleaner.run()
  expect(linesOf(await readAll(one.log))).not.toContain('5 b=null')
})

test('a log below min.cleanable.dirty.ratio is left alone', async () => {
  const one = await openTyped()
  const cleaner = cleanerOf(one)
  await cleaner.run()
  one.log.settings = { ...one.log.settings, minCleanableDirtyRatio: 0.5 }
  await rollWith(one)
  expect(await cleaner.run()).toBe(false)
})

test('a checkpoint that fails is not held against the log: it is cleaned when there is one', async () => {
  const one = await openTyped()
  const cleaner = cleanerOf(one)
  one.disk.fail({ on: 'rename', path: 'loggerhead-checkpoint', code: 'EIO' })
  expect(await cleaner.run()).toBe(false)
  expect(cleaner.counters.uncleanable).toBe(0)
  expect(await cleaner.run()).toBe(true)
  expect(linesOf(await readAll(one.log))).toEqual(CLEANED)
})

test('a topic whose policy is delete is never compacted', async () => {
  const one = await openTyped({ isCompacted: false, isDeleted: true })
  expect(await cleanerOf(one).run()).toBe(false)
})

test('keys that do not fit the buffer are cleaned in further rounds', async () => {
  const one = await openOneLog(COMPACTED)
  for (let segment = 0; segment < 4; segment++) {
    const records = Array.from({ length: 500 }, (_, i) => ({
      key: `k${segment * 250 + i}`,
      value: `${segment}`,
    }))
    await append(one, records)
    one.log.roll()
  }
  await append(one, [{ key: 'last', value: '' }])
  const cleaner = cleanerOf(one, { keyBytesMax: 0 }) // 768 keys
  const rounds: number[] = []
  while (await cleaner.run()) rounds.push(one.log.cleanedTo)
  expect(rounds.length).toBeGreaterThan(1)
  expect(rounds.at(-1)).toBe(2_000)
  const keys = (await readAll(one.log)).map(({ key }) => `${key}`)
  expect(new Set(keys).size).toBe(keys.length)
  expect(keys.length).toBe(1_251)
})

test('offsets in a gap are fetched from the next record on', async () => {
  const one = await openTyped()
  await cleanerOf(one).run()
  for (const [offset, first] of [
    [0, 2],
    [1, 2],
    [2, 2],
    [3, 3],
    [6, 6],
  ] as const) {
    expect((await readAll(one.log, offset))[0]?.offset, `from ${offset}`).toBe(first)
  }
})

test('a segment of which nothing is left gives way to the next', async () => {
  const one = await openOneLog(COMPACTED)
  await append(one, [{ key: 'a', value: '1' }])
  for (let i = 2; i <= 4; i++) await rollWith(one, { key: 'a', value: `${i}` })
  await cleanerOf(one).run()
  expect(linesOf(await readAll(one.log, 0))).toEqual(['2 a=3', '3 a=4'])
  one.log.settings = { ...one.log.settings, segmentBytes: 1 }
  await rollWith(one, { key: 'a', value: '5' })
  await cleanerOf(one).run()
  expect(linesOf(await readAll(one.log, 0))).toEqual(['3 a=4', '4 a=5'])
  const again = await reopen(one)
  expect(linesOf(await readAll(again.log, 0))).toEqual(['3 a=4', '4 a=5'])
})

test('look-ups of a time find records that are still there', async () => {
  const one = await openOneLog(COMPACTED)
  const start = one.clock.wall()
  await append(one, [{ key: 'a', value: '1', timestamp: start + 10 }])
  await rollWith(one, { key: 'b', value: '2', timestamp: start + 20 })
  await rollWith(one, { key: 'a', value: '3', timestamp: start + 5 })
  await rollWith(one, { key: 'c', value: '4', timestamp: start + 7 })
  await cleanerOf(one).run()
  expect(await findOffsetAtTimestamp(one.log, start, 10)).toMatchObject({ offset: 1, timestamp: start + 20 })
  expect(await findLargestTimestamp(one.log, 10)).toMatchObject({ offset: 1, timestamp: start + 20 })
  const again = await reopen(one)
  expect(await findLargestTimestamp(again.log, 10)).toMatchObject({ offset: 1, timestamp: start + 20 })
})

test('records in memory are cleaned as well as those in files', async () => {
  const one = await openTyped({}, { cacheBytes: 1 << 20 })
  expect(one.log.tailFrom(0)?.[0]?.baseOffset).toBe(0)
  await cleanerOf(one).run()
  expect(linesOf(await readAll(one.log, 0))).toEqual(CLEANED)
})

test('the segment where the last append landed is left alone: the checkpoint points into it', async () => {
  const one = await openOneLog(COMPACTED)
  await append(one, [{ key: 'a', value: '1' }])
  one.log.roll()
  expect(await cleanerOf(one).run()).toBe(false)
  await append(one, [{ key: 'b', value: '2' }])
  expect(await cleanerOf(one).run()).toBe(true)
})

test('a reader that meets a segment on its way out waits, and reads what came in its place', async () => {
  const one = await openTyped()
  const [first] = one.log.segments
  let finish = () => {}
  one.log.replacing = new Promise(resolve => {
    finish = resolve
  })
  await first!.retire()
  const reading = Promise.resolve(one.log.read(0, 1, one.log.endOffset, true))
  await one.clock.settle()
  const next = new Segment(one.directory.environment, FOLDER, 0)
  next.sizeBytes = first!.sizeBytes
  next.endOffset = first!.endOffset
  one.log.segments[0] = next
  one.log.replacing = undefined
  finish()
  expect((await reading).nextOffset).toBe(3)
})

test('a reader that is under way gets the old records or the new ones', async () => {
  const one = await openTyped()
  const cleaner = cleanerOf(one)
  let isRunning = true
  const reader = async (from: number) => {
    const seen: string[] = []
    while (isRunning) {
      seen.push(linesOf(await readAll(one.log, from)).join())
      if (seen.length % 5 === 0) await one.clock.settle()
    }
    return seen
  }
  const readers = [0, 1, 2, 3, 5].map(reader)
  await one.clock.settle()
  await cleaner.run()
  isRunning = false
  const before = ['0 a=1', '1 b=2', '2 c=3', '3 a=4', '4 d=5', '5 b=null', '6 e=6']
  for (const [i, seen] of (await Promise.all(readers)).entries()) {
    const from = [0, 1, 2, 3, 5][i]!
    for (const lines of seen) {
      const allowed = [before, CLEANED].map(all => all.filter(line => Number(line.split(' ')[0]) >= from))
      for (const line of lines.split(',')) expect(allowed.flat()).toContain(line)
      for (const line of allowed[1]!) expect(lines.split(',')).toContain(line)
    }
  }
})

test('idempotent producers go on where they were when a log is read from its first byte', async () => {
  const one = await openOneLog(COMPACTED)
  for (let sequence = 0; sequence < 3; sequence++) {
    await append(one, [{ key: 'a', value: `${sequence}` }], {
      producerId: 9,
      producerEpoch: 0,
      baseSequence: sequence,
    })
    one.log.roll()
  }
  await append(one, [{ key: 'a', value: 'last' }])
  await cleanerOf(one).run()
  const batches = await readBatches(one.log, 0)
  expect(batches.map(batch => lastOffsetOf(batch, 0))).toEqual([2, 3])
})

test('damage is never copied: the log stays as it is, and is said to be uncleanable once', async () => {
  const one = await openTyped()
  await one.directory.checkpoint()
  one.disk.flip(`${FOLDER}/${segmentName(3, '.log')}`, 70)
  const events: LogFields[] = []
  const cleaner = cleanerOf(one, { logger: { ...silentLogger, error: fields => void events.push(fields) } })
  await cleaner.run()
  expect(await cleaner.run()).toBe(false)
  expect(events.map(({ event, partition }) => [event, partition])).toEqual([
    ['compaction-failed', 'events-0'],
  ])
  expect(one.log.segments.map(({ baseOffset }) => baseOffset)).toEqual([0, 3, 5, 6])
  expect((await segmentFiles(one.disk)).filter(name => /cleaned|swap/.test(name))).toEqual([])
})

test('a log with transactions is left alone until they are understood', async () => {
  const one = await openOneLog(COMPACTED)
  await append(one, [{ key: 'a', value: '1' }], {
    producerId: 9,
    producerEpoch: 0,
    baseSequence: 0,
    isTransactional: true,
  })
  await rollWith(one)
  one.log.producers.load([], one.log.endOffset, 0)
  await cleanerOf(one).run()
  expect(linesOf(await readAll(one.log))[0]).toBe('0 a=1')
})

test('a full disk stops a round, leaves the log as it was, and the next round succeeds', async () => {
  const one = await openTyped()
  await one.directory.checkpoint()
  one.disk.fail({ on: 'write', path: '.log.cleaned', code: 'ENOSPC' })
  const cleaner = cleanerOf(one)
  expect(await cleaner.run()).toBe(false)
  expect((await segmentFiles(one.disk)).filter(name => /cleaned|swap/.test(name))).toEqual([])
  expect(one.failures).toEqual([])
  expect(await cleaner.run()).toBe(true)
  expect(linesOf(await readAll(one.log))).toEqual(CLEANED)
})

test('a topic that is deleted meanwhile ends the round at once', async () => {
  const one = await openTyped()
  const cleaning = cleanerOf(one).run()
  await one.directory.removeLog(one.log.identity)
  await cleaning
  expect(await one.disk.exists(FOLDER)).toBe(false)
  expect(one.failures).toEqual([])
})

test('appends go on while a log is cleaned', async () => {
  const one = await openTyped()
  const cleaning = cleanerOf(one).run()
  for (let i = 0; i < 20; i++) await append(one, [{ key: `n${i}`, value: '' }])
  await cleaning
  expect((await readAll(one.log)).length).toBe(CLEANED.length + 20)
})

test('the cleaner runs by itself, and rests between its rounds', async () => {
  const one = await openTyped()
  const cleaner = cleanerOf(one)
  cleaner.start()
  await one.clock.advance(14_999)
  expect(one.log.cleanedTo).toBe(0)
  await one.clock.advance(1)
  await cleaner.run()
  expect(one.log.cleanedTo).toBe(6)
  await cleaner.close()
})
