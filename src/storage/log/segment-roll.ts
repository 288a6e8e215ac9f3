import { maxTimestampOf } from '../../protocol/record-batch.ts'
import type { LogSettings } from './log-settings.ts'
import type { Segment } from './segment.ts'

/** Whether a batch belongs into a new segment, by Kafka's rules: size, age, a full index, and 2^31 offsets. */
const RELATIVE_OFFSET_MAX = 2 ** 31 - 1

export function needsRoll(
  { settings, folder }: { settings: LogSettings; folder: string },
  active: Segment,
  batch: Buffer,
  lastOffset: number,
): boolean {
  if (active.sizeBytes === 0) return false
  const { segmentBytes, segmentMs, indexBytesMax } = settings
  return (
    active.sizeBytes + batch.length > segmentBytes ||
    (active.firstTimestamp >= 0 &&
      maxTimestampOf(batch, 0) - active.firstTimestamp > segmentMs - jitterMs(settings, folder, active)) ||
    active.indexBytes >= indexBytesMax ||
    lastOffset - active.baseOffset > RELATIVE_OFFSET_MAX
  )
}

/** Spreads the rolls of logs that were begun together; the same for a segment after a restart. */
function jitterMs({ segmentJitterMs }: LogSettings, folder: string, active: Segment): number {
  if (segmentJitterMs === 0) return 0
  let hash = active.baseOffset | 0
  for (let i = 0; i < folder.length; i++) hash = (Math.imul(31, hash) + folder.charCodeAt(i)) | 0
  return (hash >>> 0) % segmentJitterMs
}
