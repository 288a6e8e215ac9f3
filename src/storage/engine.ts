/**
 * An ordered store of keys and values, both `Buffer`s, compared as unsigned bytes.
 *
 * Three implementations pass one contract suite (`engine.contract.ts`): memory, LSM tree, B+tree. The engine knows nothing of
 * Kafka. A batch is atomic: after a crash all of it is there, or none.
 */
export interface KeyValueEngine {
  /** Synchronous when the value is in memory; a promise only when the disk must be read. */
  get(key: Buffer): Buffer | undefined | Promise<Buffer | undefined>
  /** Applies all operations in order, as one. With `durable` it resolves after the sync that covers them. */
  write(batch: readonly Operation[], options?: { durable?: boolean }): Promise<void>
  /** Keys from `from` (included) to `to` (excluded), of one moment: later writes are not seen. */
  scan(range: KeyRange, options?: { reverse?: boolean; limit?: number }): AsyncIterable<Entry>
  snapshot(): Snapshot
  stats(): EngineStats
  close(): Promise<void>
}

export interface KeyRange {
  /** First key; from the smallest when left out. */
  from?: Buffer
  /** First key beyond the range; to the end when left out. */
  to?: Buffer
}

export interface Entry {
  key: Buffer
  value: Buffer
}

export type Operation =
  | { type: 'put'; key: Buffer; value: Buffer }
  | { type: 'delete'; key: Buffer }
  | { type: 'deleteRange'; from: Buffer; to: Buffer }

/** A view of one moment; released when no longer needed, so that old versions can go. */
export interface Snapshot {
  get(key: Buffer): Buffer | undefined | Promise<Buffer | undefined>
  scan(range: KeyRange, options?: { reverse?: boolean; limit?: number }): AsyncIterable<Entry>
  release(): void
}

export interface EngineStats {
  keys: number
  bytes: number
  openSnapshots: number
}
