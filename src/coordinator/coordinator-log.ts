/**
 * The log of one coordinator partition, as a coordinator sees it: keyed records in order. Behind it stands a partition of an
 * internal topic; who wraps it builds batches, steps over control batches, and answers only for what is committed.
 */
export interface CoordinatorLog {
  /** Tells this log from an earlier one of the same partition, so that state derived from that one is not mistaken for this one's. */
  readonly incarnation: string
  readonly startOffset: number
  /** Everything below it is committed, and is what `read` gives. */
  readonly endOffset: number
  /** Committed records from an offset on, in slices that fit in memory. */
  read(fromOffset: number): AsyncIterable<readonly LoggedRecord[]>
  /**
   * Appends the records as one batch, all or none, and gives the offset of the first once they are durable and committed.
   * Called for one batch at a time. It may fail though the records are there, if `read` then gives them; as long as it is open
   * whether they will be, it stays pending, unless this node's leadership ends.
   */
  append(records: readonly NewRecord[]): Promise<number>
}

export interface KeyedRecord {
  key: Buffer
  /** Null: a tombstone. */
  value: Buffer | null
}

export interface NewRecord extends KeyedRecord {
  timestamp: number
}

export interface LoggedRecord extends KeyedRecord {
  offset: number
}
