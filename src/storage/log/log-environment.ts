import type { BufferPool } from '../../base/buffer-pool.ts'
import type { Clock } from '../../base/clock.ts'
import type { Disk } from '../../base/disk.ts'
import type { Logger } from '../../base/logger.ts'
import type { FileHandles } from '../file-handles.ts'
import type { Journal } from '../journal.ts'
import type { ProducerStateOptions } from './producer-state.ts'
import type { ReadAhead } from './read-ahead.ts'
import type { TailCache } from './tail-cache.ts'

/** What all logs of one directory share. */
export interface LogEnvironment {
  readonly disk: Disk
  readonly clock: Clock
  readonly logger: Logger
  readonly handles: FileHandles
  readonly pool: BufferPool
  readonly cache: TailCache
  readonly readAhead: ReadAhead
  readonly journal: Journal
  /** Bounds the producers that all logs of the broker remember. */
  readonly producers: ProducerStateOptions
  /** The log directory. */
  readonly root: string
  /** Bytes between two index entries where a log's own setting is not at hand (rebuilding). */
  readonly indexIntervalBytes: number
  /** A log with so much in a round writes to its own segment instead of the journal. */
  readonly directBytes: number
  /** Set while the disk has no room even for the broker's own records: why nothing is appended to logs that are not essential. */
  full: string | undefined
  /** Takes the directory offline: a write or a sync failed and nothing on it can be trusted to last. */
  fail(error: Error): void
  /** Counts bytes that went around the journal. */
  noteDirectBytes(bytes: number): void
}
