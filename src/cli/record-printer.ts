/**
 * Prints the records of batches, as many as are wanted. Each batch is one write, which waits for a slow reader; while the results go
 * to a file, a terminal shows how many there are.
 */
import type { Clock } from '../base/clock.ts'
import type { FetchedRecord } from '../client/fetched-records.ts'
import type { ReadBatch } from '../client/reader.ts'
import { Progress } from './progress.ts'
import { bytesOf, type RecordFormat } from './record-format.ts'
import { recordJson } from './record-json.ts'
import { recordsText } from './table.ts'
import type { Terminal } from './terminal.ts'

export type RecordStyle =
  | { readonly json: true; readonly metaOnly: boolean }
  | { readonly json: false; readonly format: RecordFormat }

export class RecordPrinter {
  readonly #terminal: Terminal
  readonly #style: RecordStyle
  readonly #limit: number
  readonly #progress: Progress
  #count = 0

  constructor(terminal: Terminal, clock: Clock, { style, limit }: { style: RecordStyle; limit: number }) {
    this.#terminal = terminal
    this.#style = style
    this.#limit = limit
    this.#progress = new Progress(terminal, clock)
  }

  get isDone(): boolean {
    return this.#count >= this.#limit
  }

  /** Gives the offset at which the partition goes on: behind the last record that was printed when the limit is reached. */
  async print(batch: ReadBatch): Promise<number> {
    const records = batch.records.slice(0, this.#limit - this.#count)
    const lines = records.map(record => this.#line(batch, record))
    if (lines.length > 0) await this.#terminal.write(Buffer.concat(lines))
    if (!this.#terminal.showsResults) this.#progress.show(() => recordsText(this.#count))
    const last = records.at(-1)
    return last && records.length < batch.records.length ? last.offset + 1 : batch.nextOffset
  }

  end(): void {
    this.#progress.end()
  }

  #line(batch: ReadBatch, record: FetchedRecord): Buffer {
    this.#count++
    const { topic, partition, logStartOffset, lastStableOffset, highWatermark } = batch
    const shown = { ...record, topic, partition, logStartOffset, lastStableOffset, highWatermark }
    if (!this.#style.json) return this.#style.format(shown, this.#count)
    return bytesOf(`${JSON.stringify(recordJson(shown, { metaOnly: this.#style.metaOnly }))}\n`)
  }
}
