import { expect, test } from 'vitest'
import { ManualClock } from '../../test/support/manual-clock.ts'
import { SeededRandom } from '../base/random.ts'
import { Deadlines } from './deadlines.ts'

class Sleeper {
  wakeAt: number
  readonly woken: number[] = []
  readonly #clock: ManualClock

  constructor(clock: ManualClock, wakeAt: number) {
    this.#clock = clock
    this.wakeAt = wakeAt
  }

  wake(): void {
    this.woken.push(this.#clock.mono())
    this.wakeAt = Number.POSITIVE_INFINITY
  }
}

test('wakes each sleeper at its time, with one timer for all', async () => {
  const clock = new ManualClock()
  const deadlines = new Deadlines(clock)
  const random = new SeededRandom(7)
  const sleepers = Array.from({ length: 500 }, () => new Sleeper(clock, random.below(10_000)))
  const wanted = sleepers.map(({ wakeAt }) => [wakeAt])
  for (const sleeper of sleepers) deadlines.watch(sleeper)
  expect(clock.timers).toBe(1)
  await clock.advance(10_000)
  expect(sleepers.map(({ woken }) => woken)).toEqual(wanted)
  expect(clock.timers).toBe(0)
})

test('a deadline may move away without a call, and nearer with one', async () => {
  const clock = new ManualClock()
  const deadlines = new Deadlines(clock)
  const sleeper = new Sleeper(clock, 100)
  deadlines.watch(sleeper)
  for (const wakeAt of [200, 300]) {
    sleeper.wakeAt = wakeAt
    await clock.advance(90)
  }
  expect(sleeper.woken).toEqual([])
  sleeper.wakeAt = 190
  deadlines.watch(sleeper)
  await clock.advance(1_000)
  expect(sleeper.woken).toEqual([190])
})

test('a thousand heartbeats leave one entry', async () => {
  const clock = new ManualClock()
  const deadlines = new Deadlines(clock)
  const sleeper = new Sleeper(clock, 100)
  for (let i = 0; i < 1_000; i++) {
    sleeper.wakeAt = clock.mono() + 100
    deadlines.watch(sleeper)
    if (i % 100 === 0) await clock.advance(10)
  }
  expect(deadlines.size).toBe(1)
})

test('a sleeper that is forgotten is not woken', async () => {
  const clock = new ManualClock()
  const deadlines = new Deadlines(clock)
  const sleeper = new Sleeper(clock, 100)
  deadlines.watch(sleeper)
  sleeper.wakeAt = Number.POSITIVE_INFINITY
  deadlines.forget(sleeper)
  await clock.advance(200)
  expect(sleeper.woken).toEqual([])
  expect(clock.timers).toBe(0)
})

test('after the process stood still, input that has arrived is heard before anyone is taken for gone', async () => {
  const clock = new ManualClock()
  const deadlines = new Deadlines(clock)
  const alive = new Sleeper(clock, 1_000)
  const gone = new Sleeper(clock, 1_000)
  deadlines.watch(alive)
  deadlines.watch(gone)
  clock.freeze(30_000)
  await clock.advance(1)
  alive.wakeAt = clock.mono() + 1_000
  await clock.advance(600)
  expect([alive.woken.length, gone.woken.length]).toEqual([0, 1])
  await clock.advance(600)
  expect(alive.woken.length).toBe(1)
})

test('closing leaves no timer behind', () => {
  const clock = new ManualClock()
  const deadlines = new Deadlines(clock)
  deadlines.watch(new Sleeper(clock, 100))
  deadlines.close()
  expect(clock.timers).toBe(0)
})
