/**
 * Which log to clean, how far, and which of its segments become one. Pure: numbers in, numbers out; the rules are Kafka's.
 *
 * A log has three parts. Below `dirtyFrom` an earlier round has left one record of a key. From there to `dirtyTo` it is to be cleaned.
 * Above lies what may not be touched: the active segment, what is not yet durable or committed, and what is younger than
 * `min.compaction.lag.ms`. A round reads the keys of the middle part and rewrites the first two.
 */
import type { LogSettings } from './log-settings.ts'

export interface CleanableSegment {
  baseOffset: number
  bytes: number
  /** -1 when none of its records has a time; looked at only where `min.compaction.lag.ms` is set. */
  largestTimestamp: number
  /** Of its first batch, or -1; looked at only where `max.compaction.lag.ms` is set. */
  firstTimestamp: number
}

export interface CleanableLog {
  startOffset: number
  /** Up to where earlier rounds have cleaned. */
  cleanedTo: number
  /** Nothing at or above it may be touched; the base offset of the segment that holds it. */
  untouchableFrom: number
  segments: readonly CleanableSegment[]
  settings: LogSettings
}

export interface CleaningPlan {
  dirtyFrom: number
  /** The base offset of the first segment that stays as it is. */
  dirtyTo: number
  dirtyBytes: number
  /** Share of the cleanable bytes that no round has seen. */
  dirtyRatio: number
  /** Some record has waited longer than `max.compaction.lag.ms`. */
  isOverdue: boolean
}

export function planCleaning(log: CleanableLog, nowMs: number): CleaningPlan {
  const { segments, settings, startOffset, cleanedTo, untouchableFrom } = log
  const dirtyFrom = Math.max(startOffset, cleanedTo)
  let dirtyTo = untouchableFrom
  let cleanBytes = 0
  let dirtyBytes = 0
  let oldestDirty = Number.POSITIVE_INFINITY
  for (const [i, { baseOffset, bytes, largestTimestamp, firstTimestamp }] of segments.entries()) {
    if (baseOffset >= untouchableFrom) break
    const isDirty = (segments[i + 1]?.baseOffset ?? untouchableFrom) > dirtyFrom
    const isYoung = settings.minCompactionLagMs > 0 && largestTimestamp > nowMs - settings.minCompactionLagMs
    if (isDirty && isYoung) {
      dirtyTo = baseOffset
      break
    }
    if (!isDirty) cleanBytes += bytes
    else dirtyBytes += bytes
    if (isDirty && bytes > 0 && firstTimestamp >= 0) oldestDirty = Math.min(oldestDirty, firstTimestamp)
  }
  const allBytes = cleanBytes + dirtyBytes
  const lagMs = Math.max(settings.maxCompactionLagMs, settings.minCompactionLagMs)
  return {
    dirtyFrom,
    dirtyTo: Math.max(dirtyFrom, dirtyTo),
    dirtyBytes,
    dirtyRatio: allBytes === 0 ? 0 : dirtyBytes / allBytes,
    isOverdue: dirtyBytes > 0 && nowMs - oldestDirty > lagMs,
  }
}

export function isDueForCleaning(plan: CleaningPlan, { minCleanableDirtyRatio }: LogSettings): boolean {
  return plan.dirtyBytes > 0 && (plan.isOverdue || plan.dirtyRatio > minCleanableDirtyRatio)
}

/** The plan to carry out first: the dirtiest. */
export function pickDirtiest<Plan extends CleaningPlan>(plans: readonly Plan[]): Plan | undefined {
  return plans.reduce<Plan | undefined>(
    (best, plan) => (best && best.dirtyRatio >= plan.dirtyRatio ? best : plan),
    undefined,
  )
}

export interface GroupableSegment {
  readonly baseOffset: number
  readonly sizeBytes: number
  readonly indexBytes: number
  readonly endOffset: number | undefined
}

const RELATIVE_OFFSET_MAX = 2 ** 31 - 1

/** Segments that lie side by side and become one, so that a log of much-shrunk segments does not end up as many tiny files. */
export function groupSegments<Segment extends GroupableSegment>(
  segments: readonly Segment[],
  { segmentBytes, indexBytesMax }: { segmentBytes: number; indexBytesMax: number },
): Segment[][] {
  const groups: Segment[][] = []
  let bytes = 0
  let indexBytes = 0
  for (const segment of segments) {
    const group = groups.at(-1)
    const fits =
      group !== undefined &&
      bytes + segment.sizeBytes <= segmentBytes &&
      indexBytes + segment.indexBytes <= indexBytesMax &&
      (segment.endOffset ?? segment.baseOffset) - group[0]!.baseOffset <= RELATIVE_OFFSET_MAX
    if (fits) {
      group.push(segment)
      bytes += segment.sizeBytes
      indexBytes += segment.indexBytes
    } else {
      groups.push([segment])
      bytes = segment.sizeBytes
      indexBytes = segment.indexBytes
    }
  }
  return groups
}
