import { BufferPool } from '../../src/base/buffer-pool.ts'
import { silentLogger } from '../../src/base/logger.ts'
import { type Change, DeadDiskError, MemoryDisk, type PowerCut } from '../../src/base/memory-disk.ts'
import type { Random } from '../../src/base/random.ts'
import { buildBatch } from '../../src/protocol/record.ts'
import { DEFAULT_LOG_SETTINGS, type LogSettings } from '../../src/storage/log/log-settings.ts'
import { readPartitionMetadata } from '../../src/storage/log/partition-metadata.ts'
import { parseFolderName } from '../../src/storage/log/segment-names.ts'
import { TailCache } from '../../src/storage/log/tail-cache.ts'
import { LogDirectory } from '../../src/storage/log-directory.ts'
import { LogModel, type ModelBatch, PRODUCER_OPTIONS } from './log-model.ts'
import { RandomTurns, TurnClock } from './random-turns.ts'

/**
 * Log directories on a memory disk, with a model of what they must hold. Everything is small, so that few appends fill segments,
 * journal files and caches.
 */
export interface WorldOptions {
  random: Random
  roots: readonly string[]
  fileSyncKeepsName?: boolean
}

export type Crash = 'kill' | PowerCut

/** One for all worlds, so that bytes of memory that was given back too early belong to somebody else. */
const POOL = new BufferPool()
const JOURNAL_BYTES = 96 << 10
const DIRECT_BYTES = 2_000

export class LogWorld {
  readonly random: Random
  readonly roots: readonly string[]
  readonly models = new Map<string, LogModel>()
  disk: MemoryDisk
  clock!: TurnClock
  directories: LogDirectory[] = []
  isDead = false
  failures: Error[] = []
  #turns!: RandomTurns
  #die: () => void = () => {}
  #died: Promise<void> = Promise.resolve()
  #deletedTopics = new Set<string>()
  #nextTopicId = 1
  #counter = 0

  constructor({ random, roots, fileSyncKeepsName }: WorldOptions) {
    this.random = random
    this.roots = roots
    this.disk = new MemoryDisk({
      folders: roots,
      fileSyncKeepsName: fileSyncKeepsName ?? false,
      schedule: run => this.#turns.schedule(run),
    })
  }

  /** Opens the directories and every log that is there; resolves false when the disk died on the way. */
  async open(): Promise<boolean> {
    this.isDead = false
    this.#turns = new RandomTurns(this.random)
    this.clock = new TurnClock(this.#turns)
    this.#died = new Promise(resolve => {
      this.#die = resolve
    })
    this.directories = []
    return this.until(this.#openAll())
  }

  async #openAll(): Promise<void> {
    const turns = this.#turns
    const cache = new TailCache(this.random.below(3) * 32_000)
    for (const [i, root] of this.roots.entries()) {
      this.directories.push(
        await LogDirectory.open({
          disk: this.disk,
          clock: this.clock,
          logger: silentLogger,
          pool: POOL,
          cache,
          producers: PRODUCER_OPTIONS(),
          root,
          directoryId: Buffer.alloc(16, i + 1),
          journalBytes: JOURNAL_BYTES,
          directBytes: DIRECT_BYTES,
          openFilesMax: 3 + this.random.below(20),
          onOffline: error => void (turns.isFrozen || this.failures.push(error)),
        }),
      )
    }
    const models = [...this.models.values()].sort(() => this.random.below(3) - 1)
    await Promise.all(
      models.map(async model => {
        model.log = await this.directories[model.directory]!.openLog(
          model.identity,
          model.topic,
          model.settings,
        )
      }),
    )
    await Promise.all(this.directories.map(directory => directory.start()))
  }

  /** Compares every log with its model, which then follows what the log holds. */
  async check(afterPowerCut: boolean): Promise<void> {
    for (const model of this.models.values()) await model.adopt(model.log!, afterPowerCut)
    await this.settle()
    await this.#checkFolders()
  }

  async #checkFolders(): Promise<void> {
    for (const root of this.roots) {
      for (const name of await this.disk.list(root)) {
        if (!parseFolderName(name)) continue
        const topicId = await readPartitionMetadata(this.disk, `${root}/${name}`)
        const isDeleted = topicId !== undefined && this.#deletedTopics.has(topicId.toString('hex'))
        if (isDeleted) throw new Error(`${root}/${name} belongs to a deleted topic`)
      }
    }
  }

  /** Lets the promise settle; false when the disk died first. */
  async until(promise: Promise<unknown>): Promise<boolean> {
    const settled = promise.then(() => true)
    const alive = await Promise.race([
      settled.catch(error => (this.isDead ? false : Promise.reject(error))),
      this.#died.then(() => false),
    ])
    return alive && !this.isDead
  }

  settle(): Promise<void> {
    return this.#turns.settle()
  }

  /** The machine stops before its N-th change from now. */
  stopBefore(number: number, onChange?: (change: Change) => void): void {
    const last = this.disk.changes + number
    this.disk.beforeChange = change => {
      onChange?.(change)
      if (change.number < last) return
      this.stop()
      throw new DeadDiskError('the machine has stopped')
    }
  }

  stop(): void {
    if (this.isDead) return
    this.isDead = true
    this.#turns.freeze()
    this.#die()
  }

  /** What is left of the stopped machine's disk; `open` goes on with it. */
  crash(kind: Crash): void {
    this.stop()
    this.disk.beforeChange = undefined
    this.disk = kind === 'kill' ? this.disk.kill() : this.disk.crash(kind)
    this.failures = []
  }

  create(
    topic: string,
    settings: Partial<LogSettings>,
    directory = this.random.below(this.roots.length),
  ): Promise<boolean> {
    const topicId = Buffer.alloc(16)
    topicId.writeUInt32BE(this.#nextTopicId++, 12)
    const identity = { topicId, partition: 0, incarnation: 0 }
    const model = new LogModel(identity, topic, { ...DEFAULT_LOG_SETTINGS, ...settings }, directory)
    this.models.set(topic, model)
    const opened = this.directories[directory]!.openLog(identity, topic, model.settings).then(log => {
      model.log = log
    })
    return this.until(opened)
  }

  delete(topic: string): Promise<boolean> {
    const model = this.models.get(topic)!
    this.models.delete(topic)
    this.#deletedTopics.add(model.identity.topicId.toString('hex'))
    return this.until(this.directories[model.directory]!.removeLog(model.identity))
  }

  /** Appends a batch of some records, and notes what its sender is told. */
  append(model: LogModel, bytes: number, producerId = -1): Promise<void> {
    const log = model.log!
    const batch = this.#batch(model, bytes, producerId)
    if (producerId >= 0) log.producers.check(batch, 0)
    const { baseOffset, flight } = log.append(batch, log.term)
    if (producerId >= 0)
      model.sequences.set(producerId, (model.sequences.get(producerId) ?? 0) + log.endOffset - baseOffset)
    const noted: ModelBatch = {
      baseOffset,
      endOffset: log.endOffset,
      bytes: batch,
      isAcked: false,
      isDurable: false,
    }
    model.batches.push(noted)
    model.highestEpoch = Math.max(model.highestEpoch, log.term)
    const turns = this.#turns
    return flight.done.then(() => {
      if (turns.isFrozen) return // an answer that the dead machine did not give any more
      noted.isAcked = true
      if (flight.sync)
        for (const earlier of model.batches.slice(0, model.batches.indexOf(noted) + 1))
          earlier.isDurable = true
    })
  }

  /** Moves the log start, perhaps into the middle of a batch, and notes what its sender is told. */
  moveStart(model: LogModel, offset: number): Promise<void> {
    const log = model.log!
    model.startAsked = Math.max(model.startAsked, Math.min(offset, log.durableEnd))
    const turns = this.#turns
    return log.moveStart(offset).then(startOffset => {
      if (!turns.isFrozen) model.startAcked = Math.max(model.startAcked, startOffset)
    })
  }

  #batch(model: LogModel, bytes: number, producerId: number): Buffer {
    const { random } = this
    const count = 1 + random.below(3)
    const base = this.clock.wall() + random.below(200) - 100
    const records = Array.from({ length: count }, (_, i) => ({
      // A producer without times has expired at the next start, as in Kafka.
      timestamp: producerId < 0 && random.below(12) === 0 ? -1 : base + random.below(50) - 25,
      key: `${model.name} ${++this.#counter}`,
      value: Buffer.alloc(Math.max(0, Math.ceil(bytes / count) - 60), this.#counter & 0xff),
      offset: i,
    }))
    const sequence = model.sequences.get(producerId) ?? 0
    return buildBatch(records, producerId < 0 ? {} : { producerId, producerEpoch: 0, baseSequence: sequence })
  }

  async close(): Promise<boolean> {
    return this.until(Promise.all(this.directories.map(directory => directory.close())))
  }
}
