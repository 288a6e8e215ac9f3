/**
 * What a partition must hold after a crash. One producer writes the numbers 0, 1, 2, … to a partition and notes which
 * were acknowledged, and at which offset; readers note what they were shown. After a crash the log must begin with 0
 * and go on without a gap or a repetition at least to the last number that anybody was told of.
 */
export interface LogRecord {
  offset: number
  number: number
}

export class Ledger {
  readonly partition: number
  #acknowledged = -1
  #shown = -1
  #demanded = { acknowledged: -1, shown: -1 }
  readonly #offsets = new Map<number, number>()
  #next = 0
  #lastOffset = -1

  constructor(partition: number) {
    this.partition = partition
  }

  get acknowledged(): number {
    return this.#acknowledged
  }

  /** Where reading must go on. */
  get nextOffset(): number {
    return this.#lastOffset + 1
  }

  /** `offset` is undefined where the broker said only that it has the batch already. */
  acknowledge(first: number, count: number, offset: number | undefined): void {
    this.#acknowledged = Math.max(this.#acknowledged, first + count - 1)
    if (offset !== undefined) this.#offsets.set(first, offset)
  }

  show(number: number): void {
    this.#shown = Math.max(this.#shown, number)
  }

  /** Begins the next check at the start of the log instead of where the last one ended. */
  rewind(): void {
    this.#next = 0
    this.#lastOffset = -1
  }

  /** Takes the records that follow the ones taken before; gives what is wrong with them. */
  take(records: readonly LogRecord[]): string[] {
    const problems: string[] = []
    for (const { offset, number } of records) {
      if (offset <= this.#lastOffset) problems.push(`offset ${offset} follows offset ${this.#lastOffset}`)
      if (number < this.#next) problems.push(`number ${number} again or late at offset ${offset}`)
      if (number > this.#next)
        problems.push(`numbers ${this.#next} to ${number - 1} missing before offset ${offset}`)
      const told = this.#offsets.get(number)
      if (told !== undefined && told !== offset)
        problems.push(`number ${number} stands at offset ${offset}, acknowledged was ${told}`)
      this.#next = Math.max(this.#next, number + 1)
      this.#lastOffset = Math.max(this.#lastOffset, offset)
    }
    return problems.map(problem => this.#inPartition(problem))
  }

  /** From now on the log must hold what anybody has been told of until now. To be called while the broker is down. */
  demand(): void {
    this.#demanded = { acknowledged: this.#acknowledged, shown: this.#shown }
  }

  /** To be called when the log has been taken to its end: is everything in it that was demanded? */
  finish(): string[] {
    const end = this.#next - 1
    const { acknowledged, shown } = this.#demanded
    const problems: string[] = []
    if (end < acknowledged)
      problems.push(`lost ${acknowledged - end} acknowledged records: ${end + 1} to ${acknowledged}`)
    if (end < shown) problems.push(`lost ${shown - end} records that a consumer was shown`)
    return problems.map(problem => this.#inPartition(problem))
  }

  #inPartition(problem: string): string {
    return `partition ${this.partition}: ${problem}`
  }
}
