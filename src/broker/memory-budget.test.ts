import { expect, test } from 'vitest'
import { MemoryBudget } from './memory-budget.ts'

test('is exhausted above its bound, and has room again at three quarters of it', () => {
  const budget = new MemoryBudget(100)
  budget.take(100)
  expect(budget.isExhausted).toBe(false)
  budget.take(1)
  expect(budget.isExhausted).toBe(true)
  let resumed = 0
  budget.whenRoom(() => resumed++)
  budget.give(25)
  expect([budget.isExhausted, resumed]).toEqual([true, 0])
  budget.give(1)
  expect([budget.isExhausted, resumed, budget.bytes]).toEqual([false, 1, 75])
})

test('wakes who waits once, however often it asked, and not who is gone', () => {
  const budget = new MemoryBudget(100)
  budget.take(200)
  const woken: string[] = []
  const resume = () => woken.push('stays')
  const gone = () => woken.push('gone')
  budget.whenRoom(resume)
  budget.whenRoom(resume)
  budget.whenRoom(gone)
  budget.forget(gone)
  budget.give(200)
  expect(woken).toEqual(['stays'])
})

test('lets one unfinished request after the other go on when unfinished ones have filled it', () => {
  const budget = new MemoryBudget(100)
  const [first, second] = [{}, {}]
  budget.take(200)
  expect([budget.mayFinish(first), budget.mayFinish(second), budget.mayFinish(first)]).toEqual([
    true,
    false,
    true,
  ])
  let woken = 0
  budget.whenRoom(() => woken++)
  budget.hasFinished(second)
  expect(woken).toBe(0)
  budget.hasFinished(first)
  expect(woken).toBe(1)
  expect(budget.mayFinish(second)).toBe(true)
})
