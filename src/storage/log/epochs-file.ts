import { type Disk, replaceFile } from '../../base/disk.ts'
import type { LeaderEpochs } from './leader-epochs.ts'

/**
 * The file of a log's leader epochs: the one place that writes it. Checkpoints and the removal of old segments want it written, at any time;
 * they take turns, and each turn writes the epochs as they are by then. It changes rarely, and is left alone when it says the same.
 */
export class EpochsFile {
  readonly #disk: Disk
  readonly #path: string
  readonly #epochs: LeaderEpochs
  #turn: Promise<void> = Promise.resolve()
  /** What stands in the file; undefined when that is not known. */
  #written: Buffer | undefined

  constructor(disk: Disk, path: string, epochs: LeaderEpochs) {
    this.#disk = disk
    this.#path = path
    this.#epochs = epochs
  }

  /** Resolves when the file says what the epochs were at the call, or something newer. */
  write(): Promise<void> {
    const turn = this.#turn.catch(() => {}).then(() => this.#replace())
    this.#turn = turn
    return turn
  }

  async #replace(): Promise<void> {
    const bytes = this.#epochs.format()
    if (this.#written?.equals(bytes)) return
    this.#written = undefined
    await replaceFile(this.#disk, this.#path, bytes)
    this.#written = bytes
  }
}
