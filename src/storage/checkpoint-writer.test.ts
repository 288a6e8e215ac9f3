/** Checkpoints beside other work on the same files. */
import { expect, test } from 'vitest'
import { append, FOLDER, type OneLog, openOneLog, rollWith } from '../../test/support/one-log.ts'
import { readWhole } from '../base/disk.ts'
import type { FaultRule } from '../base/memory-disk.ts'
import { buildBatch } from '../protocol/record.ts'
import { LEADER_EPOCH_FILE, LeaderEpochs } from './log/leader-epochs.ts'
import { segmentsBelowStart, setSegmentsAside } from './log/log-start.ts'

/** The next such operation of the disk waits until it is let go. */
function hold({ disk }: OneLog, rule: FaultRule): { reached: Promise<void>; release: () => void } {
  let release = () => {}
  const released = new Promise<void>(resolve => {
    release = resolve
  })
  const reached = new Promise<void>(resolve => {
    const wait = () => {
      resolve()
      return released
    }
    disk.fail({ ...rule, wait })
  })
  return { reached, release }
}

test('does not shorten the indexes of a segment that is sealed meanwhile', async () => {
  const one = await openOneLog({ indexIntervalBytes: 1 })
  await append(one, [{ key: 'a', value: '1', timestamp: 1_000 }])
  const held = hold(one, { on: 'write', path: '.timeindex' })
  const checkpoint = one.directory.checkpoint()
  await held.reached
  await append(one, [{ key: 'b', value: '2', timestamp: 2_000 }])
  one.log.roll()
  const { flight } = one.log.append(buildBatch([{ key: 'c', value: '3', timestamp: 3_000 }]), one.log.term)
  await flight.done
  await one.clock.settle()
  held.release()
  await checkpoint
  await one.directory.checkpoint()
  const again = await openOneLog({}, { disk: one.disk.crash() })
  expect(await again.log.segments[0]!.largestTimestamp()).toEqual({ timestamp: 2_000, offset: 1 })
})

test('takes turns with a removal of segments that writes the leader epochs too', async () => {
  const one = await openOneLog()
  await append(one, [{ key: 'a', value: '1' }])
  await one.directory.checkpoint()
  await rollWith(one, { key: 'b', value: '2' })
  await one.log.moveStart(1)
  await one.directory.checkpoint()
  one.log.epochs.assign(one.log.term + 1, 2) // what a new leader begins with
  one.log.isDirty = true
  const held = hold(one, { on: 'rename', path: LEADER_EPOCH_FILE })
  const checkpoint = one.directory.checkpoint()
  await held.reached
  const removal = setSegmentsAside(one.log, one.directory.environment, segmentsBelowStart(one.log))
  await one.clock.settle()
  held.release()
  await Promise.all([checkpoint, removal])
  const bytes = await readWhole(one.disk.crash(), `${FOLDER}/${LEADER_EPOCH_FILE}`)
  expect(LeaderEpochs.parse(bytes, LEADER_EPOCH_FILE).entries).toEqual(one.log.epochs.entries)
  expect(one.log.epochs.entries[0]).toMatchObject({ startOffset: 1 })
})
