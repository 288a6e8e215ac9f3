/**
 * The storage core through thousands of crashes: random work on several logs (appends under all policies of syncing, moves of the start), a crash at a random operation of the disk (power cut or
 * kill -9), sometimes another in the middle of recovery; then what survived is compared with what was promised.
 *
 * `LOGGERHEAD_CRASH_RUNS` sets the number of crashes (the long form), `LOGGERHEAD_SEED` replays one seed.
 */
import { expect, test } from 'vitest'
import { SeededRandom } from '../src/base/random.ts'
import type { LogSettings } from '../src/storage/log/log-settings.ts'
import type { LogModel } from './support/log-model.ts'
import { type Crash, LogWorld } from './support/log-world.ts'

const CRASHES = Number(process.env.LOGGERHEAD_CRASH_RUNS ?? 2_000)
const CRASHES_PER_SEED = 5
const TOPICS = ['red', 'green', 'blue']
const PRODUCERS = [7, 8]

const SYNC_POLICIES: Partial<LogSettings>[] = [
  { syncEveryRecords: 1 },
  { syncEveryRecords: 1 },
  { syncEveryRecords: 5 },
  { syncEveryRecords: 5, syncEveryMs: 400 },
  { syncEveryRecords: Number.POSITIVE_INFINITY },
  { syncEveryRecords: Number.POSITIVE_INFINITY, syncEveryMs: 700 },
]

function pick<T>(world: LogWorld, from: readonly T[]): T {
  return from[world.random.below(from.length)]!
}

function settingsOf(world: LogWorld): Partial<LogSettings> {
  const segmentBytes = pick(world, [1_500, 4_000, 20_000, 2 ** 30])
  return { ...pick(world, SYNC_POLICIES), segmentBytes, indexIntervalBytes: pick(world, [1, 300, 4_096]) }
}

function drawCrash(world: LogWorld): Crash {
  const { random } = world
  const kind = random.below(8)
  if (kind < 3) return 'kill'
  if (kind === 3) return { keep: 'none' }
  return { random, order: kind < 6 ? 'weak' : 'strict' }
}

/** One step of the work; what it begins is not always waited for. */
async function step(world: LogWorld): Promise<boolean> {
  const { random } = world
  const live = [...world.models.values()].filter(model => model.log !== undefined)
  const model = live.length > 0 ? pick(world, live) : undefined
  const dice = random.below(20)
  if (!model || dice === 0) return createOne(world)
  if (dice < 12) return appendSome(world, model)
  if (dice < 14) return readOne(world, model)
  if (dice === 14) return checkpoint(world)
  if (dice === 15) return pass(world, random.below(900))
  if (dice === 16) return pass(world, 0)
  if (dice === 17 && random.below(3) === 0) return deleteOne(world, model)
  if (dice === 17) return moveStart(world, model)
  if (dice === 18) void checkpoint(world).catch(() => {})
  return true
}

async function appendSome(world: LogWorld, model: LogModel): Promise<boolean> {
  const { random } = world
  const appended: Promise<void>[] = []
  for (let left = random.below(5); left >= 0; left--) {
    const bytes = random.below(4) === 0 ? 2_000 + random.below(3_000) : 60 + random.below(900)
    const producerId = random.below(2) === 0 ? pick(world, PRODUCERS) : -1
    appended.push(world.append(model, bytes, producerId))
    if (random.below(3) === 0)
      model = pick(
        world,
        [...world.models.values()].filter(one => one.log !== undefined),
      )
  }
  const done = Promise.all(
    appended.map(one => one.catch(error => (world.isDead ? undefined : Promise.reject(error)))),
  )
  if (random.below(3) === 0) {
    done.catch(() => {})
    return !world.isDead
  }
  return world.until(done)
}

async function createOne(world: LogWorld): Promise<boolean> {
  const missing = TOPICS.filter(topic => !world.models.has(topic))
  return missing.length === 0 || world.create(pick(world, missing), settingsOf(world))
}

async function deleteOne(world: LogWorld, model: LogModel): Promise<boolean> {
  const deleted = world.delete(model.topic)
  if (world.random.below(2) === 0) return deleted
  // Made again at once, perhaps while the old folder still has its name.
  const created = world.create(model.topic, settingsOf(world), model.directory)
  return (await deleted) && (await created)
}

async function moveStart(world: LogWorld, model: LogModel): Promise<boolean> {
  const { random } = world
  const { startOffset, endOffset } = model.log!
  const moved = world.moveStart(model, startOffset + random.below(endOffset - startOffset + 2))
  if (random.below(2) === 0) return world.until(moved)
  moved.catch(() => {})
  return !world.isDead
}

async function readOne(world: LogWorld, model: LogModel): Promise<boolean> {
  const log = model.log!
  const limit = log.visibleEnd
  const batch = model.batches.length > 0 ? pick(world, model.batches) : undefined
  if (!batch || batch.endOffset > limit || batch.baseOffset < log.startOffset) return true
  const offset = batch.baseOffset + world.random.below(batch.endOffset - batch.baseOffset)
  const bytesMax = 1 + world.random.below(6_000)
  const expected = model.batches.indexOf(batch)
  return world.until(
    Promise.resolve(log.read(offset, bytesMax, limit, true)).then(({ parts, leases }) => {
      const bytes = Buffer.concat(parts)
      for (const lease of leases) lease.release()
      let at = 0
      for (const next of model.batches.slice(expected)) {
        if (at >= bytes.length) break
        if (!bytes.subarray(at, at + next.bytes.length).equals(next.bytes))
          throw new Error(`wrong bytes at ${next.baseOffset}`)
        at += next.bytes.length
      }
      if (at === 0) throw new Error('nothing was read')
      if (at > Math.max(bytesMax, batch.bytes.length))
        throw new Error(`${at} bytes are more than ${bytesMax}`)
    }),
  )
}

async function checkpoint(world: LogWorld): Promise<boolean> {
  const covered = [...world.models.values()].map(model => model.batches.filter(batch => batch.isAcked))
  const alive = await world.until(Promise.all(world.directories.map(directory => directory.checkpoint())))
  if (alive) for (const batch of covered.flat()) batch.isDurable = true
  return alive
}

/** Time passes, and when all is quiet what waited for `flush.ms` is durable. */
async function pass(world: LogWorld, ms: number): Promise<boolean> {
  world.clock.pass(ms)
  if (world.random.below(2) === 0) return !world.isDead
  await world.settle()
  return !world.isDead
}

/** Opens what a crash left; now and then the machine stops again on the way. */
async function recover(world: LogWorld): Promise<boolean> {
  let afterPowerCut = false
  for (;;) {
    const crash = drawCrash(world)
    if (crash !== 'kill') afterPowerCut = true
    world.crash(crash)
    if (world.random.below(4) === 0) world.stopBefore(1 + world.random.below(40))
    if (await world.open()) return afterPowerCut
  }
}

async function runSeed(seed: number): Promise<number> {
  const random = new SeededRandom(seed)
  const world = new LogWorld({
    random,
    roots: random.below(4) === 0 ? ['/a', '/b'] : ['/a'],
    fileSyncKeepsName: random.below(2) === 0,
  })
  await world.open()
  let crashes = 0
  while (crashes < CRASHES_PER_SEED) {
    world.stopBefore(1 + random.below(random.below(2) === 0 ? 40 : 250))
    let steps = 5 + random.below(60)
    while (steps-- > 0 && !world.isDead && (await step(world)));
    if (!world.isDead) world.disk.beforeChange = undefined
    if (!world.isDead && random.below(3) === 0) {
      world.stopBefore(1 + random.below(60))
      await world.close()
    }
    const seen = [...world.models.values()].map(model => ({ model, visibleEnd: model.log?.visibleEnd ?? 0 }))
    if (!world.isDead && world.failures.length > 0) throw world.failures[0]
    const afterPowerCut = await recover(world)
    world.disk.beforeChange = undefined
    crashes++
    await world.check(afterPowerCut)
    for (const { model, visibleEnd } of seen) {
      const isSafe = !afterPowerCut || model.settings.syncEveryRecords === 1
      if (isSafe)
        expect(model.endOffset, `what readers of ${model.name} saw survives`).toBeGreaterThanOrEqual(
          visibleEnd,
        )
    }
    for (const model of world.models.values()) await model.checkLookups()
  }
  return crashes
}

test(`${CRASHES} crashes at random lose nothing that was promised`, { timeout: 3_600_000 }, async () => {
  const only = process.env.LOGGERHEAD_SEED
  const seeds = only
    ? [Number(only)]
    : Array.from({ length: Math.ceil(CRASHES / CRASHES_PER_SEED) }, (_, i) => i + 1)
  for (const seed of seeds) {
    await runSeed(seed).catch(error => {
      throw new Error(`LOGGERHEAD_SEED=${seed}: ${error.message}`, { cause: error })
    })
  }
})
