/** One script of everything a log directory does, stopped before each of its changes to the disk in turn. */
import { expect, test } from 'vitest'
import { SeededRandom } from '../src/base/random.ts'
import { type Crash, LogWorld } from './support/log-world.ts'

const STEPS: ((world: LogWorld) => Promise<boolean> | Promise<void>)[] = [
  world => world.create('red', { segmentBytes: 3_000, syncEveryRecords: 1 }, 0),
  world => world.create('blue', { syncEveryRecords: 4 }, 0),
  world => append(world, 'red', 300),
  world => append(world, 'blue', 200, 200, 200),
  world => append(world, 'red', 2_500), // straight to the segment
  world => append(world, 'red', 900, 900), // rolls
  world => checkpoint(world),
  world => append(world, 'red', 100),
  world => append(world, 'blue', 100, 2_200, 100),
  async world => world.clock.pass(600), // what the journal holds is brought to its place
  world => world.settle(),
  world => append(world, 'red', 2_900, 2_900),
  world => world.delete('blue'),
  world => world.create('blue', { syncEveryRecords: 1 }, 0),
  world => append(world, 'blue', 150),
  world => append(world, 'red', 700, 700, 700, 700),
  world => world.close(),
]

async function append(world: LogWorld, topic: string, ...sizes: number[]): Promise<boolean> {
  const model = world.models.get(topic)!
  const appended: Promise<void>[] = []
  for (const bytes of sizes) if (!world.isDead) appended.push(world.append(model, bytes, 7))
  return world.until(Promise.all(appended))
}

async function checkpoint(world: LogWorld): Promise<boolean> {
  const acked = [...world.models.values()].flatMap(model => model.batches.filter(batch => batch.isAcked))
  const alive = await world.until(world.directories[0]!.checkpoint())
  if (alive) for (const batch of acked) batch.isDurable = true
  return alive
}

/** Runs the script up to its N-th change, and gives the number of changes if it came to its end. */
async function runUpTo(number: number, crash: Crash): Promise<number | undefined> {
  const world = new LogWorld({ random: new SeededRandom(1), roots: ['/a'] })
  let changes = 0
  world.stopBefore(number, change => {
    changes = change.number
  })
  let alive = await world.open()
  for (const step of STEPS) if (alive && !world.isDead) alive = (await step(world)) !== false
  const isWhole = !world.isDead
  world.crash(crash)
  expect(await world.open()).toBe(true)
  await world.check(crash !== 'kill')
  if (crash === 'kill') {
    // What the killed process had not synced is at stake until the start that follows is through.
    world.crash({ order: 'weak', random: new SeededRandom(number) })
    expect(await world.open()).toBe(true)
    await world.check(true)
  }
  for (const model of world.models.values()) {
    const before = model.endOffset
    await world.append(model, 200)
    expect(model.endOffset).toBeGreaterThan(before)
    await model.checkLookups()
  }
  return isWhole ? changes : undefined
}

test.each<[string, (number: number) => Crash]>([
  ['kill -9, and a power cut after the next start,', () => 'kill'],
  ['a power cut that loses what was not synced', () => ({ keep: 'none' })],
  [
    'a power cut that keeps a part of it in order',
    number => ({ order: 'strict', random: new SeededRandom(number) }),
  ],
  ['a power cut that keeps any part of it', number => ({ order: 'weak', random: new SeededRandom(number) })],
])('every log survives %s before any change', async (_name, crash) => {
  for (let number = 1; ; number++) {
    const changes = await runUpTo(number, crash(number)).catch(error => {
      throw new Error(`before change ${number}: ${error.message}`, { cause: error })
    })
    if (changes === undefined) continue
    expect(changes).toBeGreaterThan(100)
    return
  }
})
