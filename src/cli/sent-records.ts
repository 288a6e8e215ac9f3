/**
 * What `produce` shows of the records that the broker has stored: a line for each, by a format or as JSON, or one line at the end; and
 * meanwhile, on a terminal, how many there are.
 */
import type { Clock } from '../base/clock.ts'
import type { DeliveredBatch, OutgoingRecord } from '../client/producer.ts'
import { Progress } from './progress.ts'
import { bytesOf, type RecordFormat } from './record-format.ts'
import { bytesText, recordsText } from './table.ts'
import type { Terminal } from './terminal.ts'

interface Place {
  readonly topic: string
  readonly partition: number
  readonly offset: number
}

export class SentRecords {
  readonly #terminal: Terminal
  readonly #line: ((record: OutgoingRecord, place: Place, count: number) => Buffer | string) | undefined
  readonly #progress: Progress
  readonly #offsets = new Map<number, { first: number; last: number }>()
  /** While the reader of the lines is slow. */
  #slow: Promise<void> | undefined
  #count = 0
  #bytes = 0

  constructor(
    terminal: Terminal,
    clock: Clock,
    { json, format }: { json: boolean; format: RecordFormat | undefined },
  ) {
    this.#terminal = terminal
    this.#progress = new Progress(terminal, clock)
    if (json) this.#line = jsonLine
    else if (format) this.#line = (record, place, count) => format({ ...record, ...place }, count)
  }

  /** Hears of records that are stored, and shows them at once: somebody may be typing them. */
  add({ topic, partition, baseOffset, records }: DeliveredBatch): void {
    const lines: Buffer[] = []
    for (const [index, record] of records.entries()) {
      this.#count++
      this.#bytes += (record.key?.length ?? 0) + (record.value?.length ?? 0)
      const place = { topic, partition, offset: baseOffset < 0 ? baseOffset : baseOffset + index }
      if (this.#line) lines.push(bytesOf(this.#line(record, place, this.#count)))
    }
    const last = baseOffset < 0 ? baseOffset : baseOffset + records.length - 1
    const range = this.#offsets.get(partition)
    if (range) range.last = last
    else this.#offsets.set(partition, { first: baseOffset, last })
    if (lines.length > 0) this.#slow = this.#terminal.write(Buffer.concat(lines))
    // Where records are typed, progress would write over them.
    if (!this.#terminal.isTyped)
      this.#progress.show(() => `${recordsText(this.#count)}, ${bytesText(this.#bytes)}`)
  }

  /** Waits for a slow reader. */
  async settle(): Promise<void> {
    await this.#slow
  }

  async finish(topic: string): Promise<void> {
    await this.settle()
    this.#progress.end()
    if (!this.#line) await this.#terminal.write(`${this.#summary(topic)}\n`)
  }

  #summary(topic: string): string {
    const sent = `${recordsText(this.#count)} sent to ${topic}`
    const places = [...this.#offsets]
      .sort(([a], [b]) => a - b)
      .map(([partition, range]) => {
        if (range.first < 0) return `partition ${partition}`
        return `partition ${partition}: ${range.first === range.last ? 'offset' : 'offsets'} ${rangeText(range)}`
      })
    return places.length === 0 ? sent : `${sent} (${places.join(', ')})`
  }
}

function rangeText({ first, last }: { first: number; last: number }): string {
  return first === last ? `${first}` : `${first}–${last}`
}

function jsonLine({ timestamp }: OutgoingRecord, { topic, partition, offset }: Place): string {
  return `${JSON.stringify({ topic, partition, offset, timestamp })}\n`
}
