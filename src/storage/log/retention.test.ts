import { expect, test } from 'vitest'
import {
  append,
  FOLDER,
  type OneLog,
  openOneLog,
  rollWith,
  segmentFiles,
} from '../../../test/support/one-log.ts'
import { readWhole } from '../../base/disk.ts'
import { silentLogger } from '../../base/logger.ts'
import type { LogSettings } from './log-settings.ts'
import { findExpired } from './retention.ts'
import { RetentionClock } from './retention-clock.ts'
import { RetentionKeeper } from './retention-keeper.ts'
import { segmentName } from './segment-names.ts'
import { findOffsetAtTimestamp } from './timestamp-search.ts'

const HOUR = 3_600_000
const NEVER = () => Number.POSITIVE_INFINITY

function keeperOf({ directory, clock }: OneLog): RetentionKeeper {
  const time = new RetentionClock(clock)
  return new RetentionKeeper({
    directories: [directory],
    clock,
    time,
    logger: silentLogger,
    intervalMs: 300_000,
  })
}

/** Segments at 0, 1, 2 … whose records were written an hour apart; the clock stands at the last. */
async function openHourly(settings: Partial<LogSettings>, hours = 4): Promise<OneLog> {
  const one = await openOneLog(settings)
  await append(one, [{ key: 'k', value: 'v0' }])
  for (let hour = 1; hour < hours; hour++) {
    one.clock.freeze(HOUR)
    await rollWith(one, { key: 'k', value: `v${hour}` })
  }
  return one
}

async function expired(one: OneLog) {
  return findExpired(one.log, one.clock.wall(), NEVER)
}

test('segments go whose largest timestamp is older than retention.ms', async () => {
  const one = await openHourly({ retentionMs: 2 * HOUR - 1 })
  expect(await expired(one)).toEqual({ startOffset: 2, needsRoll: false })
})

test('a segment of exactly that age stays', async () => {
  const one = await openHourly({ retentionMs: 2 * HOUR })
  expect(await expired(one)).toEqual({ startOffset: 1, needsRoll: false })
})

test('one late record keeps its segment, and all behind it', async () => {
  const one = await openOneLog({ retentionMs: HOUR })
  await append(one, [
    { key: 'a', value: '', timestamp: one.clock.wall() + 10 * HOUR },
    { key: 'b', value: '' },
  ])
  await rollWith(one)
  one.clock.freeze(5 * HOUR)
  expect(await expired(one)).toEqual({ startOffset: 0, needsRoll: false })
})

test('the active segment goes when all of it has expired, and a new one is begun', async () => {
  const one = await openHourly({ retentionMs: HOUR, fileDeleteDelayMs: 0 })
  one.clock.freeze(2 * HOUR)
  expect(await expired(one)).toEqual({ startOffset: 4, needsRoll: true })
  await keeperOf(one).run()
  expect((await segmentFiles(one.disk)).filter(name => name.endsWith('.log'))).toEqual(['4.log'])
  await append(one, [{ key: 'k', value: 'new' }])
  expect([one.log.startOffset, one.log.endOffset]).toEqual([4, 5])
})

test('a log that was emptied by retention comes back empty and at the same offset', async () => {
  const one = await openHourly({ retentionMs: HOUR, fileDeleteDelayMs: 0 })
  one.clock.freeze(2 * HOUR)
  await keeperOf(one).run()
  const again = await openOneLog({}, { disk: one.disk.crash(), clock: one.clock })
  expect(again.log.damage).toBeUndefined()
  expect([again.log.startOffset, again.log.endOffset]).toEqual([4, 4])
  await append(again, [{ key: 'k', value: 'new' }])
  expect(again.log.endOffset).toBe(5)
})

test('without retention.ms nothing is too old', async () => {
  const one = await openHourly({ retentionMs: Number.POSITIVE_INFINITY })
  one.clock.freeze(1_000 * HOUR)
  expect(await expired(one)).toEqual({ startOffset: 0, needsRoll: false })
})

test('whole segments go as long as the log is not smaller than retention.bytes without them', async () => {
  const one = await openHourly({ retentionMs: Number.POSITIVE_INFINITY })
  const bytes = one.log.sizeBytes / 4
  const startAt = async (retentionBytes: number) => {
    one.log.settings = { ...one.log.settings, retentionBytes }
    return (await expired(one)).startOffset
  }
  expect(await startAt(3 * bytes)).toBe(1)
  expect(await startAt(3 * bytes + 1)).toBe(0)
  expect(await startAt(bytes)).toBe(3)
  expect(await startAt(0)).toBe(4)
  expect(await startAt(-1)).toBe(0)
})

test('a compacted topic loses nothing to retention unless its policy is delete too', async () => {
  const one = await openHourly({ retentionMs: 1, isCompacted: true, isDeleted: false })
  expect((await expired(one)).startOffset).toBe(0)
  one.log.settings = { ...one.log.settings, isDeleted: true }
  expect((await expired(one)).startOffset).toBe(3)
})

test('a segment whose records have no time counts from when it was first seen', async () => {
  const one = await openOneLog({ retentionMs: HOUR, fileDeleteDelayMs: 0 })
  await append(one, [{ key: 'k', value: 'v', timestamp: -1 }])
  await rollWith(one)
  const keeper = keeperOf(one)
  await keeper.run()
  expect(one.log.startOffset).toBe(0)
  one.clock.freeze(HOUR + 1)
  await keeper.run()
  expect(one.log.startOffset).toBe(2)
})

test('removed files wait for file.delete.delay.ms, and go at once when the disk is nearly full', async () => {
  const one = await openHourly({ retentionMs: HOUR, fileDeleteDelayMs: 60_000 })
  const keeper = keeperOf(one)
  const deleted = async () => (await one.disk.list(FOLDER)).filter(name => name.endsWith('.deleted')).length
  await keeper.run()
  expect(await deleted()).toBeGreaterThan(0)
  await one.clock.advance(59_000)
  expect(await deleted()).toBeGreaterThan(0)
  await one.clock.advance(1_000)
  await one.clock.settle()
  expect(await deleted()).toBe(0)
  one.clock.freeze(HOUR)
  await keeper.run({ urgent: true })
  expect(one.log.startOffset).toBe(4)
  expect(await deleted()).toBe(0)
})

test('retention runs by itself, and closes with nothing under way', async () => {
  const one = await openHourly({ retentionMs: HOUR })
  const keeper = keeperOf(one)
  keeper.start()
  await one.clock.advance(29_999)
  expect(one.log.startOffset).toBe(0)
  await one.clock.advance(1)
  await keeper.run()
  expect(one.log.startOffset).toBe(3)
  await keeper.close()
  const timers = one.clock.timers
  await one.clock.advance(600_000)
  expect(one.clock.timers).toBeLessThanOrEqual(timers)
})

test('producers go that have been silent for producer.id.expiration.ms', async () => {
  const one = await openOneLog({ retentionMs: Number.POSITIVE_INFINITY })
  await append(one, [{ key: 'a', value: '1' }], { producerId: 5, producerEpoch: 0, baseSequence: 0 })
  one.clock.freeze(24 * HOUR - 1)
  await keeperOf(one).run()
  expect(one.log.producers.producerCount).toBe(1)
  one.clock.freeze(1)
  await keeperOf(one).run()
  expect(one.log.producers.producerCount).toBe(0)
})

test('a log that lags behind the high watermark keeps what is not committed', async () => {
  const one = await openHourly({ retentionMs: 1 })
  one.clock.freeze(HOUR)
  one.log.visibleEnd = 2
  expect(await expired(one)).toEqual({ startOffset: 2, needsRoll: false })
})

test.each(['sealed', 'active'])(
  'no turned bit in a time index of the %s segment makes retention take a young one',
  async which => {
    const settings = { retentionMs: 2 * HOUR, indexIntervalBytes: 1 }
    const whole = await openOneLog(settings)
    for (const value of ['1', '2', '3']) {
      whole.clock.freeze(1_000)
      await append(whole, [{ key: 'k', value }])
    }
    if (which === 'sealed') await rollWith(whole)
    await whole.close()
    const path = `${FOLDER}/${segmentName(0, '.timeindex')}`
    const { length } = await readWhole(whole.disk.crash(), path)
    const largest = { timestamp: whole.clock.wall(), offset: 2 }
    for (let bit = 0; bit < 8 * 12; bit++) {
      const disk = whole.disk.crash()
      disk.flip(path, length - 12 + (bit >> 3), 1 << (bit & 7))
      const one = await openOneLog(settings, { disk, clock: whole.clock })
      expect(await expired(one), `bit ${bit}`).toEqual({ startOffset: 0, needsRoll: false })
      expect(await one.log.segments[0]!.largestTimestamp(), `bit ${bit}`).toEqual(largest)
      const found = await findOffsetAtTimestamp(one.log, largest.timestamp, one.log.visibleEnd)
      expect(found?.offset, `bit ${bit}`).toBe(2)
    }
  },
)
