/** The segment was replaced by compaction or removed by retention while somebody read it. */
export class SegmentGoneError extends Error {
  override name = 'SegmentGoneError'
}
