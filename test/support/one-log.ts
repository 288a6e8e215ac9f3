import { BufferPool } from '../../src/base/buffer-pool.ts'
import { type LogFields, type Logger, silentLogger } from '../../src/base/logger.ts'
import { MemoryDisk } from '../../src/base/memory-disk.ts'
import { type BatchOptions, type BatchRecord, buildBatch, readRecords } from '../../src/protocol/record.ts'
import { batchPositions } from '../../src/protocol/record-batch.ts'
import { DEFAULT_LOG_SETTINGS, type LogSettings } from '../../src/storage/log/log-settings.ts'
import type { PartitionLog } from '../../src/storage/log/partition-log.ts'
import { ProducerLimit } from '../../src/storage/log/producer-limit.ts'
import { TailCache } from '../../src/storage/log/tail-cache.ts'
import { LogDirectory } from '../../src/storage/log-directory.ts'
import { ManualClock } from './manual-clock.ts'

/** One log in one directory, on a disk and a clock that the test commands. */
export const ROOT = '/data'
export const FOLDER = `${ROOT}/events-0`
const IDENTITY = { topicId: Buffer.alloc(16, 7), partition: 0, incarnation: 0 }

export interface OneLog {
  disk: MemoryDisk
  clock: ManualClock
  directory: LogDirectory
  log: PartitionLog
  /** Why the directory went offline. */
  failures: Error[]
  close(): Promise<void>
}

export interface KeyedRecord {
  key: string | null
  /** Null is a tombstone. */
  value: string | null
  timestamp?: number
}

export async function openOneLog(
  settings: Partial<LogSettings> = {},
  {
    disk = new MemoryDisk({ folders: [ROOT] }),
    clock = new ManualClock(),
    cacheBytes = 0,
    cache = new TailCache(cacheBytes),
    directBytes = 128 << 10,
    logger = silentLogger,
  } = {},
): Promise<OneLog> {
  const failures: Error[] = []
  const directory = await LogDirectory.open({
    disk,
    clock,
    logger,
    pool: new BufferPool(),
    cache,
    producers: { expirationMs: 86_400_000, limit: new ProducerLimit(1_000) },
    root: ROOT,
    directoryId: Buffer.alloc(16, 1),
    journalBytes: 1 << 20,
    directBytes,
    onOffline: error => void failures.push(error),
  })
  const log = await directory.openLog(IDENTITY, 'events', { ...DEFAULT_LOG_SETTINGS, ...settings })
  await directory.start()
  return { disk, clock, directory, log, failures, close: () => directory.close() }
}

/** A logger that keeps the events and texts of warnings and errors. */
export function listeningLogger(): { logger: Logger; lines: string[] } {
  const lines: string[] = []
  const note = ({ event }: LogFields, text: string) => void lines.push(`${event}: ${text}`)
  return { logger: { ...silentLogger, warn: note, error: note }, lines }
}

/** Appends one batch, and waits until it is durable. */
export async function append(
  { log, clock }: OneLog,
  records: readonly KeyedRecord[],
  options: BatchOptions = {},
): Promise<void> {
  const timestamp = clock.wall()
  const batch = buildBatch(
    records.map(record => ({ timestamp, ...record })),
    options,
  )
  await log.append(batch, log.term).flight.done
}

/** Ends the active segment, so that it may be cleaned: the next append goes to a new one. */
export async function rollWith(one: OneLog, ...records: KeyedRecord[]): Promise<void> {
  one.log.roll()
  await append(one, records.length > 0 ? records : [{ key: `roll-${one.log.endOffset}`, value: '' }])
}

/** All records that a reader finds from an offset on. */
export async function readAll(log: PartitionLog, from = log.startOffset): Promise<BatchRecord[]> {
  const records: BatchRecord[] = []
  for (const batch of await readBatches(log, from)) {
    records.push(...readRecords(batch).filter(({ offset }) => offset >= from))
  }
  return records
}

/** The batches from the one that holds an offset on, each by itself. */
export async function readBatches(log: PartitionLog, from = log.startOffset): Promise<Buffer[]> {
  const batches: Buffer[] = []
  for (let offset = from; offset < log.endOffset; ) {
    const slice = await log.read(offset, 10_000, log.endOffset, true)
    if (slice.nextOffset === offset) break
    for (const part of slice.parts) {
      const positions = [...batchPositions(part)]
      for (const [i, at] of positions.entries())
        batches.push(Buffer.from(part.subarray(at, positions[i + 1])))
    }
    offset = slice.nextOffset
  }
  return batches
}

/** `offset key=value`, one line a record. */
export function linesOf(records: readonly BatchRecord[]): string[] {
  return records.map(({ offset, key, value }) => `${offset} ${key}=${value === null ? 'null' : value}`)
}

/** Names of the files of the log's folder, without those that belong to every log. */
export async function segmentFiles(disk: MemoryDisk): Promise<string[]> {
  const names = await disk.list(FOLDER)
  return names.filter(name => /^\d{20}\./.test(name)).map(name => name.replace(/^0+(?=\d)/, ''))
}
