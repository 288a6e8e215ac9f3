import { expect, test } from 'vitest'
import type { Clock } from '../../base/clock.ts'
import { RetentionClock } from './retention-clock.ts'

const DAY = 86_400_000

class TwoClocks implements Clock {
  monoMs = 1_000
  wallMs = 100 * DAY

  mono(): number {
    return this.monoMs
  }

  wall(): number {
    return this.wallMs
  }

  pass(ms: number): void {
    this.monoMs += ms
    this.wallMs += ms
  }

  after(): never {
    throw new Error('not used')
  }

  soon(): never {
    throw new Error('not used')
  }
}

test('time passes as the wall clock says while both clocks agree', () => {
  const clock = new TwoClocks()
  const time = new RetentionClock(clock)
  time.read()
  clock.pass(300_000)
  expect(time.read()).toBe(100 * DAY + 300_000)
})

test('a leap forward is believed only after two more readings agree with it', () => {
  const clock = new TwoClocks()
  const time = new RetentionClock(clock)
  time.read()
  clock.wallMs += 30 * DAY
  clock.pass(300_000)
  expect(time.read()).toBe(100 * DAY + 300_000)
  expect(time.isDoubting).toBe(true)
  clock.pass(300_000)
  expect(time.read()).toBe(100 * DAY + 600_000)
  clock.pass(300_000)
  expect(time.read()).toBe(130 * DAY + 900_000)
  expect(time.isDoubting).toBe(false)
})

test('readings right after one another confirm nothing', () => {
  const clock = new TwoClocks()
  const time = new RetentionClock(clock)
  time.read()
  clock.wallMs += 30 * DAY
  for (let i = 0; i < 10; i++) expect(time.read()).toBe(100 * DAY)
})

test('a leap that is taken back deletes nothing', () => {
  const clock = new TwoClocks()
  const time = new RetentionClock(clock)
  time.read()
  clock.wallMs += 30 * DAY
  clock.pass(300_000)
  time.read()
  clock.wallMs -= 30 * DAY
  clock.pass(300_000)
  expect(time.read()).toBe(100 * DAY + 600_000)
  expect(time.isDoubting).toBe(false)
})

test('each further leap must be confirmed anew', () => {
  const clock = new TwoClocks()
  const time = new RetentionClock(clock)
  time.read()
  for (let i = 0; i < 6; i++) {
    clock.wallMs += DAY
    clock.pass(300_000)
    expect(time.read()).toBe(100 * DAY + (i + 1) * 300_000)
  }
})

test('a clock that goes back is followed at once', () => {
  const clock = new TwoClocks()
  const time = new RetentionClock(clock)
  time.read()
  clock.wallMs -= 5 * DAY
  expect(time.read()).toBe(95 * DAY)
})
