/**
 * Which segments retention lets go, by Kafka's rules: from the oldest on, as long as each is too old (`retention.ms`, by its largest
 * timestamp) or the log is too large without it (`retention.bytes`). Only a topic with the policy `delete` loses records so. The active
 * segment goes as well when all of it has expired; a new one is begun first.
 */
import type { LogSettings } from './log-settings.ts'
import type { PartitionLog } from './partition-log.ts'
import type { Segment } from './segment.ts'

export interface Expiry {
  /** The log start that retention wants; the present one when nothing is to go. */
  startOffset: number
  /** All of the log has expired: it must be rolled, so that the last segment can go. */
  needsRoll: boolean
}

/** Since when a segment is known whose records carry no time. */
export type FirstSeen = (segment: Segment) => number

export async function findExpired(log: PartitionLog, nowMs: number, firstSeen: FirstSeen): Promise<Expiry> {
  const { segments, settings } = log
  let startOffset = log.startOffset
  if (!settings.isDeleted) return { startOffset, needsRoll: false }
  let surplus = surplusBytes(log, settings)
  for (const [i, segment] of [...segments].entries()) {
    const isActive = i === segments.length - 1
    if (isActive && (segment.sizeBytes === 0 || log.durableEnd < log.endOffset)) break
    const isSurplus = surplus >= segment.sizeBytes
    const isEmpty = segment.sizeBytes === 0 // compaction has left nothing of it
    if (!isEmpty && !isSurplus && !(await isTooOld(segment, settings, nowMs, firstSeen))) break
    surplus -= segment.sizeBytes
    const endOffset = segments[i + 1]?.baseOffset ?? log.endOffset
    if (endOffset > log.visibleEnd) break
    startOffset = Math.max(startOffset, endOffset)
    if (isActive) return { startOffset, needsRoll: true }
  }
  return { startOffset, needsRoll: false }
}

/** By how much the log is too large; negative when it is not. */
function surplusBytes({ sizeBytes }: PartitionLog, { retentionBytes }: LogSettings): number {
  const isBounded = retentionBytes >= 0 && Number.isFinite(retentionBytes)
  return isBounded ? sizeBytes - retentionBytes : Number.NEGATIVE_INFINITY
}

async function isTooOld(
  segment: Segment,
  { retentionMs }: LogSettings,
  nowMs: number,
  firstSeen: FirstSeen,
): Promise<boolean> {
  if (retentionMs < 0 || retentionMs === Number.POSITIVE_INFINITY) return false
  const { timestamp } = await segment.largestTimestamp()
  return nowMs - (timestamp >= 0 ? timestamp : firstSeen(segment)) > retentionMs
}
