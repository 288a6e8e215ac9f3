import type { LeaderEpochs } from './leader-epochs.ts'
import type { ProducerState } from './producer-state.ts'
import type { Segment } from './segment.ts'

/** What recovery finds of a log, and a log begins with. */
export interface LogState {
  startOffset: number
  endOffset: number
  visibleEnd: number
  term: number
  segments: Segment[]
  epochs: LeaderEpochs
  producers: ProducerState
  /** The folder exists and is catalogued. */
  hasFolder: boolean
}
