import { expect, test } from 'vitest'
import { ManualClock } from '../../test/support/manual-clock.ts'
import { PLAIN_RULES } from '../../test/support/partition-rules.ts'
import { BufferPool } from '../base/buffer-pool.ts'
import { silentLogger } from '../base/logger.ts'
import { MemoryDisk, type PowerCut } from '../base/memory-disk.ts'
import { SeededRandom } from '../base/random.ts'
import { buildBatch, readRecords } from '../protocol/record.ts'
import { batchPositions } from '../protocol/record-batch.ts'
import { Cleaner } from '../storage/log/cleaner.ts'
import { DEFAULT_LOG_SETTINGS, type LogSettings } from '../storage/log/log-settings.ts'
import { ProducerLimit } from '../storage/log/producer-limit.ts'
import { RetentionClock } from '../storage/log/retention-clock.ts'
import { TailCache } from '../storage/log/tail-cache.ts'
import { LogDirectory } from '../storage/log-directory.ts'
import { Cluster } from './cluster.ts'
import { Metadata } from './metadata.ts'
import type { Partition } from './partition.ts'

const SETTINGS: LogSettings = { ...DEFAULT_LOG_SETTINGS, segmentBytes: 1_200, indexIntervalBytes: 200 }

interface World {
  disk: MemoryDisk
  clock: ManualClock
  directories: LogDirectory[]
  cluster: Cluster
}

/** A node with two log directories on one disk. The metadata is in /a, and so the first partition goes to /b. */
async function open(disk: MemoryDisk, settings = SETTINGS): Promise<World> {
  const clock = new ManualClock()
  const cache = new TailCache(1_000)
  const producers = { expirationMs: 86_400_000, limit: new ProducerLimit(1_000) }
  const directories: LogDirectory[] = []
  for (const [i, root] of ['/a', '/b'].entries()) {
    directories.push(
      await LogDirectory.open({
        disk,
        clock,
        logger: silentLogger,
        pool: new BufferPool(),
        cache,
        producers,
        root,
        directoryId: Buffer.alloc(16, i + 1),
        journalBytes: 64 << 10,
        directBytes: 2_000,
        onOffline: () => {},
      }),
    )
  }
  const cluster = await Cluster.open({
    directories,
    metadata: new Metadata(),
    clusterId: 'cluster',
    clock,
    random: new SeededRandom(1),
    logger: silentLogger,
    controller: { nodeId: 1, defaultPartitions: 1, defaultReplicationFactor: 1 },
    metadataLog: DEFAULT_LOG_SETTINGS,
    settingsOf: () => ({ log: settings, rules: PLAIN_RULES }),
  })
  return { disk, clock, directories, cluster }
}

async function openNew(settings = SETTINGS): Promise<World> {
  const world = await open(new MemoryDisk({ folders: ['/a', '/b'] }), settings)
  const topic = {
    name: 't',
    partitions: 1,
    replicationFactor: 1,
    assignments: new Map(),
    configs: () => new Map(),
  }
  await world.cluster.createTopics([topic], false)
  return world
}

const partitionOf = ({ cluster }: World): Partition => cluster.partitions.require('t', 0)

/** Appends as a handler does; resolves when it is acknowledged. */
async function append(partition: Partition, value: string, key?: string): Promise<void> {
  while (partition.pause) await partition.pause
  const record = { key, value: `${value} ${'x'.repeat(300)}`, timestamp: 1 }
  await partition.append(buildBatch([record]), null).done
}

async function appendMany(partition: Partition, from: number, to: number): Promise<string[]> {
  const values: string[] = []
  for (let i = from; i < to; i++) {
    await append(partition, `${i}`)
    values.push(`${i}`)
  }
  return values
}

async function readAll(partition: Partition): Promise<string[]> {
  const values: string[] = []
  for (let offset = partition.logStartOffset; offset < partition.highWatermark; ) {
    const slice = await partition.read(offset, 1_000, 0, true)
    for (const part of slice.parts) {
      for (const at of batchPositions(part)) {
        values.push(...readRecords(part, at).map(({ value }) => value!.toString().split(' ')[0]!))
      }
    }
    if (slice.nextOffset === offset) throw new Error(`nothing at ${offset}`)
    offset = slice.nextOffset
  }
  return values
}

const turn = () => new Promise(resolve => setImmediate(resolve))

/** Moves the partition; resolves when the move has ended, however it did. */
async function move(world: World, to: '/a' | '/b'): Promise<void> {
  world.cluster.moves.begin(partitionOf(world), world.directories.find(({ root }) => root === to)!)
  await ended(world)
}

async function ended({ cluster }: World): Promise<void> {
  while (cluster.moves.count > 0) await turn()
}

async function close({ cluster, directories }: World): Promise<void> {
  await cluster.moves.close()
  for (const directory of directories) await directory.close()
}

/** The partition's folders in both directories, under whichever name. */
async function folders(disk: MemoryDisk): Promise<string[]> {
  const names: string[] = []
  for (const root of ['/a', '/b']) {
    for (const name of await disk.list(root)) if (name.startsWith('t-')) names.push(`${root}/${name}`)
  }
  return names
}

test('a partition without a record moves without a folder', async () => {
  const world = await openNew()
  await move(world, '/a')
  expect(partitionOf(world).log.root).toBe('/a')
  expect(await folders(world.disk)).toEqual([])
  const values = await appendMany(partitionOf(world), 0, 3)
  await close(world)
  const again = await open(world.disk.kill())
  expect(await readAll(partitionOf(again))).toEqual(values)
  expect(await folders(again.disk)).toEqual(['/a/t-0'])
})

test('it moves there and back, with what is appended meanwhile, and each start finds it where it is', async () => {
  let world = await openNew()
  const values = await appendMany(partitionOf(world), 0, 12)
  for (const to of ['/a', '/b', '/a'] as const) {
    const partition = partitionOf(world)
    const epoch = partition.leaderEpoch
    const moving = move(world, to)
    values.push(...(await appendMany(partition, values.length, values.length + 8)))
    await moving
    expect(partition.log.root).toBe(to)
    expect(partition.leaderEpoch).toBe(epoch)
    values.push(...(await appendMany(partition, values.length, values.length + 3)))
    expect(await readAll(partition)).toEqual(values)
    expect(await folders(world.disk)).toEqual([`${to}/t-0`])
    if (to === '/a') await close(world)
    world = await open(to === '/a' ? world.disk.kill() : world.disk.crash())
    expect(partitionOf(world).log.root).toBe(to)
    expect(await readAll(partitionOf(world))).toEqual(values)
  }
})

test('where the log begins, who produced and the gaps of compaction move along', async () => {
  const settings = {
    ...SETTINGS,
    isCompacted: true,
    isDeleted: true,
    minCleanableDirtyRatio: 0,
    deleteRetentionMs: 0,
  }
  const world = await openNew(settings)
  const partition = partitionOf(world)
  for (let i = 0; i < 20; i++) await append(partition, `${i}`, `key ${i % 3}`)
  await partition.deleteRecordsBefore(2)
  const { directories, clock } = world
  const cleaner = new Cleaner({
    directories,
    clock,
    time: new RetentionClock(clock),
    logger: silentLogger,
    backoffMs: 1,
    keyBytesMax: 1 << 20,
  })
  let isCleaned = false
  const cleaning = cleaner.run().then(() => {
    isCleaned = true
  })
  while (!isCleaned) await clock.advance(1)
  await cleaning
  const before = await readAll(partition)
  expect(before.length).toBeLessThan(18)
  await move(world, '/a')
  expect(partition.log.root).toBe('/a')
  expect(partition.logStartOffset).toBe(2)
  expect(partition.log.cleanedTo).toBeGreaterThan(0)
  expect(await readAll(partition)).toEqual(before)
  await close(world)
  const again = await open(world.disk.kill(), settings)
  expect(partitionOf(again).logStartOffset).toBe(2)
  expect(await readAll(partitionOf(again))).toEqual(before)
})

test.each<[string, 'EIO' | 'ENOSPC', string]>([
  ['the copy cannot be written', 'ENOSPC', '-future'],
  ['the log cannot be read', 'EIO', '/b/t-0'],
])('when %s, the partition stays where it is and is served', async (_name, code, path) => {
  const world = await openNew()
  const values = await appendMany(partitionOf(world), 0, 12)
  await world.directories[1]!.checkpoint()
  world.disk.fail({ on: code === 'EIO' ? 'read' : 'write', path, code })
  await move(world, '/a')
  expect(partitionOf(world).log.root).toBe('/b')
  expect(await folders(world.disk)).toEqual(['/b/t-0'])
  values.push(...(await appendMany(partitionOf(world), 12, 15)))
  expect(await readAll(partitionOf(world))).toEqual(values)
  await move(world, '/a') // the fault is over
  expect(partitionOf(world).log.root).toBe('/a')
  expect(await readAll(partitionOf(world))).toEqual(values)
})

test('a move whose record cannot be told to be there leaves both replicas to the next start', async () => {
  const world = await openNew()
  const values = await appendMany(partitionOf(world), 0, 6)
  const placedThen = (path: string) => path.startsWith('/a/journal')
  let writes = 0
  world.disk.beforeChange = ({ kind, path }) => {
    if (kind !== 'write' || !placedThen(path)) return
    writes++
    // The first is the entry of the replica that is placed, the second the record of the metadata.
    if (writes === 2) world.disk.fail({ on: 'write', path: '/a/journal', code: 'EIO', bytes: 4_096 })
  }
  await move(world, '/a')
  expect(world.directories[0]!.isOffline).toBe(true)
  await expect(append(partitionOf(world), 'lost')).rejects.toMatchObject({ code: 56 })
  expect(await folders(world.disk)).toEqual(['/a/t-0', '/b/t-0'])
  const again = await open(world.disk.kill())
  expect(await readAll(partitionOf(again))).toEqual(values)
  expect(await folders(again.disk)).toHaveLength(1)
})

/** Stops the machine before the N-th change of a move; gives false when the move had fewer. */
async function crashAt(number: number, crash: PowerCut): Promise<boolean> {
  const world = await openNew()
  const values = await appendMany(partitionOf(world), 0, 7)
  await world.directories[1]!.checkpoint()
  values.push(...(await appendMany(partitionOf(world), 7, 10)))
  const last = world.disk.changes + number
  let isDead = false
  world.disk.beforeChange = change => {
    if (change.number < last) return
    isDead = true
    world.disk.powerOff()
  }
  const moving = move(world, '/a')
  const appended: string[] = []
  for (let i = 10; i < 14 && !isDead; i++) {
    await append(partitionOf(world), `${i}`).then(
      () => void appended.push(`${i}`),
      () => {},
    )
  }
  await moving
  if (!isDead) return false
  const again = await open(world.disk.crash(crash))
  const promised = [...values, ...appended]
  expect((await readAll(partitionOf(again))).slice(0, promised.length)).toEqual(promised)
  expect(await folders(again.disk)).toEqual([`${partitionOf(again).log.root}/t-0`])
  await append(partitionOf(again), 'more')
  await move(again, partitionOf(again).log.root === '/a' ? '/b' : '/a')
  expect((await readAll(partitionOf(again))).at(-1)).toBe('more')
  expect(await folders(again.disk)).toHaveLength(1)
  return true
}

test.each<[string, (number: number) => PowerCut]>([
  ['a power cut that loses what was not synced', () => ({ keep: 'none' })],
  ['a power cut that keeps any part of it', number => ({ order: 'weak', random: new SeededRandom(number) })],
])('one whole replica is left by %s before any change of a move', async (_name, crash) => {
  for (let number = 1; ; number++) {
    const isDead = await crashAt(number, crash(number)).catch(error => {
      throw new Error(`before change ${number}: ${error.message}`, { cause: error })
    })
    if (isDead) continue
    expect(number).toBeGreaterThan(20)
    return
  }
})
