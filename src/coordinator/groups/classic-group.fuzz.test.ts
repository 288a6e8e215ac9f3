import { expect, test } from 'vitest'
import { GroupWorld } from '../../../test/support/group-world.ts'

const firstSeed = Number(process.env.SEED ?? 1)
const runs = process.env.SEED ? 1 : Number(process.env.RUNS ?? 150)

test('random members, clocks and crashes keep every promise of a group (SEED=n repeats one run)', () => {
  const seen = new Map<string, number>()
  for (let seed = firstSeed; seed < firstSeed + runs; seed++) {
    const world = new GroupWorld(seed)
    try {
      for (let step = 0; step < 600; step++) world.step()
      world.finish()
    } catch (error) {
      throw new Error(`SEED=${seed}: ${(error as Error).message}\n${world.history.slice(-30).join('\n')}`, {
        cause: error,
      })
    }
    for (const [event, count] of world.counts) seen.set(event, (seen.get(event) ?? 0) + count)
  }
  if (runs === 1) return
  // A run in which nothing happens proves nothing.
  for (const event of [
    'assigned',
    'expired',
    'crash',
    'fenced',
    'old commit refused',
    'rebalance',
    'took over',
  ]) {
    expect(seen.get(event) ?? 0, event).toBeGreaterThan(20)
  }
})
