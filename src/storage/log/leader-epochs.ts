/**
 * At which offset each leader epoch began, of one partition (KIP-101). The file is Kafka's `leader-epoch-checkpoint`.
 *
 * Epochs and start offsets both strictly increase. This is primary data: the epoch at an offset is answered from here, never from
 * a batch header, so the file is written and synced before a truncation, a swap or a move of the log start that
 * depends on it. Every method that changes something tells so, and the owner writes.
 */
import { assert } from '../../base/assert.ts'
import { CorruptionError } from '../../base/disk.ts'
import { formatCheckpoint, parseCheckpoint, parseWhole } from './checkpoint-file.ts'

export interface EpochStart {
  epoch: number
  startOffset: number
}

export interface EpochEnd {
  /** -1 with end offset -1: not known here. */
  epoch: number
  endOffset: number
}

export const LEADER_EPOCH_FILE = 'leader-epoch-checkpoint'
const EPOCH_MAX = 0x7fff_ffff

export class LeaderEpochs {
  #starts: EpochStart[] = []

  static parse(bytes: Buffer, file: string): LeaderEpochs {
    const epochs = new LeaderEpochs()
    epochs.#starts = parseCheckpoint(bytes, file, fields => {
      const epoch = parseWhole(fields[0])
      const startOffset = parseWhole(fields[1])
      if (fields.length !== 2 || epoch === undefined || epoch > EPOCH_MAX || startOffset === undefined)
        return undefined
      return { epoch, startOffset }
    })
    for (let i = 1; i < epochs.#starts.length; i++) {
      const { epoch, startOffset } = epochs.#starts[i]!
      const before = epochs.#starts[i - 1]!
      if (epoch <= before.epoch || startOffset <= before.startOffset) {
        throw new CorruptionError(file, 0, `epoch ${epoch} at ${startOffset} does not follow ${before.epoch}`)
      }
    }
    return epochs
  }

  format(): Buffer {
    return formatCheckpoint(this.#starts.map(({ epoch, startOffset }) => `${epoch} ${startOffset}`))
  }

  get entries(): readonly Readonly<EpochStart>[] {
    return this.#starts
  }

  /** The newest epoch with records, or -1. */
  get latestEpoch(): number {
    return this.#starts.at(-1)?.epoch ?? -1
  }

  /**
   * Notes that the record at `startOffset` has this epoch. What contradicts it (an epoch not lower, or one that starts at
   * or behind it) is dropped, as the log was cut there. True if anything changed.
   */
  assign(epoch: number, startOffset: number): boolean {
    assert(epoch >= 0 && epoch <= EPOCH_MAX && startOffset >= 0, `not an epoch: ${epoch} at ${startOffset}`)
    const latest = this.#starts.at(-1)
    if (latest && latest.epoch === epoch && startOffset >= latest.startOffset) return false
    this.#dropWhile(start => start.epoch >= epoch || start.startOffset >= startOffset)
    this.#starts.push({ epoch, startOffset })
    return true
  }

  /** The epoch of the record at an offset, or -1 below the first known one. */
  epochAt(offset: number): number {
    return this.#starts[this.#floor(start => start.startOffset <= offset)]?.epoch ?? -1
  }

  /** The epoch of the record at an offset, and the first offset of another one. */
  spanAt(offset: number): EpochEnd {
    const slot = this.#floor(start => start.startOffset <= offset)
    const endOffset = this.#starts[slot + 1]?.startOffset ?? Number.POSITIVE_INFINITY
    return { epoch: this.#starts[slot]?.epoch ?? -1, endOffset }
  }

  /**
   * The greatest epoch ≤ the asked one, and the first offset beyond it (OffsetForLeaderEpoch, KIP-101 and KIP-279). Give a leader's
   * own epoch to have it answer as if its term began at its log end, which is so until its first append.
   */
  endOffsetFor(epoch: number, logEnd: number, leaderEpoch = -1): EpochEnd {
    const leads = leaderEpoch > this.latestEpoch
    const latest = leads ? leaderEpoch : this.latestEpoch
    if (epoch < 0 || epoch > latest) return { epoch: -1, endOffset: -1 }
    if (epoch === latest) return { epoch, endOffset: logEnd }
    const slot = this.#floor(start => start.epoch <= epoch)
    const endOffset = this.#starts[slot + 1]?.startOffset ?? logEnd
    return { epoch: this.#starts[slot]?.epoch ?? epoch, endOffset }
  }

  /** The log was cut: forgets the epochs that began at `endOffset` or later. */
  truncateFromEnd(endOffset: number): boolean {
    return this.#dropWhile(start => start.startOffset >= endOffset)
  }

  /** The log start moved: the epoch at the new start begins there now, and what came before is forgotten. */
  truncateFromStart(startOffset: number): boolean {
    const slot = this.#floor(start => start.startOffset <= startOffset)
    if (slot < 0 || (slot === 0 && this.#starts[0]!.startOffset === startOffset)) return false
    const { epoch } = this.#starts[slot]!
    this.#starts.splice(0, slot + 1, { epoch, startOffset })
    return true
  }

  #dropWhile(isDropped: (start: EpochStart) => boolean): boolean {
    const before = this.#starts.length
    while (this.#starts.length > 0 && isDropped(this.#starts.at(-1)!)) this.#starts.pop()
    return this.#starts.length < before
  }

  /** The last place that holds, for a condition that holds up to some place and not beyond; -1 if nowhere. */
  #floor(holds: (start: EpochStart) => boolean): number {
    let low = 0
    let high = this.#starts.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (holds(this.#starts[middle]!)) low = middle + 1
      else high = middle
    }
    return low - 1
  }
}

export function* describeLeaderEpochs(bytes: Buffer, file: string): Generator<string> {
  for (const { epoch, startOffset } of LeaderEpochs.parse(bytes, file).entries) {
    yield `epoch: ${epoch} startOffset: ${startOffset}`
  }
}
