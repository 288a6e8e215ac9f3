import { describe, expect, test } from 'vitest'
import { SeededRandom } from '../base/random.ts'
import { RateMeter, TokenBucket } from './quota-meter.ts'

const WINDOWS = { count: 11, ms: 1_000 }
const MB = 1_000_000

describe('a rate', () => {
  test('may use the quota of a first window at once, and then waits for what is over', () => {
    const meter = new RateMeter(WINDOWS)
    meter.record(MB, 50_000)
    expect(meter.delayMs(MB, 50_000)).toBe(0)
    meter.record(MB / 2, 50_100)
    expect(meter.delayMs(MB, 50_100)).toBe(1_400)
    expect(meter.delayMs(MB, 51_200)).toBe(300)
    expect(meter.delayMs(MB, 51_500)).toBe(0)
  })

  test('counts what was not used in the windows that are kept, and no longer', () => {
    const meter = new RateMeter(WINDOWS)
    meter.record(1, 0)
    // Ten seconds and a half of quota are there at most, however long a client was quiet.
    expect(meter.delayMs(MB, 10_500, 10.5 * MB)).toBe(1)
    expect(meter.delayMs(MB, 10_500, 10.5 * MB - 1)).toBe(0)
    expect(meter.delayMs(MB, 90_000, 2 * MB)).toBe(2_000)
  })

  test('of a client that comes back begins anew', () => {
    const meter = new RateMeter(WINDOWS)
    meter.record(100 * MB, 0)
    expect(meter.delayMs(MB, 5_000)).toBe(95_000)
    expect(meter.used(10_999)).toBe(100 * MB)
    expect(meter.used(11_000)).toBe(0)
    expect(meter.take(MB, MB, 12_345)).toBe(0)
    expect(meter.take(MB, MB, 12_345)).toBe(2_000)
  })

  test('lets something larger than all windows through when nothing else was used', () => {
    const meter = new RateMeter(WINDOWS)
    expect(meter.take(50 * MB, MB, 0)).toBe(0)
    expect(meter.take(1, MB, 0)).toBeGreaterThan(40_000)
    expect(meter.used(0)).toBe(50 * MB)
  })

  test('follows a limit that changes', () => {
    const meter = new RateMeter(WINDOWS)
    meter.record(2 * MB, 0)
    expect(meter.delayMs(MB, 0)).toBe(2_000)
    expect(meter.delayMs(2 * MB, 0)).toBe(0)
  })

  const seeds = [Date.now() % 100_000, 1, 2, 3]
  test.each(seeds)('holds over any ten seconds, whatever is sent and when (seed %i)', seed => {
    const random = new SeededRandom(seed)
    const meter = new RateMeter(WINDOWS)
    const largest = 100_000
    const sent: { at: number; bytes: number }[] = []
    let now = random.below(100_000)
    const begun = now
    while (now < begun + 120_000) {
      const bytes = 1 + random.below(largest)
      meter.record(bytes, now)
      sent.push({ at: now, bytes })
      now += meter.delayMs(MB, now) + random.below(3)
    }
    for (let from = begun; from < begun + 110_000; from += 500) {
      const used = sent
        .filter(({ at }) => at >= from && at < from + 10_000)
        .reduce((sum, { bytes }) => sum + bytes, 0)
      expect(used / 10).toBeGreaterThan(0.9 * MB)
      expect(used / 10).toBeLessThan(1.1 * MB)
    }
  })

  test.each(seeds)('holds for what is taken only within the limit (seed %i)', seed => {
    const random = new SeededRandom(seed)
    const meter = new RateMeter(WINDOWS)
    let [now, used] = [0, 0]
    while (now < 60_000) {
      const bytes = 1 + random.below(250_000)
      const delay = meter.take(bytes, MB, now)
      if (delay === 0) used += bytes
      now += delay + random.below(3)
    }
    expect(used / 60).toBeGreaterThan(0.9 * MB)
    expect(used / 60).toBeLessThan(1.02 * MB)
  })
})

describe('a bucket of tokens', () => {
  test('saves up for all windows, and whoever has any may take more than there are', () => {
    const bucket = new TokenBucket({ count: 3, ms: 2_000 })
    expect(bucket.delayMs(5, 1_000)).toBe(0)
    bucket.record(30, 5, 1_000)
    expect(bucket.delayMs(5, 1_000)).toBe(0)
    bucket.record(10, 5, 1_000)
    expect(bucket.delayMs(5, 1_000)).toBe(2_000)
    expect(bucket.delayMs(5, 2_500)).toBe(500)
    expect(bucket.delayMs(5, 3_000)).toBe(0)
    bucket.record(30, 5, 100_000)
    expect(bucket.delayMs(5, 100_000)).toBe(0)
  })
})
