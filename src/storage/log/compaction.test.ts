import { expect, test } from 'vitest'
import {
  type CleanableLog,
  type CleanableSegment,
  groupSegments,
  isDueForCleaning,
  pickDirtiest,
  planCleaning,
} from './compaction.ts'
import { DEFAULT_LOG_SETTINGS } from './log-settings.ts'

const NOW = 1_000_000

/** Segments of ten offsets and 100 bytes each; the one behind the last is active. */
function logOf(count: number, more: Partial<CleanableLog> = {}): CleanableLog {
  const segments = Array.from({ length: count }, (_, i) => segmentAt(i * 10))
  const settings = { ...DEFAULT_LOG_SETTINGS, isCompacted: true }
  return { startOffset: 0, cleanedTo: 0, untouchableFrom: count * 10, segments, settings, ...more }
}

function segmentAt(baseOffset: number, more: Partial<CleanableSegment> = {}): CleanableSegment {
  return { baseOffset, bytes: 100, largestTimestamp: NOW - 1_000, firstTimestamp: NOW - 1_000, ...more }
}

test('a log that was never cleaned is all dirty', () => {
  expect(planCleaning(logOf(4), NOW)).toEqual({
    dirtyFrom: 0,
    dirtyTo: 40,
    dirtyBytes: 400,
    dirtyRatio: 1,
    isOverdue: false,
  })
})

test('the ratio is that of the bytes behind the last round to all that can be cleaned', () => {
  const plan = planCleaning(logOf(4, { cleanedTo: 30 }), NOW)
  expect([plan.dirtyFrom, plan.dirtyBytes, plan.dirtyRatio]).toEqual([30, 100, 0.25])
})

test('a log is due when its ratio is above min.cleanable.dirty.ratio, not at it', () => {
  const settings = { ...DEFAULT_LOG_SETTINGS, minCleanableDirtyRatio: 0.5 }
  expect(isDueForCleaning(planCleaning(logOf(4, { cleanedTo: 20 }), NOW), settings)).toBe(false)
  expect(isDueForCleaning(planCleaning(logOf(4, { cleanedTo: 10 }), NOW), settings)).toBe(true)
})

test('a ratio of 0 asks for a round as soon as anything is dirty, and for none before', () => {
  const settings = { ...DEFAULT_LOG_SETTINGS, minCleanableDirtyRatio: 0 }
  expect(isDueForCleaning(planCleaning(logOf(4, { cleanedTo: 40 }), NOW), settings)).toBe(false)
  expect(isDueForCleaning(planCleaning(logOf(4, { cleanedTo: 30 }), NOW), settings)).toBe(true)
})

test('a segment with a record younger than min.compaction.lag.ms stays, and all behind it', () => {
  const log = logOf(4)
  const segments = [log.segments[0]!, segmentAt(10, { largestTimestamp: NOW - 10 }), ...log.segments.slice(2)]
  const settings = { ...log.settings, minCompactionLagMs: 60 }
  expect(planCleaning({ ...log, segments, settings }, NOW)).toMatchObject({ dirtyTo: 10, dirtyBytes: 100 })
})

test('without min.compaction.lag.ms a record of the future is compacted too', () => {
  const segments = [segmentAt(0, { largestTimestamp: NOW + 5_000 })]
  expect(planCleaning(logOf(1, { segments }), NOW).dirtyTo).toBe(10)
})

test('a log is due at any ratio when a record has waited longer than max.compaction.lag.ms', () => {
  const log = logOf(4, { cleanedTo: 30 })
  const settings = { ...log.settings, maxCompactionLagMs: 999, minCleanableDirtyRatio: 0.9 }
  const plan = planCleaning({ ...log, settings }, NOW)
  expect(plan.isOverdue).toBe(true)
  expect(isDueForCleaning(plan, settings)).toBe(true)
  expect(planCleaning({ ...log, settings: { ...settings, maxCompactionLagMs: 1_000 } }, NOW).isOverdue).toBe(
    false,
  )
})

test('nothing below the log start counts as dirty', () => {
  expect(planCleaning(logOf(4, { startOffset: 25 }), NOW)).toMatchObject({ dirtyFrom: 25, dirtyBytes: 200 })
})

test('what a checkpoint beyond the log says leaves nothing to clean', () => {
  expect(planCleaning(logOf(2, { cleanedTo: 1_000 }), NOW)).toMatchObject({ dirtyBytes: 0, dirtyRatio: 0 })
})

test('the dirtiest log comes first', () => {
  const plans = [20, 0, 30].map(cleanedTo => planCleaning(logOf(4, { cleanedTo }), NOW))
  expect(pickDirtiest(plans)).toBe(plans[1])
  expect(pickDirtiest([])).toBeUndefined()
})

test('small segments are joined up to segment.bytes, the size of their indexes and 2^31 offsets', () => {
  const groupsOf = (sizes: { sizeBytes: number; indexBytes?: number; span?: number }[]) => {
    let next = 0
    const segments = sizes.map(({ sizeBytes, indexBytes = 1, span = 10 }) => {
      const baseOffset = next
      next += span
      return { baseOffset, sizeBytes, indexBytes, endOffset: next }
    })
    return groupSegments(segments, { segmentBytes: 100, indexBytesMax: 50 }).map(group => group.length)
  }
  expect(groupsOf([{ sizeBytes: 40 }, { sizeBytes: 60 }, { sizeBytes: 1 }])).toEqual([2, 1])
  expect(groupsOf([{ sizeBytes: 200 }, { sizeBytes: 1 }, { sizeBytes: 1 }])).toEqual([1, 2])
  expect(
    groupsOf([
      { sizeBytes: 1, indexBytes: 30 },
      { sizeBytes: 1, indexBytes: 30 },
    ]),
  ).toEqual([1, 1])
  expect(
    groupsOf([{ sizeBytes: 1, span: 2 ** 31 - 10 }, { sizeBytes: 1 }, { sizeBytes: 1, span: 5 }]),
  ).toEqual([1, 2])
  expect(groupsOf([])).toEqual([])
})
