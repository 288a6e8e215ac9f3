import type { ReplicaCheckpoint } from '../checkpoint.ts'
import { EntryKind, type JournalEntry } from '../journal-frame.ts'
import type { LogEnvironment } from './log-environment.ts'
import { makePartitionFolder } from './partition-metadata.ts'
import { segmentName } from './segment-names.ts'

/** What the journal tells of one log's bytes, at a start: it is written again to its place in the segments. */
export class JournaledTail {
  readonly #environment: LogEnvironment
  readonly #path: string
  readonly #checkpoint: ReplicaCheckpoint
  readonly #entries: readonly JournalEntry[]

  constructor(
    environment: LogEnvironment,
    path: string,
    checkpoint: ReplicaCheckpoint,
    entries: readonly JournalEntry[],
  ) {
    this.#environment = environment
    this.#path = path
    this.#checkpoint = checkpoint
    this.#entries = entries.filter(({ kind }) => kind === EntryKind.BATCHES || kind === EntryKind.MARK)
  }

  get isEmpty(): boolean {
    return this.#entries.length === 0
  }

  /** Writes what the journal holds to its place. */
  async writeAgain(): Promise<void> {
    for (const { kind, segment, position, offset, bytes } of this.#entries) {
      if (kind !== EntryKind.BATCHES || offset <= this.#checkpoint.endOffset) continue // the checkpoint was taken later
      await this.#environment.handles.use(this.#pathOf(segment), 'create', file =>
        file.write(position, [bytes]),
      )
    }
  }

  /** The log is damaged, and its part of the journal will be freed: that part is made durable in the log's own files. */
  async keep(): Promise<void> {
    if (!this.#entries.some(entry => entry.kind === EntryKind.BATCHES)) return
    const { disk, handles } = this.#environment
    await makePartitionFolder(disk, this.#path, this.#checkpoint.topicId)
    await this.writeAgain()
    for (const segment of new Set(this.#entries.map(entry => entry.segment))) {
      await handles.use(this.#pathOf(segment), 'create', file => file.sync())
    }
    await disk.syncDirectory(this.#path)
  }

  #pathOf(segment: number): string {
    return `${this.#path}/${segmentName(segment, '.log')}`
  }
}
