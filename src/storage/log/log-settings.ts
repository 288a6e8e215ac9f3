/** What a log needs of its topic's configuration; may be replaced while the log is open. */
export interface LogSettings {
  segmentBytes: number
  segmentMs: number
  segmentJitterMs: number
  /** Bytes after which an index is full and the segment rolls. */
  indexBytesMax: number
  indexIntervalBytes: number
  /** 1: every acknowledgement waits for a sync. N: the N-th record does. Infinity: none does. */
  syncEveryRecords: number
  /** Time after which unsynced bytes are synced in the background; Infinity: never. */
  syncEveryMs: number
  retentionMs: number
  retentionBytes: number
  isCompacted: boolean
  isDeleted: boolean
  minCompactionLagMs: number
  maxCompactionLagMs: number
  minCleanableDirtyRatio: number
  deleteRetentionMs: number
  fileDeleteDelayMs: number
}

export const DEFAULT_LOG_SETTINGS: LogSettings = {
  segmentBytes: 2 ** 30,
  segmentMs: 7 * 24 * 3600_000,
  segmentJitterMs: 0,
  indexBytesMax: 10 << 20,
  indexIntervalBytes: 4096,
  syncEveryRecords: 1,
  syncEveryMs: Number.POSITIVE_INFINITY,
  retentionMs: 7 * 24 * 3600_000,
  retentionBytes: -1,
  isCompacted: false,
  isDeleted: true,
  minCompactionLagMs: 0,
  maxCompactionLagMs: Number.POSITIVE_INFINITY,
  minCleanableDirtyRatio: 0.5,
  deleteRetentionMs: 24 * 3600_000,
  fileDeleteDelayMs: 60_000,
}
