import { describe, expect, test } from 'vitest'
import { type BatchFields, batchHeader, markerBatch } from '../../../test/support/producer-batches.ts'
import { KafkaError } from '../../protocol/errors.ts'
import { lastOffsetOf } from '../../protocol/record-batch.ts'
import { ProducerLimit } from './producer-limit.ts'
import { parseProducerSnapshot } from './producer-snapshot.ts'
import { type CompletedTransaction, ProducerState, type Verdict } from './producer-state.ts'

const DAY = 86_400_000
const APPEND = { kind: 'append' }

/** A partition's log as its producers see it: what passes the check is appended at the end. */
class Log {
  readonly limit: ProducerLimit
  readonly producers: ProducerState
  end = 0

  constructor(limit = new ProducerLimit(1_000)) {
    this.limit = limit
    this.producers = new ProducerState({ expirationMs: DAY, limit })
  }

  check(fields: BatchFields): Verdict {
    return this.producers.check(batchHeader(fields), 0)
  }

  produce(fields: BatchFields): Verdict {
    const verdict = this.check(fields)
    if (verdict.kind === 'append') this.append(batchHeader(fields, this.end))
    return verdict
  }

  append(batch: Buffer): void {
    this.producers.append(batch, 0)
    this.end = lastOffsetOf(batch, 0) + 1
  }

  mark(isAbort: boolean, producerId = 1, producerEpoch = 0, coordinatorEpoch = 0): void {
    this.append(markerBatch({ producerId, producerEpoch, coordinatorEpoch, isAbort }, this.end))
  }

  commit(): readonly CompletedTransaction[] {
    return this.producers.commitTo(this.end)
  }

  truncateTo(offset: number): void {
    this.producers.truncateTo(offset)
    this.end = offset
  }
}

function errorOf(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    if (error instanceof KafkaError) return error.error
    throw error
  }
  return 'NONE'
}

describe('sequences', () => {
  test('go on without a gap', () => {
    const log = new Log()
    expect(log.produce({ producerId: 1, baseSequence: 0, count: 3 })).toEqual(APPEND)
    expect(log.produce({ producerId: 1, baseSequence: 3 })).toEqual(APPEND)
    for (const baseSequence of [5, 2_000]) {
      expect(errorOf(() => log.check({ producerId: 1, baseSequence }))).toBe('OUT_OF_ORDER_SEQUENCE_NUMBER')
    }
  })

  test('of a producer that is not known begin anywhere', () => {
    const log = new Log()
    expect(log.produce({ producerId: 1, producerEpoch: 5, baseSequence: 77 })).toEqual(APPEND)
    expect(log.produce({ producerId: 1, producerEpoch: 5, baseSequence: 78 })).toEqual(APPEND)
  })

  test('go on at 0 after 2^31−1, within a batch too', () => {
    const log = new Log()
    log.produce({ producerId: 1, baseSequence: 2 ** 31 - 1 })
    expect(log.produce({ producerId: 1, baseSequence: 0 })).toEqual(APPEND)
    log.produce({ producerId: 2, baseSequence: 2 ** 31 - 2, count: 5 })
    expect(log.check({ producerId: 2, baseSequence: 3 })).toEqual(APPEND)
    expect(log.check({ producerId: 2, baseSequence: 2 ** 31 - 2, count: 5 })).toMatchObject({
      kind: 'duplicate',
      baseOffset: 2,
      lastOffset: 6,
    })
  })

  test('begin at 0 in a new epoch, and an old epoch is fenced', () => {
    const log = new Log()
    log.produce({ producerId: 1, producerEpoch: 3, baseSequence: 9 })
    const next = { producerId: 1, producerEpoch: 4 }
    expect(errorOf(() => log.check({ ...next, baseSequence: 10 }))).toBe('OUT_OF_ORDER_SEQUENCE_NUMBER')
    expect(log.produce({ ...next, baseSequence: 0 })).toEqual(APPEND)
    const old = { producerId: 1, producerEpoch: 3 }
    expect(errorOf(() => log.check({ ...old, baseSequence: 10 }))).toBe('INVALID_PRODUCER_EPOCH')
    expect(errorOf(() => log.check({ ...old, baseSequence: 9 }))).toBe('INVALID_PRODUCER_EPOCH')
  })

  test('are not looked at in what a coordinator writes, epochs are', () => {
    const log = new Log()
    log.produce({ producerId: 1, producerEpoch: 3, baseSequence: 9 })
    const check = (producerEpoch: number) =>
      log.producers.check(batchHeader({ producerId: 1, producerEpoch, baseSequence: 0 }), 0, 'coordinator')
    expect(check(3)).toEqual(APPEND)
    expect(errorOf(() => check(2))).toBe('INVALID_PRODUCER_EPOCH')
  })

  test('do not matter to batches without a producer id', () => {
    const log = new Log()
    expect(log.produce({ producerId: -1, producerEpoch: -1, baseSequence: -1 })).toEqual(APPEND)
    expect(log.producers.producerCount).toBe(0)
  })
})

describe('duplicates', () => {
  test('of the last five batches are answered with their first place', () => {
    const log = new Log()
    for (let i = 0; i < 7; i++) {
      log.produce({ producerId: 1, baseSequence: i * 10, count: 10, maxTimestamp: 500 + i })
    }
    const retry = (i: number) => log.check({ producerId: 1, baseSequence: i * 10, count: 10 })
    expect(retry(2)).toEqual({
      kind: 'duplicate',
      baseOffset: 20,
      lastOffset: 29,
      timestamp: 502,
      isPending: true,
    })
    log.commit()
    expect(retry(6)).toMatchObject({ baseOffset: 60, isPending: false })
    expect(retry(2)).toMatchObject({ baseOffset: 20, isPending: false })
    expect(errorOf(() => retry(1))).toBe('OUT_OF_ORDER_SEQUENCE_NUMBER')
  })

  test('have exactly the sequences of the first copy', () => {
    const log = new Log()
    log.produce({ producerId: 1, baseSequence: 0, count: 10 })
    const check = (baseSequence: number, count: number) =>
      errorOf(() => log.check({ producerId: 1, baseSequence, count }))
    expect(check(0, 10)).toBe('NONE')
    expect(check(0, 9)).toBe('OUT_OF_ORDER_SEQUENCE_NUMBER')
    expect(check(1, 9)).toBe('OUT_OF_ORDER_SEQUENCE_NUMBER')
  })

  test('are pending until their first copy is committed', () => {
    const log = new Log()
    log.produce({ producerId: 1, baseSequence: 0 })
    log.produce({ producerId: 1, baseSequence: 1 })
    log.producers.commitTo(1)
    expect(log.check({ producerId: 1, baseSequence: 0 })).toMatchObject({ isPending: false })
    expect(log.check({ producerId: 1, baseSequence: 1 })).toMatchObject({ isPending: true })
  })

  test('are found after a restart from a snapshot, of the last batch', () => {
    const log = new Log()
    log.produce({ producerId: 1, baseSequence: 0, count: 5, maxTimestamp: 7 })
    log.produce({ producerId: 1, baseSequence: 5, count: 5, maxTimestamp: 8 })
    const restarted = new Log()
    restarted.producers.load(parseProducerSnapshot(log.producers.snapshotAt(10), 'f'), 10, 0)
    expect(restarted.check({ producerId: 1, baseSequence: 5, count: 5 })).toEqual({
      kind: 'duplicate',
      baseOffset: 5,
      lastOffset: 9,
      timestamp: 8,
      isPending: false,
    })
    expect(restarted.check({ producerId: 1, baseSequence: 10 })).toEqual(APPEND)
    const oldest = { producerId: 1, baseSequence: 0, count: 5 }
    expect(errorOf(() => restarted.check(oldest))).toBe('OUT_OF_ORDER_SEQUENCE_NUMBER')
  })
})

describe('a cut of the uncommitted tail', () => {
  test('takes the producers back to where they were', () => {
    const log = new Log()
    log.produce({ producerId: 1, baseSequence: 0 })
    log.commit()
    log.produce({ producerId: 1, baseSequence: 1 })
    log.produce({ producerId: 2, baseSequence: 0 })
    log.produce({ producerId: 1, producerEpoch: 1, baseSequence: 0 })
    log.truncateTo(2)
    expect(log.check({ producerId: 1, baseSequence: 2 })).toEqual(APPEND)
    expect(log.producers.producerCount).toBe(1)
    expect(log.limit.count).toBe(1)
    log.truncateTo(1)
    expect(log.check({ producerId: 1, baseSequence: 1 })).toEqual(APPEND)
    expect(log.check({ producerId: 1, baseSequence: 0 })).toMatchObject({ kind: 'duplicate' })
  })

  test('never reaches below the commit offset', () => {
    const log = new Log()
    log.produce({ producerId: 1, baseSequence: 0 })
    log.commit()
    expect(() => log.truncateTo(0)).toThrow('below the commit offset')
  })

  test('leaves a snapshot of the committed part as it was', () => {
    const log = new Log()
    log.produce({ producerId: 1, baseSequence: 0 })
    log.commit()
    const before = log.producers.snapshotAt(1)
    for (let i = 1; i < 9; i++) log.produce({ producerId: 1, baseSequence: i })
    expect(log.producers.snapshotAt(1)).toEqual(before)
    expect(parseProducerSnapshot(log.producers.snapshotAt(5), 'f')[0]).toMatchObject({ lastSequence: 4 })
  })
})

describe('transactions', () => {
  const txn = { producerId: 1, isTransactional: true }

  test('hold the last stable offset from their first record until their marker is committed', () => {
    const log = new Log()
    log.produce({ producerId: -1, count: 5 })
    log.produce({ ...txn, baseSequence: 0, count: 5 })
    log.produce({ ...txn, baseSequence: 5, count: 5 })
    log.commit()
    expect(log.producers.lastStableOffset(15)).toBe(5)
    log.mark(true)
    expect(log.producers.lastStableOffset(15)).toBe(5)
    expect(log.commit()).toEqual([
      { producerId: 1, firstOffset: 5, lastOffset: 15, lastStableOffset: 16, isAborted: true },
    ])
    expect(log.producers.lastStableOffset(16)).toBe(16)
  })

  test('that end while another is open tell where that one began', () => {
    const log = new Log()
    log.produce({ producerId: 2, isTransactional: true })
    log.produce({ ...txn, baseSequence: 0 })
    log.produce({ producerId: 3, isTransactional: true })
    log.mark(false)
    log.mark(true, 2)
    expect(log.commit().map(({ lastStableOffset, isAborted }) => [lastStableOffset, isAborted])).toEqual([
      [0, false],
      [2, true],
    ])
    expect(log.producers.lastStableOffset(5)).toBe(2)
  })

  test('that a cut has taken back are open again, or never began', () => {
    const log = new Log()
    log.produce({ ...txn, baseSequence: 0 })
    log.commit()
    log.mark(false)
    log.truncateTo(1)
    expect(errorOf(() => log.check({ producerId: 1, baseSequence: 1 }))).toBe('INVALID_TXN_STATE')
    log.mark(true)
    expect(log.commit()).toMatchObject([{ firstOffset: 0, lastOffset: 1, isAborted: true }])
    log.produce({ ...txn, baseSequence: 1 })
    log.truncateTo(2)
    expect(log.check({ producerId: 1, baseSequence: 1 })).toEqual(APPEND)
  })

  test('survive a restart open', () => {
    const log = new Log()
    log.produce({ producerId: 5, isTransactional: true })
    log.produce({ ...txn, baseSequence: 0 })
    const restarted = new Log()
    restarted.producers.load(parseProducerSnapshot(log.producers.snapshotAt(2), 'f'), 2, 99 * DAY)
    restarted.end = 2
    expect(restarted.producers.lastStableOffset(2)).toBe(0)
    restarted.mark(false, 5)
    expect(restarted.commit()).toMatchObject([{ firstOffset: 0, lastStableOffset: 1 }])
  })

  test('end with a marker that fences the epoch before and begins sequences anew', () => {
    const log = new Log()
    log.produce({ ...txn, baseSequence: 0 })
    log.mark(false, 1, 1, 4)
    log.commit()
    expect(errorOf(() => log.check({ ...txn, baseSequence: 1 }))).toBe('INVALID_PRODUCER_EPOCH')
    expect(errorOf(() => log.check({ ...txn, producerEpoch: 1, baseSequence: 1 }))).toBe(
      'OUT_OF_ORDER_SEQUENCE_NUMBER',
    )
    expect(log.check({ ...txn, producerEpoch: 1, baseSequence: 0 })).toEqual(APPEND)
    expect(log.producers.entriesAt(2)).toMatchObject([
      { producerEpoch: 1, coordinatorEpoch: 4, lastSequence: -1, lastOffset: -1, currentTxnFirstOffset: -1 },
    ])
  })

  test('keep the batches of an epoch over its markers, however many come', () => {
    const log = new Log()
    log.produce({ ...txn, baseSequence: 0 })
    for (let i = 0; i < 20; i++) {
      log.mark(false)
      log.commit()
    }
    expect(log.check({ ...txn, baseSequence: 0 })).toMatchObject({ kind: 'duplicate', baseOffset: 0 })
    expect(log.check({ ...txn, baseSequence: 1 })).toEqual(APPEND)
  })

  test('that are not there are not ended by a marker, and an emptied marker ends none', () => {
    const log = new Log()
    log.mark(true)
    log.produce({ ...txn, baseSequence: 0 })
    const emptied = markerBatch({ producerId: 1 }, log.end).subarray(0, 61)
    emptied.writeInt32BE(0, 57)
    log.append(emptied)
    expect(log.commit()).toEqual([])
    expect(log.producers.lastStableOffset(log.end)).toBe(1)
  })
})

describe('memory', () => {
  test('is freed of producers that were silent for the expiration time', () => {
    const log = new Log()
    log.produce({ producerId: 1, maxTimestamp: 1_000 })
    log.produce({ producerId: 2, maxTimestamp: 2_000 })
    log.produce({ producerId: 3, maxTimestamp: 1_000, isTransactional: true })
    expect(log.producers.removeExpired(1_000 + DAY)).toBe(0)
    log.commit()
    expect(log.producers.removeExpired(999 + DAY)).toBe(0)
    expect(log.producers.removeExpired(1_000 + DAY)).toBe(1)
    expect(log.limit.count).toBe(2)
    expect(log.producers.entriesAt(3).map(({ producerId }) => producerId)).toEqual([2, 3])
    expect(log.produce({ producerId: 1, baseSequence: 44 })).toEqual(APPEND)
  })

  test('does not take back in who has expired while the broker was down', () => {
    const log = new Log()
    log.produce({ producerId: 1, maxTimestamp: 1_000 })
    const restarted = new Log()
    restarted.producers.load(log.producers.entriesAt(1), 1, 1_000 + DAY)
    expect(restarted.producers.producerCount).toBe(0)
  })

  test('is bounded: the producer longest unused is forgotten, but none that is pending or in a transaction', () => {
    const log = new Log(new ProducerLimit(3))
    log.produce({ producerId: 1, isTransactional: true })
    log.produce({ producerId: 2 })
    log.produce({ producerId: 3 })
    log.produce({ producerId: 2, baseSequence: 1 })
    log.commit()
    log.produce({ producerId: 4 })
    const ids = () => log.producers.entriesAt(log.end).map(({ producerId }) => producerId)
    expect(ids()).toEqual([1, 2, 4])
    log.produce({ producerId: 5 })
    log.produce({ producerId: 6 })
    expect(ids()).toEqual([1, 4, 5, 6])
    expect(log.limit.count).toBe(4)
  })

  test('of a closed partition no longer counts', () => {
    const log = new Log()
    log.produce({ producerId: 1 })
    log.producers.close()
    expect(log.limit.count).toBe(0)
  })
})
