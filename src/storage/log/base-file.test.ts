import { expect, test } from 'vitest'
import { CorruptionError } from '../../base/disk.ts'
import { MemoryDisk } from '../../base/memory-disk.ts'
import { type Base, describeBase, formatBase, parseBase, readBase, writeBase } from './base-file.ts'

const BASE: Base = {
  logStart: 1_000,
  epochBefore: 4,
  voters: Buffer.from('0102', 'hex'),
  producers: [
    {
      producerId: 7,
      producerEpoch: 1,
      lastSequence: 9,
      lastOffset: 999,
      offsetDelta: 4,
      lastTimestamp: 1_795_000_000_000,
      coordinatorEpoch: -1,
      currentTxnFirstOffset: -1,
    },
  ],
}

test('comes back from its bytes', () => {
  expect(parseBase(formatBase(BASE), 'f')).toEqual(BASE)
  const first: Base = { logStart: 0, epochBefore: -1, voters: Buffer.alloc(0), producers: [] }
  expect(parseBase(formatBase(first), 'f')).toEqual(first)
})

test('takes every flipped byte for damage', () => {
  const whole = formatBase(BASE)
  for (let at = 0; at < whole.length; at++) {
    const bytes = Buffer.from(whole)
    bytes[at]! ^= 0xff
    expect(() => parseBase(bytes, 'f')).toThrow(CorruptionError)
  }
})

test('is not there in a folder that Kafka wrote', async () => {
  const disk = new MemoryDisk({ folders: ['/data/t-0'] })
  expect(await readBase(disk, '/data/t-0')).toBeUndefined()
})

test('survives a power cut as the newest one written', async () => {
  const disk = new MemoryDisk({ folders: ['/data/t-0'] })
  await writeBase(disk, '/data/t-0', { ...BASE, logStart: 10 })
  await writeBase(disk, '/data/t-0', BASE)
  expect(await readBase(disk.crash(), '/data/t-0')).toEqual(BASE)
})

test('prints its own line and one for each producer', () => {
  const [first, ...producers] = describeBase(formatBase(BASE), 'f')
  expect(first).toBe('version: 1 logStart: 1000 epochBefore: 4 voters: 0102')
  expect(producers).toHaveLength(1)
  expect(producers[0]).toContain('producerId: 7 producerEpoch: 1')
})
