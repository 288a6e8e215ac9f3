import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { NodeClock } from './node-clock.ts'

const DAY_MS = 24 * 3_600_000

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

test('a timer further ahead than Node can count runs neither at once nor early', () => {
  const run = vi.fn()
  new NodeClock().after(60 * DAY_MS, run)
  vi.advanceTimersByTime(60 * DAY_MS - 1)
  expect(run).not.toHaveBeenCalled()
  vi.advanceTimersByTime(1)
  expect(run).toHaveBeenCalledTimes(1)
  vi.advanceTimersByTime(60 * DAY_MS)
  expect(run).toHaveBeenCalledTimes(1)
})

test('a cancelled timer never runs, wherever it was on its way', () => {
  const run = vi.fn()
  const timer = new NodeClock().after(60 * DAY_MS, run)
  vi.advanceTimersByTime(59 * DAY_MS)
  timer.cancel()
  vi.advanceTimersByTime(10 * DAY_MS)
  expect(run).not.toHaveBeenCalled()
  expect(vi.getTimerCount()).toBe(0)
})

test('a timer keeps the process alive only where that is asked for', () => {
  vi.useRealTimers()
  const held = () => process.getActiveResourcesInfo().filter(name => name === 'Timeout').length
  const before = held()
  const idle = new NodeClock().after(DAY_MS, () => {})
  expect(held()).toBe(before)
  const holding = new NodeClock({ keepsAlive: true }).after(DAY_MS, () => {})
  expect(held()).toBe(before + 1)
  holding.cancel()
  idle.cancel()
  expect(held()).toBe(before)
})
