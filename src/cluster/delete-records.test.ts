import { expect, test } from 'vitest'
import { append, type OneLog, openOneLog, readAll } from '../../test/support/one-log.ts'
import { PLAIN_RULES } from '../../test/support/partition-rules.ts'
import { buildControlBatch, ControlType } from '../protocol/record-control.ts'
import type { LogSettings } from '../storage/log/log-settings.ts'
import { Partition } from './partition.ts'

async function openPartition(
  settings: Partial<LogSettings> = {},
): Promise<{ one: OneLog; partition: Partition }> {
  const one = await openOneLog(settings)
  for (let i = 0; i < 5; i++) await append(one, [{ key: `k${i}`, value: '' }])
  const names = { topic: 'events', topicId: '', index: 0, leaderId: 1 }
  return { one, partition: new Partition(names, one.log, PLAIN_RULES, one.clock) }
}

test('records below an offset are deleted, and the answer is the new log start', async () => {
  const { partition } = await openPartition()
  expect(await partition.deleteRecordsBefore(3)).toBe(3)
  expect(partition.logStartOffset).toBe(3)
  expect(await partition.offsetAt(-2, 0)).toMatchObject({ offset: 3 })
  expect((await readAll(partition.log)).map(({ offset }) => offset)).toEqual([3, 4])
})

test('-1 deletes everything up to the high watermark', async () => {
  const { one, partition } = await openPartition()
  one.log.append(buildControlBatch({ type: ControlType.LEADER_CHANGE, value: Buffer.alloc(8) }, 0), 0)
  expect(await partition.deleteRecordsBefore(-1)).toBe(5)
  expect(await readAll(partition.log)).toEqual([])
})

test('an offset beyond the high watermark, or no offset at all, is out of range', async () => {
  const { partition } = await openPartition()
  for (const offset of [6, -2, 2 ** 53 - 1]) {
    await expect(partition.deleteRecordsBefore(offset)).rejects.toMatchObject({ name: 'KafkaError', code: 1 })
  }
  expect(partition.logStartOffset).toBe(0)
})

test('deleting less than is deleted already changes nothing', async () => {
  const { partition } = await openPartition()
  await partition.deleteRecordsBefore(4)
  expect(await partition.deleteRecordsBefore(2)).toBe(4)
})

test('a topic that is only compacted refuses, as in Kafka', async () => {
  const { partition } = await openPartition({ isCompacted: true, isDeleted: false })
  await expect(partition.deleteRecordsBefore(3)).rejects.toMatchObject({ code: 44 })
})

test('a read below the start is out of range', async () => {
  const { partition } = await openPartition()
  await partition.deleteRecordsBefore(3)
  expect(() => partition.read(2, 1_000, 0, true)).toThrow(expect.objectContaining({ code: 1 }))
})

test('an answered deletion survives a power cut', async () => {
  const { one, partition } = await openPartition()
  await partition.deleteRecordsBefore(3)
  const again = await openOneLog({}, { disk: one.disk.crash(), clock: one.clock })
  expect(again.log.startOffset).toBe(3)
})
