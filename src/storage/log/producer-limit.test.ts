import { expect, test } from 'vitest'
import { type ProducerHolder, ProducerLimit } from './producer-limit.ts'

/** Holds so many producers, of which all but `kept` may be forgotten. */
class Holder implements ProducerHolder {
  producerCount = 0
  kept = 0
  readonly #limit: ProducerLimit

  constructor(limit: ProducerLimit, producers: number) {
    this.#limit = limit
    limit.add(this)
    for (let i = 0; i < producers; i++) this.enter()
  }

  enter(): void {
    this.producerCount++
    this.#limit.enter(this)
  }

  forgetOldest(): boolean {
    if (this.producerCount <= this.kept) return false
    this.producerCount--
    this.#limit.leave()
    return true
  }
}

test('forgets none up to the bound, and one for each beyond it', () => {
  const limit = new ProducerLimit(10)
  const holder = new Holder(limit, 10)
  expect(limit.forgottenCount).toBe(0)
  for (let i = 0; i < 5; i++) holder.enter()
  expect(limit.count).toBe(10)
  expect(limit.forgottenCount).toBe(5)
})

test('lets the fullest partition pay for a flood', () => {
  const limit = new ProducerLimit(20)
  const quiet = new Holder(limit, 3)
  const flood = new Holder(limit, 1_000)
  expect(quiet.producerCount).toBe(3)
  expect(flood.producerCount).toBe(17)
  quiet.enter()
  expect(quiet.producerCount).toBe(4)
})

test('finds the one partition among many that can pay', () => {
  const limit = new ProducerLimit(41)
  const holders = Array.from({ length: 40 }, () => new Holder(limit, 1))
  for (const holder of holders) holder.kept = 1
  const payer = holders[35]!
  payer.kept = 0
  for (const holder of holders.slice(0, 2)) {
    holder.kept = 2
    holder.enter()
  }
  expect(limit.count).toBe(41)
  expect(payer.producerCount).toBe(0)
})

test('goes over the bound when every producer must stay', () => {
  const limit = new ProducerLimit(1)
  const holder = new Holder(limit, 1)
  holder.kept = 9
  holder.enter()
  expect(limit.count).toBe(2)
  expect(limit.forgottenCount).toBe(0)
})

test('no longer counts a closed partition', () => {
  const limit = new ProducerLimit(10)
  const holder = new Holder(limit, 4)
  limit.remove(holder)
  limit.remove(holder)
  expect(limit.count).toBe(0)
})
