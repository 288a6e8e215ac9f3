/** Checkpoints beside other work on the same files. */
import { expect, test } from 'vitest'
import { append, type OneLog, openOneLog } from '../../test/support/one-log.ts'
import type { FaultRule } from '../base/memory-disk.ts'
import { buildBatch } from '../protocol/record.ts'

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
