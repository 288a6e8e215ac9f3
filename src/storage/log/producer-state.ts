/**
 * What a partition knows of its idempotent and transactional producers: it finds duplicates, keeps sequences without gaps,
 * fences old epochs and knows which transactions are open (KIP-98). The rules are those of Kafka 4.3.
 *
 * A producer's state is a chain of revisions, newest first: each batch or marker adds one and changes none. So the state at
 * the commit offset, or at any offset above it, is found by walking back, and cutting the uncommitted tail is to
 * step back. Behind the newest committed revision only the batches remain in which a duplicate is looked for.
 *
 * Invariants: nothing below the commit offset is ever taken back; from `#pendingAt` on, `#pending` holds in log order the revisions at or
 * above the commit offset; the map is in the order of last use.
 */
import { assert } from '../../base/assert.ts'
import { KafkaError } from '../../protocol/errors.ts'
import {
  baseOffsetOf,
  baseSequenceOf,
  isControl,
  isTransactional,
  lastOffsetDeltaOf,
  lastOffsetOf,
  lastSequenceOf,
  maxTimestampOf,
  producerEpochOf,
  producerIdOf,
} from '../../protocol/record-batch.ts'
import { type EndMarker, findEndMarker } from './end-marker.ts'
import type { ProducerHolder, ProducerLimit } from './producer-limit.ts'
import { firstSequenceOf, formatProducerSnapshot, type ProducerEntry } from './producer-snapshot.ts'

/** Clients have at most this many requests in flight when they are idempotent, so no retry can be older. */
const BATCHES_KEPT = 5
const SEQUENCE_MAX = 0x7fff_ffff

export type Verdict = { kind: 'append' } | Duplicate

export interface Duplicate {
  kind: 'duplicate'
  baseOffset: number
  lastOffset: number
  timestamp: number
  /** The first copy is not committed yet: its answer is due when it is. */
  isPending: boolean
}

export interface CompletedTransaction {
  producerId: number
  firstOffset: number
  /** The offset of the marker. */
  lastOffset: number
  /** Where the first transaction begins that is still open behind the marker, or the offset after the marker. */
  lastStableOffset: number
  isAborted: boolean
}

export interface ProducerStateOptions {
  /** `producer.id.expiration.ms`; may be changed while logs are open. */
  expirationMs: number
  limit: ProducerLimit
}

/** A producer after one of its batches or markers. Immutable but for the link to what was before. */
interface Revision extends Readonly<ProducerEntry> {
  readonly marker: (EndMarker & { readonly offset: number }) | undefined
  previous: Revision | undefined
}

const APPEND: Verdict = { kind: 'append' }
const NONE: readonly CompletedTransaction[] = []

export class ProducerState implements ProducerHolder {
  readonly #options: ProducerStateOptions
  readonly #limit: ProducerLimit
  readonly #latest = new Map<number, Revision>()
  /** First offsets of the transactions that are open at the commit offset, in their order. */
  readonly #open = new Set<number>()
  #pending: Revision[] = []
  #pendingAt = 0
  #committedOffset = 0

  constructor(options: ProducerStateOptions) {
    this.#options = options
    this.#limit = options.limit
    this.#limit.add(this)
  }

  get producerCount(): number {
    return this.#latest.size
  }

  get committedOffset(): number {
    return this.#committedOffset
  }

  /** Begins anew at an offset, all of it committed; producers that have expired by now are left out. */
  load(entries: Iterable<ProducerEntry>, offset: number, nowMs: number): void {
    this.#limit.leave(this.#latest.size)
    this.#latest.clear()
    this.#open.clear()
    this.#pending = []
    this.#pendingAt = 0
    this.#committedOffset = offset
    const openOffsets: number[] = []
    for (const entry of entries) {
      assert(entry.lastOffset < offset, `producer ${entry.producerId} is beyond ${offset}`)
      const revision = { ...entry, marker: undefined, previous: undefined }
      if (this.#isExpired(revision, nowMs)) continue
      this.#latest.set(entry.producerId, revision)
      this.#limit.enter(this)
      if (entry.currentTxnFirstOffset >= 0) openOffsets.push(entry.currentTxnFirstOffset)
    }
    for (const first of openOffsets.sort((a, b) => a - b)) this.#open.add(first)
  }

  /** Forgets all; the limit no longer counts them. */
  close(): void {
    this.#limit.remove(this)
    this.#latest.clear()
  }

  /**
   * Whether a batch may be appended; throws the error that its sender gets. Batches that a coordinator makes itself bear
   * no sequence, so only their epoch is looked at.
   */
  check(batch: Buffer, at: number, origin: 'client' | 'coordinator' = 'client'): Verdict {
    const latest = this.#latest.get(producerIdOf(batch, at))
    if (!latest) return APPEND
    const epoch = producerEpochOf(batch, at)
    const sequence = baseSequenceOf(batch, at)
    const isSameEpoch = epoch === latest.producerEpoch
    const isInSequence = origin === 'coordinator' || sequence === (isSameEpoch ? sequenceAfter(latest) : 0)
    if (isSameEpoch && !isInSequence) {
      const first = findBatch(latest, sequence, lastSequenceOf(batch, at))
      if (first) return this.#duplicateOf(first)
    }
    requireEpoch(latest, epoch)
    if (!isInSequence) throw outOfOrder(latest, epoch, sequence)
    if (latest.currentTxnFirstOffset >= 0 && !isTransactional(batch, at)) {
      throw new KafkaError('INVALID_TXN_STATE', `producer ${latest.producerId} has an open transaction`)
    }
    return APPEND
  }

  /** Takes in a batch that has its offsets, of a client, a coordinator, a leader or the log: it is not checked again. */
  append(batch: Buffer, at: number): void {
    const baseOffset = baseOffsetOf(batch, at)
    const offset = lastOffsetOf(batch, at)
    assert(baseOffset >= this.#committedOffset, `batch ${baseOffset} is below ${this.#committedOffset}`)
    const producerId = producerIdOf(batch, at)
    if (producerId < 0) return
    const producerEpoch = producerEpochOf(batch, at)
    const lastTimestamp = maxTimestampOf(batch, at)
    const previous = this.#latest.get(producerId)
    if (!isControl(batch, at)) {
      const openSince = previous?.currentTxnFirstOffset ?? -1
      this.#push({
        producerId,
        producerEpoch,
        lastSequence: lastSequenceOf(batch, at),
        lastOffset: offset,
        offsetDelta: lastOffsetDeltaOf(batch, at),
        lastTimestamp,
        coordinatorEpoch: previous?.coordinatorEpoch ?? -1,
        currentTxnFirstOffset: openSince < 0 && isTransactional(batch, at) ? baseOffset : openSince,
        marker: undefined,
        previous,
      })
      return
    }
    const marker = findEndMarker(batch, at)
    if (!marker) return // Compaction has emptied it: its transaction is gone from the log.
    const same = previous?.producerEpoch === producerEpoch ? previous : undefined
    this.#push({
      producerId,
      producerEpoch,
      lastSequence: same?.lastSequence ?? -1,
      lastOffset: same?.lastOffset ?? -1,
      offsetDelta: same?.offsetDelta ?? 0,
      lastTimestamp,
      coordinatorEpoch: marker.coordinatorEpoch,
      currentTxnFirstOffset: -1,
      marker: { ...marker, offset },
      previous,
    })
  }

  /** Everything below the offset is committed. Returns the transactions that ended by it, in the order of their markers. */
  commitTo(offset: number): readonly CompletedTransaction[] {
    if (offset <= this.#committedOffset) return NONE
    this.#committedOffset = offset
    let completed: CompletedTransaction[] | undefined
    for (; this.#pendingAt < this.#pending.length; this.#pendingAt++) {
      const revision = this.#pending[this.#pendingAt]!
      if (offsetOf(revision) >= offset) break
      if (revision.currentTxnFirstOffset >= 0) this.#open.add(revision.currentTxnFirstOffset)
      const transaction = this.#complete(revision)
      if (transaction) {
        completed ??= []
        completed.push(transaction)
      }
      forgetOldBatches(revision)
    }
    this.#sweepQueue()
    return completed ?? NONE
  }

  /** The log was cut: what lies at `endOffset` or beyond never happened. It never reaches below the commit offset. */
  truncateTo(endOffset: number): void {
    assert(
      endOffset >= this.#committedOffset,
      `cut at ${endOffset} below the commit offset ${this.#committedOffset}`,
    )
    while (this.#pending.length > this.#pendingAt && offsetOf(this.#pending.at(-1)!) >= endOffset) {
      const { producerId, previous } = this.#pending.pop()!
      if (previous) this.#latest.set(producerId, previous)
      else this.#forget(producerId)
    }
  }

  /** The first offset of the oldest open transaction if it lies below the high watermark, else the high watermark. */
  lastStableOffset(highWatermark: number): number {
    const first = this.#open.values().next().value
    return first === undefined ? highWatermark : Math.min(first, highWatermark)
  }

  /** Forgets the producers that were silent for too long; returns how many. */
  removeExpired(nowMs: number): number {
    const before = this.#latest.size
    for (const revision of this.#latest.values()) {
      if (this.#isExpired(revision, nowMs) && !this.#isPending(revision)) this.#forget(revision.producerId)
    }
    return before - this.#latest.size
  }

  forgetOldest(): boolean {
    for (const revision of this.#latest.values()) {
      if (this.#isPending(revision) || revision.currentTxnFirstOffset >= 0) continue
      this.#forget(revision.producerId)
      return true
    }
    return false
  }

  /** The producers as they were when the log ended at an offset, from the commit offset on. */
  entriesAt(offset: number): ProducerEntry[] {
    assert(offset >= this.#committedOffset, `the producers at ${offset} are forgotten`)
    const entries: ProducerEntry[] = []
    for (const latest of this.#latest.values()) {
      let revision: Revision | undefined = latest
      while (revision && offsetOf(revision) >= offset) revision = revision.previous
      if (revision) entries.push(revision)
    }
    return entries
  }

  /** The bytes of the `.snapshot` file of an offset. */
  snapshotAt(offset: number): Buffer {
    return formatProducerSnapshot(this.entriesAt(offset))
  }

  #push(revision: Revision): void {
    const { producerId, previous } = revision
    this.#pending.push(revision)
    // Taken out first, so that the map stays in the order of last use.
    if (previous && this.#latest.size > 1) this.#latest.delete(producerId)
    this.#latest.set(producerId, revision)
    if (!previous) this.#limit.enter(this)
  }

  #complete({ producerId, previous, marker }: Revision): CompletedTransaction | undefined {
    const firstOffset = previous?.currentTxnFirstOffset ?? -1
    if (!marker || firstOffset < 0) return undefined
    this.#open.delete(firstOffset)
    const { offset: lastOffset, isAbort: isAborted } = marker
    return {
      producerId,
      firstOffset,
      lastOffset,
      lastStableOffset: this.lastStableOffset(lastOffset + 1),
      isAborted,
    }
  }

  #duplicateOf(batch: Revision): Duplicate {
    return {
      kind: 'duplicate',
      baseOffset: batch.lastOffset - batch.offsetDelta,
      lastOffset: batch.lastOffset,
      timestamp: batch.lastTimestamp,
      isPending: this.#isPending(batch),
    }
  }

  #isPending(revision: Revision): boolean {
    return offsetOf(revision) >= this.#committedOffset
  }

  #isExpired(revision: Revision, nowMs: number): boolean {
    return revision.currentTxnFirstOffset < 0 && nowMs - revision.lastTimestamp >= this.#options.expirationMs
  }

  #forget(producerId: number): void {
    if (this.#latest.delete(producerId)) this.#limit.leave()
  }

  /** Drops the committed half of the queue, so that each revision is moved once at most on average. */
  #sweepQueue(): void {
    if (this.#pendingAt < this.#pending.length / 2) return
    this.#pending = this.#pending.slice(this.#pendingAt)
    this.#pendingAt = 0
  }
}

/** The last offset of the batch or marker that made a revision. */
function offsetOf(revision: Revision): number {
  return revision.marker ? revision.marker.offset : revision.lastOffset
}

/** False for a marker, and for a producer loaded from a snapshot whose epoch had no batch yet. */
function isBatch(revision: Revision): boolean {
  return revision.marker === undefined && revision.lastOffset >= 0
}

/** Of the last batches of the newest epoch, the one with just these sequences. */
function findBatch(latest: Revision, firstSequence: number, lastSequence: number): Revision | undefined {
  let left = BATCHES_KEPT
  for (let next: Revision | undefined = latest; next && left > 0; next = next.previous) {
    if (next.producerEpoch !== latest.producerEpoch) return undefined
    if (!isBatch(next)) continue
    if (next.lastSequence === lastSequence && firstSequenceOf(next) === firstSequence) return next
    left--
  }
  return undefined
}

/** Cuts the chain behind a committed revision: what is kept are the last batches of its epoch. */
function forgetOldBatches(revision: Revision): void {
  let oldest = revision
  let kept = isBatch(revision) ? 1 : 0
  for (let next = oldest.previous; next && kept < BATCHES_KEPT; next = oldest.previous) {
    if (next.producerEpoch !== revision.producerEpoch) break
    if (isBatch(next)) {
      oldest = next
      kept++
    } else oldest.previous = next.previous
  }
  oldest.previous = undefined
}

/** Sequences go on at 0 after 2^31−1; the first of an epoch is 0. */
function sequenceAfter({ lastSequence }: Revision): number {
  return lastSequence === SEQUENCE_MAX ? 0 : lastSequence + 1
}

function requireEpoch(latest: Revision, epoch: number): void {
  if (epoch >= latest.producerEpoch) return
  throw new KafkaError(
    'INVALID_PRODUCER_EPOCH',
    `producer ${latest.producerId} has epoch ${latest.producerEpoch} by now, and the batch has ${epoch}`,
  )
}

function outOfOrder(
  { producerId, producerEpoch, lastSequence }: Revision,
  epoch: number,
  sequence: number,
): KafkaError {
  return new KafkaError(
    'OUT_OF_ORDER_SEQUENCE_NUMBER',
    `producer ${producerId} is at epoch ${producerEpoch} and sequence ${lastSequence}; ` +
      `the batch has epoch ${epoch} and begins at ${sequence}`,
  )
}
