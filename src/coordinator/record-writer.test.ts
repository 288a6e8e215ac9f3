import { expect, test } from 'vitest'
import { ManualClock } from '../../test/support/manual-clock.ts'
import { MemoryCoordinatorLog } from '../../test/support/memory-coordinator-log.ts'
import { KafkaError } from '../protocol/errors.ts'
import type { KeyedRecord, LoggedRecord } from './coordinator-log.ts'
import { RecordWriter } from './record-writer.ts'

function open(batchBytesMax = 1_000) {
  const clock = new ManualClock()
  const log = new MemoryCoordinatorLog()
  const applied: string[] = []
  const failures: unknown[] = []
  const apply = async (records: LoggedRecord[], next: number) => {
    applied.push(`${records.map(({ key }) => key).join(' ')} → ${next}`)
  }
  const writer = new RecordWriter({ log, clock, batchBytesMax, apply, fail: error => failures.push(error) })
  return { clock, log, writer, applied, failures }
}

function records(...keys: string[]): KeyedRecord[] {
  return keys.map(key => ({ key: Buffer.from(key), value: Buffer.alloc(8) }))
}

test('what comes up in one turn goes into one batch, what comes meanwhile into the next', async () => {
  const { clock, log, writer, applied } = open()
  log.hold()
  const first = [writer.append(records('a', 'b')), writer.append(records('c'))]
  await clock.settle()
  const second = [writer.append(records('d')), writer.append(records('e'))]
  log.release()
  await Promise.all([...first, ...second])
  expect(log.batches.map(batch => batch.length)).toEqual([3, 2])
  expect(applied).toEqual(['a b c → 3', 'd e → 5'])
})

test('keeps the records of one caller in one batch', async () => {
  const { log, writer } = open(300)
  await Promise.all([writer.append(records('a', 'b', 'c')), writer.append(records('d', 'e', 'f'))])
  expect(log.batches.map(batch => batch.length)).toEqual([3, 3])
})

test('refuses what fits no batch, and goes on', async () => {
  const { log, writer, failures } = open(300)
  await expect(writer.append(records('a', 'b', 'c', 'd', 'e', 'f'))).rejects.toThrow('RECORD_LIST_TOO_LARGE')
  await writer.append(records('g'))
  expect([log.records.length, failures]).toEqual([1, []])
})

test('appends any number of records in as many batches as they need, in order', async () => {
  const { log, writer } = open(300)
  const keys = Array.from({ length: 20 }, (_, i) => String(i))
  await writer.appendAll(records(...keys))
  await writer.appendAll([])
  expect(log.records.map(({ key }) => String(key))).toEqual(keys)
  expect(Math.max(...log.batches.map(batch => batch.length))).toBeLessThanOrEqual(5)
})

test('after a failed append nothing is written any more, and everybody is told', async () => {
  const { clock, log, writer, failures } = open()
  log.failure = { error: new KafkaError('NOT_LEADER_OR_FOLLOWER'), writes: false }
  const first = Promise.allSettled([writer.append(records('a')), writer.appendAll(records('b', 'c'))])
  await clock.settle()
  const outcomes = [...(await first), ...(await Promise.allSettled([writer.append(records('d'))]))]
  expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected'])
  expect(failures).toHaveLength(1)
  expect(log.records).toEqual([])
})

test('says when too much is waiting', async () => {
  const { log, writer } = open(10_000_000)
  log.hold()
  const large = { key: Buffer.from('k'), value: Buffer.alloc(9_000_000) }
  const first = writer.append([large])
  expect(writer.hasRoom).toBe(true)
  const second = writer.append([large])
  expect(writer.hasRoom).toBe(false)
  await writerSettles(log, [first, second])
  expect(writer.hasRoom).toBe(true)
})

async function writerSettles(log: MemoryCoordinatorLog, appends: Promise<void>[]): Promise<void> {
  log.release()
  await Promise.all(appends)
}
