/** Topics that are created, extended, deleted and written to at once, on a disk that takes its time. */
import { expect, test } from 'vitest'
import { ManualClock } from '../../test/support/manual-clock.ts'
import { PLAIN_RULES } from '../../test/support/partition-rules.ts'
import { BufferPool } from '../base/buffer-pool.ts'
import { silentLogger } from '../base/logger.ts'
import { MemoryDisk } from '../base/memory-disk.ts'
import { SeededRandom } from '../base/random.ts'
import { KafkaError } from '../protocol/errors.ts'
import { buildBatch, readRecords } from '../protocol/record.ts'
import { batchPositions } from '../protocol/record-batch.ts'
import { DEFAULT_LOG_SETTINGS } from '../storage/log/log-settings.ts'
import { ProducerLimit } from '../storage/log/producer-limit.ts'
import { TailCache } from '../storage/log/tail-cache.ts'
import { LogDirectory } from '../storage/log-directory.ts'
import { Cluster } from './cluster.ts'
import { Metadata, type TopicImage } from './metadata.ts'
import type { Partition } from './partition.ts'
import type { TopicSettings } from './partitions.ts'

const turn = () => new Promise<void>(resolve => setImmediate(resolve))

/** A disk whose operations take between none and so many turns of the event loop. */
function slowDisk(random: SeededRandom, turnsMax: number): MemoryDisk {
  const wait = (turns: number, run: () => void) => {
    if (turns === 0) run()
    else setImmediate(() => wait(turns - 1, run))
  }
  return new MemoryDisk({ folders: ['/a'], schedule: run => wait(random.below(turnsMax + 1), run) })
}

interface World {
  disk: MemoryDisk
  directory: LogDirectory
  cluster: Cluster
}

async function open(
  disk: MemoryDisk,
  settingsOf: (topic: string) => TopicSettings = () => ({ log: DEFAULT_LOG_SETTINGS, rules: PLAIN_RULES }),
): Promise<World> {
  const clock = new ManualClock()
  const directory = await LogDirectory.open({
    disk,
    clock,
    logger: silentLogger,
    pool: new BufferPool(),
    cache: new TailCache(1_000),
    producers: { expirationMs: 86_400_000, limit: new ProducerLimit(1_000) },
    root: '/a',
    directoryId: Buffer.alloc(16, 1),
    journalBytes: 256 << 10,
    onOffline: () => {},
  })
  const cluster = await Cluster.open({
    directories: [directory],
    metadata: new Metadata(),
    clusterId: 'cluster',
    clock,
    random: new SeededRandom(1),
    logger: silentLogger,
    controller: { nodeId: 1, defaultPartitions: 1, defaultReplicationFactor: 1 },
    metadataLog: DEFAULT_LOG_SETTINGS,
    settingsOf,
  })
  return { disk, directory, cluster }
}

async function create({ cluster }: World, name: string, partitions = 1): Promise<TopicImage | KafkaError> {
  const topic = { name, partitions, replicationFactor: 1, assignments: new Map(), configs: () => new Map() }
  return (await cluster.createTopics([topic], false))[0]!
}

async function created(world: World, name: string, partitions = 1): Promise<TopicImage> {
  const topic = await create(world, name, partitions)
  if (topic instanceof KafkaError) throw topic
  return topic
}

async function append(partition: Partition, value: string): Promise<void> {
  await partition.append(buildBatch([{ value, timestamp: 1 }]), null).done
}

async function readAll(partition: Partition): Promise<string[]> {
  const values: string[] = []
  for (let offset = partition.logStartOffset; offset < partition.highWatermark; ) {
    const slice = await partition.read(offset, 1 << 20, 0, true)
    for (const part of slice.parts) {
      for (const at of batchPositions(part)) {
        for (const { value } of readRecords(part, at)) values.push(String(value))
      }
    }
    offset = slice.nextOffset
  }
  return values
}

/** The logs that are open are those of the metadata, no other, and each partition writes to the one that is known. */
function expectInLine({ cluster, directory }: World): void {
  const wanted: string[] = []
  for (const { name, topicId, partitions } of cluster.metadata.topics) {
    for (const index of partitions.keys()) {
      const partition = cluster.partitions.require(name, index)
      expect(partition.topicId).toBe(topicId)
      expect(cluster.partitions.findById(topicId, index)).toBe(partition)
      expect(directory.findLog(partition.log.identity)).toBe(partition.log)
      wanted.push(partition.log.folder)
    }
  }
  const present = [...directory.logs].map(log => log.folder).filter(name => !name.startsWith('__cluster'))
  expect(present.sort()).toEqual(wanted.sort())
  expect([...cluster.partitions]).toHaveLength(wanted.length)
}

const slow = (seed: number) => open(slowDisk(new SeededRandom(seed), 8))

test('a topic that is deleted while its partitions open is never served', async () => {
  const world = await slow(1)
  const { cluster } = world
  const creating = created(world, 't', 4)
  while (!cluster.metadata.findTopic('t')) await turn()
  expect(cluster.partitions.find('t', 0)).toBeUndefined()
  await cluster.deleteTopic(cluster.metadata.findTopic('t')!)
  await creating
  expect(cluster.partitions.find('t', 0)).toBeUndefined()
  expectInLine(world)
})

test('the successor of such a topic keeps what is acknowledged', async () => {
  const world = await slow(2)
  const { cluster } = world
  const creating = created(world, 't')
  while (!cluster.metadata.findTopic('t')) await turn()
  const deleting = cluster.deleteTopic(cluster.metadata.findTopic('t')!)
  while (cluster.metadata.findTopic('t')) await turn()
  await created(world, 't')
  await append(cluster.partitions.require('t', 0), 'kept')
  await Promise.all([creating, deleting])
  expectInLine(world)
  const again = await open(world.disk.crash())
  expect(await readAll(again.cluster.partitions.require('t', 0))).toEqual(['kept'])
})

test('partitions that two clients add at once are opened once', async () => {
  const world = await slow(3)
  const { cluster } = world
  const creating = created(world, 't')
  while (!cluster.metadata.findTopic('t')) await turn()
  const grow = async (count: number) => {
    await cluster.createPartitions('t', count, null, false)
    for (let index = 0; index < count; index++)
      await append(cluster.partitions.require('t', index), `${count}`)
  }
  await Promise.all([creating, grow(3), grow(5)])
  expectInLine(world)
  for (let index = 0; index < 3; index++) {
    expect((await readAll(cluster.partitions.require('t', index))).sort()).toEqual(['3', '5'])
  }
})

test('who is told that a topic exists can use it', async () => {
  const world = await slow(4)
  const creating = created(world, 't', 3)
  expect(await create(world, 't')).toMatchObject({ error: 'TOPIC_ALREADY_EXISTS' })
  await append(world.cluster.partitions.require('t', 2), 'a')
  await creating
})

test('who waits for a topic waits for all of it, or learns that it is gone', async () => {
  const world = await slow(5)
  const { cluster } = world
  const creating = created(world, 't', 3)
  while (!cluster.metadata.findTopic('t')) await turn()
  const topic = cluster.metadata.findTopic('t')!
  expect(await cluster.whenUsable(topic)).toBe(topic)
  expect(cluster.partitions.ofTopic('t')).toHaveLength(3)
  await creating
  const growing = cluster.createPartitions('t', 6, null, false)
  while (cluster.metadata.findTopic('t')!.partitions.length === 3) await turn()
  const waiting = cluster.whenUsable(cluster.metadata.findTopic('t'))
  await cluster.deleteTopic(topic)
  expect(await waiting).toBeUndefined()
  await growing
  expectInLine(world)
})

test('a topic of which a part could not be opened is opened when somebody asks for it', async () => {
  const world = await slow(6)
  const { cluster, directory } = world
  const openLog = directory.openLog.bind(directory)
  let isBroken = true
  directory.openLog = (identity, ...rest) => {
    if (isBroken && identity.partition === 1) return Promise.reject(new KafkaError('KAFKA_STORAGE_ERROR'))
    return openLog(identity, ...rest)
  }
  expect(await create(world, 't', 3)).toMatchObject({ error: 'KAFKA_STORAGE_ERROR' })
  const topic = cluster.metadata.findTopic('t')
  expect(await cluster.whenUsable(topic)).toBe(topic)
  expect(cluster.partitions.ofTopic('t')).toEqual([])
  isBroken = false
  await cluster.whenUsable(topic)
  expectInLine(world)
  isBroken = true
  expect(await create(world, 'u', 3)).toMatchObject({ error: 'KAFKA_STORAGE_ERROR' })
  await cluster.deleteTopic(cluster.metadata.findTopic('u')!)
  expectInLine(world)
})

function ignore(): void {}

/** Clients do what they like; gives what was acknowledged, by the topic's id and the partition. */
async function play(world: World, random: SeededRandom): Promise<Map<string, string[]>> {
  const { cluster } = world
  const acknowledged = new Map<string, string[]>()
  let count = 0
  const names = ['a', 'b']
  const steps: ((name: string) => Promise<unknown>)[] = [
    name => create(world, name, 1 + random.below(3)),
    async name => {
      const topic = cluster.metadata.findTopic(name)
      if (topic) await cluster.deleteTopic(topic)
    },
    name => cluster.createPartitions(name, 1 + random.below(8), null, false),
    async name => {
      const topic = cluster.metadata.findTopic(name)
      const usable = await cluster.whenUsable(topic)
      if (usable) expect(cluster.partitions.find(name, 0)?.topicId).toBe(usable.topicId)
    },
    ...Array.from({ length: 4 }, () => async (name: string) => {
      const partition = cluster.partitions.require(name, random.below(4))
      const key = `${partition.topicId} ${partition.index}`
      expect(cluster.metadata.findTopicById(partition.topicId)).toBeDefined()
      const value = `${++count}`
      await append(partition, value)
      acknowledged.set(key, [...(acknowledged.get(key) ?? []), value])
    }),
  ]
  const running: Promise<void>[] = []
  for (let step = 0; step < 150; step++) {
    const run = steps[random.below(steps.length)]!
    const name = names[random.below(names.length)]!
    running.push(
      run(name).then(ignore, error => {
        if (!(error instanceof KafkaError)) throw error
      }),
    )
    for (let turns = random.below(4); turns > 0; turns--) await turn()
  }
  await Promise.all(running)
  return acknowledged
}

/** All that was acknowledged of topics that are still there. */
async function expectKept({ cluster }: World, acknowledged: Map<string, string[]>): Promise<void> {
  for (const [key, values] of acknowledged) {
    const [topicId, index] = key.split(' ')
    if (!cluster.metadata.findTopicById(topicId!)) continue
    const found = await readAll(cluster.partitions.requireById(topicId!, Number(index)))
    expect(found).toEqual(expect.arrayContaining(values))
  }
}

test.each(Array.from({ length: 20 }, (_, seed) => [seed]))(
  'whatever clients do at once, what is acknowledged is kept and nothing else is there (seed %i)',
  async seed => {
    const random = new SeededRandom(seed)
    const world = await open(slowDisk(random, 3))
    const acknowledged = await play(world, random)
    expectInLine(world)
    await expectKept(world, acknowledged)
    const again = await open(world.disk.crash())
    expectInLine(again)
    await expectKept(again, acknowledged)
  },
)

test('a change of settings reaches a topic that is just being opened', async () => {
  let segmentBytes = 1_000
  let asked = 0
  const world = await open(slowDisk(new SeededRandom(1), 3), () => {
    asked++
    return { log: { ...DEFAULT_LOG_SETTINGS, segmentBytes }, rules: PLAIN_RULES }
  })
  const creating = created(world, 't', 3)
  while (asked === 0) await turn()
  segmentBytes = 2_000
  world.cluster.partitions.reconfigureAll()
  await creating
  const settings = world.cluster.partitions.ofTopic('t').map(({ log }) => log.settings.segmentBytes)
  expect(settings).toEqual([2_000, 2_000, 2_000])
})
