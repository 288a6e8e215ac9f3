import { expect, test } from 'vitest'
import { inLanes } from './lanes.ts'

test('runs over all items, no more at once than there are lanes', async () => {
  let running = 0
  let most = 0
  const seen: number[] = []
  await inLanes(3, Array.from({ length: 20 }, (_, i) => i).values(), async item => {
    most = Math.max(most, ++running)
    await undefined
    seen.push(item)
    running--
  })
  expect(seen.sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, i) => i))
  expect(most).toBe(3)
})

test('rejects with a failure', async () => {
  const failing = inLanes(2, [1, 2, 3], async item => {
    if (item === 2) throw new Error('no')
  })
  await expect(failing).rejects.toThrow('no')
})

test('has nothing to do without items', async () => {
  await inLanes(2, [], async () => {
    throw new Error('never called')
  })
})
