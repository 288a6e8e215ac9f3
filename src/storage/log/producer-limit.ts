/**
 * The bound on producer ids that a broker remembers, over all its partitions.
 *
 * One too many costs another its memory: the one longest unused in the fullest of a few partitions, so that a flood of
 * new ids in one partition pushes out its own. A forgotten producer may go on with any sequence, as in Kafka after
 * `producer.id.expiration.ms`. Producers with uncommitted batches or an open transaction are never forgotten.
 */
const PARTITIONS_COMPARED = 8

export interface ProducerHolder {
  readonly producerCount: number
  /** Forgets the producer that was silent for longest; false if every one must stay. */
  forgetOldest(): boolean
}

export class ProducerLimit {
  readonly max: number
  #count = 0
  #forgotten = 0
  readonly #holders = new Set<ProducerHolder>()

  constructor(max: number) {
    this.max = max
  }

  get count(): number {
    return this.#count
  }

  /** How many were pushed out so far, for the metrics. */
  get forgottenCount(): number {
    return this.#forgotten
  }

  add(holder: ProducerHolder): void {
    this.#holders.add(holder)
  }

  /** The holder has closed: its producers no longer count. */
  remove(holder: ProducerHolder): void {
    if (this.#holders.delete(holder)) this.#count -= holder.producerCount
  }

  /** A holder has taken in one more producer. */
  enter(holder: ProducerHolder): void {
    this.#count++
    if (this.#count <= this.max) return
    if (this.#fullestOf(holder).forgetOldest() || this.#forgetAny()) this.#forgotten++
  }

  /** Holders have forgotten producers. */
  leave(count = 1): void {
    this.#count -= count
  }

  /** Compares the given one and the next few in turn. */
  #fullestOf(holder: ProducerHolder): ProducerHolder {
    let fullest = holder
    let left = Math.min(PARTITIONS_COMPARED, this.#holders.size)
    for (const next of this.#holders) {
      if (left-- === 0) break
      this.#holders.delete(next)
      this.#holders.add(next)
      if (next.producerCount > fullest.producerCount) fullest = next
    }
    return fullest
  }

  #forgetAny(): boolean {
    for (const holder of this.#holders) if (holder.forgetOldest()) return true
    return false
  }
}
