/**
 * Compaction against a model: random keys, tombstones, codecs and producers, moves of the log start, restarts, kills and power cuts at
 * any change of the disk. LOGGERHEAD_SEED replays one run, LOGGERHEAD_SEEDS says how many there are.
 */
import { expect, test } from 'vitest'
import { type KeyedRecord, type OneLog, openOneLog, ROOT, readAll } from '../../../test/support/one-log.ts'
import { silentLogger } from '../../base/logger.ts'
import { MemoryDisk } from '../../base/memory-disk.ts'
import { SeededRandom } from '../../base/random.ts'
import type { CompressionName } from '../../protocol/compression.ts'
import { type BatchRecord, buildBatch } from '../../protocol/record.ts'
import { Cleaner } from './cleaner.ts'
import type { LogSettings } from './log-settings.ts'
import { RetentionClock } from './retention-clock.ts'
import { RetentionKeeper } from './retention-keeper.ts'
import { findLargestTimestamp } from './timestamp-search.ts'

const SEEDS = Number(process.env.LOGGERHEAD_SEEDS ?? 30)
const STEPS = 60
const KEYS = 12
const CODECS: CompressionName[] = ['none', 'none', 'gzip', 'snappy', 'lz4', 'zstd']

interface ModelRecord extends KeyedRecord {
  offset: number
  timestamp: number
  isAcked: boolean
}

class Run {
  readonly random: SeededRandom
  readonly settings: Partial<LogSettings>
  one!: OneLog
  records: ModelRecord[] = []
  startOffset = 0
  #sequence = 0
  #cleaner!: Cleaner
  #keeper!: RetentionKeeper

  constructor(seed: number) {
    this.random = new SeededRandom(seed)
    this.settings = {
      isCompacted: true,
      isDeleted: this.random.below(3) === 0,
      segmentBytes: 300 + this.random.below(2_000),
      indexIntervalBytes: 100,
      minCleanableDirtyRatio: this.random.below(2) * 0.3,
      minCompactionLagMs: this.random.below(3) === 0 ? 2_000 : 0,
      deleteRetentionMs: this.random.below(20_000),
      fileDeleteDelayMs: this.random.below(2) * 1_000,
      retentionMs: Number.POSITIVE_INFINITY,
    }
  }

  async open(disk: MemoryDisk, clock = this.one?.clock): Promise<void> {
    const cacheBytes = this.random.below(2) * 200_000
    const directBytes = this.random.below(2) === 0 ? 500 : 128 << 10
    this.one = await openOneLog(this.settings, { disk, cacheBytes, directBytes, ...(clock && { clock }) })
    const { directory } = this.one
    const options = { directories: [directory], clock: this.one.clock, logger: silentLogger }
    const time = new RetentionClock(this.one.clock)
    const keyBytesMax = this.random.below(2) << 20
    this.#cleaner = new Cleaner({ ...options, time, backoffMs: 15_000, keyBytesMax })
    this.#keeper = new RetentionKeeper({ ...options, time, intervalMs: 300_000 })
  }

  async step(): Promise<void> {
    const { log, clock, directory } = this.one
    const choice = this.random.below(20)
    if (choice < 12) await this.append()
    else if (choice < 15) await this.#cleaner.run()
    else if (choice < 16) await directory.checkpoint()
    else if (choice < 17) await this.#keeper.run()
    else if (choice < 18) await this.moveStart()
    else if (choice < 19) await clock.advance(this.random.below(10_000))
    else await readAll(log)
  }

  async append(): Promise<void> {
    const { log, clock } = this.one
    const { random } = this
    const records = Array.from({ length: 1 + random.below(5) }, () => ({
      key: `k${random.below(KEYS)}`,
      value: random.below(5) === 0 ? null : 'v'.repeat(random.below(60)) + random.below(1_000),
      timestamp: clock.wall() + random.below(2_000) - 1_000,
    }))
    const producer = { producerId: 9, producerEpoch: 0, baseSequence: this.#sequence }
    const isIdempotent = random.below(4) === 0
    const batch = buildBatch(records, {
      compression: CODECS[random.below(CODECS.length)]!,
      ...(isIdempotent && producer),
    })
    const { baseOffset, flight } = log.append(batch, log.term)
    if (isIdempotent) this.#sequence += records.length
    const noted = records.map((record, i) => ({ ...record, offset: baseOffset + i, isAcked: false }))
    this.records.push(...noted)
    await flight.done
    for (const record of noted) record.isAcked = true
  }

  async moveStart(): Promise<void> {
    const { log } = this.one
    const room = log.endOffset - log.startOffset
    this.startOffset = await log.moveStart(log.startOffset + this.random.below(Math.ceil(room / 4) + 1))
  }

  /** Two or three things at once, and a stop of the machine at one of the changes that they make. */
  async crash(): Promise<void> {
    const { disk, clock } = this.one
    const last = disk.changes + 1 + this.random.below(60)
    disk.beforeChange = change => {
      if (change.number >= last) disk.powerOff()
    }
    const steps = Array.from({ length: 2 + this.random.below(2) }, () => this.step())
    const settled = Promise.allSettled([...steps, this.#cleaner.run()])
    await settled
    disk.powerOff()
    await Promise.allSettled([this.#cleaner.close(), this.#keeper.close(), this.one.close()])
    const isKill = this.random.below(3) === 0
    const order = this.random.below(2) === 0 ? 'weak' : 'strict'
    disk.beforeChange = undefined
    const random = this.random.fork(`cut ${last}`)
    const next = disk.crash(isKill ? { keep: 'all' } : { random, order })
    await this.open(next, clock)
    const { log } = this.one
    this.records = this.records.filter(record => {
      if (record.isAcked && record.offset >= log.endOffset)
        throw new Error(`lost acknowledged ${record.offset}`)
      return record.offset < log.endOffset
    })
    for (const record of this.records) record.isAcked = true
    expect(log.startOffset).toBeGreaterThanOrEqual(this.startOffset)
    this.startOffset = log.startOffset
  }

  async check(): Promise<void> {
    const { log, failures } = this.one
    expect(log.damage).toBeUndefined()
    expect(failures).toEqual([])
    const found = await readAll(log)
    const byOffset = new Map(this.records.map(record => [record.offset, record]))
    let next = log.startOffset
    for (const { offset, key, value, timestamp } of found) {
      const truth = byOffset.get(offset)
      expect({ key: `${key}`, value: value && `${value}`, timestamp }).toEqual({
        key: truth?.key,
        value: truth?.value,
        timestamp: truth?.timestamp,
      })
      expect(offset).toBeGreaterThanOrEqual(next)
      next = offset + 1
    }
    const written = this.records.filter(({ offset }) => offset >= log.startOffset)
    expect(stateOf(found)).toEqual(stateOf(written))
    const largest = found.reduce((max, { timestamp }) => Math.max(max, timestamp), -1)
    expect((await findLargestTimestamp(log, log.endOffset))?.timestamp ?? -1).toBe(largest)
  }

  /** When no round is due any more, no key is twice in what was cleaned. */
  async checkClean(): Promise<void> {
    while (await this.#cleaner.run());
    await this.check()
    const { log } = this.one
    const keys = (await readAll(log))
      .filter(({ offset }) => offset < log.cleanedTo)
      .map(({ key }) => `${key}`)
    expect(keys.length).toBe(new Set(keys).size)
  }

  async end(): Promise<void> {
    await this.#cleaner.close()
    await this.#keeper.close()
    await this.one.close()
  }
}

/** The last value of each key; a tombstone is as good as none. */
function stateOf(records: readonly (BatchRecord | ModelRecord)[]): Map<string, string> {
  const state = new Map<string, string>()
  for (const { key, value } of records) {
    if (value === null) state.delete(`${key}`)
    else state.set(`${key}`, `${value}`)
  }
  return new Map([...state].sort(([a], [b]) => (a < b ? -1 : 1)))
}

async function runSeed(seed: number): Promise<void> {
  const run = new Run(seed)
  await run.open(new MemoryDisk({ folders: [ROOT] }))
  for (let step = 0; step < STEPS; step++) {
    if (run.random.below(10) === 0) {
      await run.crash()
      await run.check()
    } else {
      await run.step()
    }
    if (run.random.below(15) === 0) await run.checkClean()
  }
  await run.checkClean()
  await run.end()
  await run.open(run.one.disk.crash())
  await run.check()
  await run.end()
}

const given = process.env.LOGGERHEAD_SEED
const first = given ? Number(given) : Date.now() % 1_000_000

test(`a cleaned log always says of each key what was written last (seeds from ${first})`, async () => {
  for (let seed = first; seed < first + (given ? 1 : SEEDS); seed++) {
    try {
      await runSeed(seed)
    } catch (error) {
      throw new Error(`LOGGERHEAD_SEED=${seed} fails: ${(error as Error).message}`, { cause: error })
    }
  }
}, 3_600_000)
