/**
 * Random histories of appends, markers, commits and cuts against a model that keeps the whole log and answers
 * every question by replaying it. A failure prints its seed; `FUZZ_SEED` runs that one alone, `FUZZ_RUNS` sets how many.
 */
import { expect, test } from 'vitest'
import { batchHeader, markerBatch } from '../../../test/support/producer-batches.ts'
import { SeededRandom } from '../../base/random.ts'
import { KafkaError } from '../../protocol/errors.ts'
import { ProducerLimit } from './producer-limit.ts'
import { parseProducerSnapshot } from './producer-snapshot.ts'
import { ProducerState } from './producer-state.ts'

const RUNS = Number(process.env.FUZZ_RUNS ?? 100)
const STEPS = 120

interface Written {
  producerId: number
  epoch: number
  /** -1 for a marker. */
  sequence: number
  count: number
  baseOffset: number
  isTransactional: boolean
  isAbort: boolean
}

interface Model {
  epoch: number
  batches: Written[]
  openSince: number
}

/** The producers after a log, by Kafka's rules, told as plainly as possible. */
function replay(log: readonly Written[]): { producers: Map<number, Model>; ended: number[][] } {
  const producers = new Map<number, Model>()
  const ended: number[][] = []
  for (const entry of log) {
    const before = producers.get(entry.producerId) ?? { epoch: entry.epoch, batches: [], openSince: -1 }
    const batches = before.epoch === entry.epoch ? before.batches : []
    if (entry.sequence >= 0) {
      const began = entry.isTransactional ? entry.baseOffset : -1
      const openSince = before.openSince >= 0 ? before.openSince : began
      producers.set(entry.producerId, {
        epoch: entry.epoch,
        batches: [...batches, entry].slice(-5),
        openSince,
      })
      continue
    }
    producers.set(entry.producerId, { epoch: entry.epoch, batches, openSince: -1 })
    if (before.openSince < 0) continue
    const open = [...producers.values()].map(({ openSince }) => openSince).filter(first => first >= 0)
    const stable = Math.min(entry.baseOffset + 1, ...open)
    ended.push([entry.producerId, before.openSince, entry.baseOffset, stable, Number(entry.isAbort)])
  }
  return { producers, ended }
}

function expectedCheck(model: Model | undefined, batch: Written): string {
  if (!model) return 'append'
  const same = model.epoch === batch.epoch
  const copy = model.batches.find(
    ({ sequence, count }) => sequence === batch.sequence && count === batch.count,
  )
  if (same && copy) return `duplicate ${copy.baseOffset}`
  if (batch.epoch < model.epoch) return 'INVALID_PRODUCER_EPOCH'
  const last = model.batches.at(-1)
  const expected = same && last ? last.sequence + last.count : 0
  if (batch.sequence !== expected) return 'OUT_OF_ORDER_SEQUENCE_NUMBER'
  return model.openSince >= 0 && !batch.isTransactional ? 'INVALID_TXN_STATE' : 'append'
}

class History {
  readonly #random: SeededRandom
  #producers = new ProducerState({ expirationMs: 1, limit: new ProducerLimit(1_000) })
  #log: Written[] = []
  #committed = 0
  #end = 0

  constructor(seed: number) {
    this.#random = new SeededRandom(seed)
  }

  step(): void {
    const dice = this.#random.below(20)
    if (dice < 12) this.#produce()
    else if (dice < 14) this.#mark()
    else if (dice < 17) this.#commit()
    else if (dice < 19) this.#cut()
    else this.#compare(this.#committed + this.#random.below(this.#end - this.#committed + 1))
  }

  #produce(): void {
    const producerId = this.#random.below(4)
    const model = replay(this.#log).producers.get(producerId)
    const last = model?.batches.at(-1)
    const retried = model?.batches[this.#random.below(6)]
    const epoch = (model?.epoch ?? 0) + [0, 0, 0, 0, 0, 0, 1, -1][this.#random.below(8)]!
    if (epoch < 0) return
    const batch: Written = {
      producerId,
      epoch,
      sequence: last && epoch === model?.epoch ? last.sequence + last.count : 0,
      count: 1 + this.#random.below(4),
      baseOffset: this.#end,
      isTransactional:
        (model?.openSince ?? -1) >= 0 ? this.#random.below(10) > 0 : this.#random.below(4) === 0,
      isAbort: false,
    }
    if (retried && this.#random.below(3) === 0)
      Object.assign(batch, { sequence: retried.sequence, count: retried.count })
    if (this.#random.below(10) === 0) batch.sequence += 1 + this.#random.below(3)
    const result = this.#check(batch)
    expect(result).toBe(expectedCheck(model, batch))
    if (result === 'append') this.#append(batch)
  }

  #check(batch: Written): string {
    try {
      const verdict = this.#producers.check(bytesOf(batch), 0)
      if (verdict.kind === 'append') return verdict.kind
      expect(verdict.isPending).toBe(verdict.lastOffset >= this.#committed)
      return `duplicate ${verdict.baseOffset}`
    } catch (error) {
      if (error instanceof KafkaError) return error.error
      throw error
    }
  }

  #mark(): void {
    const producerId = this.#random.below(4)
    const epoch = (replay(this.#log).producers.get(producerId)?.epoch ?? 0) + this.#random.below(2)
    const isAbort = this.#random.below(2) === 0
    this.#append({
      producerId,
      epoch,
      sequence: -1,
      count: 1,
      baseOffset: this.#end,
      isTransactional: true,
      isAbort,
    })
  }

  #append(entry: Written): void {
    this.#log.push(entry)
    this.#producers.append(bytesOf(entry), 0)
    this.#end += entry.count
  }

  #commit(): void {
    const before = replay(this.#upTo(this.#committed)).ended.length
    this.#committed = this.#boundary()
    const completed = this.#producers
      .commitTo(this.#committed)
      .map(t => [t.producerId, t.firstOffset, t.lastOffset, t.lastStableOffset, Number(t.isAborted)])
    const { producers, ended } = replay(this.#upTo(this.#committed))
    expect(completed).toEqual(ended.slice(before))
    const open = [...producers.values()].map(({ openSince }) => openSince).filter(first => first >= 0)
    expect(this.#producers.lastStableOffset(this.#committed)).toBe(Math.min(this.#committed, ...open))
  }

  #cut(): void {
    this.#end = this.#boundary()
    this.#log = this.#upTo(this.#end)
    this.#producers.truncateTo(this.#end)
    this.#compare(this.#end)
  }

  /** An end of a batch at or above the commit offset. */
  #boundary(): number {
    const ends = [this.#committed, ...this.#log.map(({ baseOffset, count }) => baseOffset + count)]
    const choices = ends.filter(end => end >= this.#committed)
    return choices[this.#random.below(choices.length)]!
  }

  #upTo(offset: number): Written[] {
    return this.#log.filter(({ baseOffset, count }) => baseOffset + count <= offset)
  }

  #compare(offset: number): void {
    const entries = parseProducerSnapshot(this.#producers.snapshotAt(offset), 'f')
    const { producers } = replay(this.#upTo(offset))
    expect(entries.length).toBe(producers.size)
    for (const entry of entries) {
      const { epoch, batches, openSince } = producers.get(entry.producerId)!
      const last = batches.at(-1)
      expect([entry.producerEpoch, entry.currentTxnFirstOffset]).toEqual([epoch, openSince])
      expect(entry.lastOffset).toBe(last ? last.baseOffset + last.count - 1 : -1)
      expect(entry.lastSequence).toBe(last ? last.sequence + last.count - 1 : -1)
    }
  }
}

function bytesOf(entry: Written): Buffer {
  const { producerId, epoch: producerEpoch, baseOffset, isAbort } = entry
  if (entry.sequence < 0) return markerBatch({ producerId, producerEpoch, isAbort }, baseOffset)
  const { sequence: baseSequence, count, isTransactional } = entry
  return batchHeader({ producerId, producerEpoch, baseSequence, count, isTransactional }, baseOffset)
}

test('answers as a replay of the whole log does', () => {
  const only = process.env.FUZZ_SEED
  const first = only === undefined ? 1 : Number(only)
  for (let seed = first; seed < first + (only === undefined ? RUNS : 1); seed++) {
    const history = new History(seed)
    try {
      for (let i = 0; i < STEPS; i++) history.step()
    } catch (error) {
      throw new Error(`FUZZ_SEED=${seed}`, { cause: error })
    }
  }
})
