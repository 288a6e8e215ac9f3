import { expect, test } from 'vitest'
import { ManualClock } from '../../test/support/manual-clock.ts'
import { append, openOneLog } from '../../test/support/one-log.ts'
import { PLAIN_RULES } from '../../test/support/partition-rules.ts'
import { Partition } from '../cluster/partition.ts'
import type { Session } from './context.ts'
import { waitForAppend } from './waiting-fetches.ts'

async function open() {
  const one = await openOneLog()
  const names = { topic: 'events', topicId: '', index: 0, leaderId: 1 }
  const partition = new Partition(names, one.log, PLAIN_RULES, one.clock)
  return { one, partition, clock: new ManualClock() }
}

function session(isClosed = false): Session {
  return { isClosed, onClose: () => () => {} } as unknown as Session
}

test('an append wakes who waits', async () => {
  const { one, partition, clock } = await open()
  const waiting = waitForAppend(new Map([[partition, partition.highWatermark]]), 60_000, session(), clock)
  await append(one, [{ key: 'a', value: '' }])
  await clock.settle()
  expect(await waiting).toBe('moved')
  expect(clock.timers).toBe(0)
})

test('an append that came while other partitions were read is not waited for', async () => {
  const { one, partition, clock } = await open()
  const seen = partition.highWatermark
  await append(one, [{ key: 'a', value: '' }])
  expect(await waitForAppend(new Map([[partition, seen]]), 60_000, session(), clock)).toBe('moved')
  expect(clock.timers).toBe(0)
})

test('nobody waits for a client that has left', async () => {
  const { partition, clock } = await open()
  expect(await waitForAppend(new Map([[partition, 0]]), 60_000, session(true), clock)).toBe('closed')
  expect(clock.timers).toBe(0)
})
