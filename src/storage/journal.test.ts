import { expect, test } from 'vitest'
import { append, type OneLog, openOneLog, ROOT, readAll } from '../../test/support/one-log.ts'
import { buildBatch } from '../protocol/record.ts'
import {
  EntryKind,
  entriesOf,
  findFrame,
  paddedFrameBytes,
  sealFrame,
  writeEntryHeader,
} from './journal-frame.ts'
import { readJournal } from './journal-recovery.ts'

const TAG = Buffer.from('12345678')
const IDENTITY = { topicId: Buffer.alloc(16, 7), partition: 3, incarnation: 1 }

async function fill(one: OneLog, count: number, bytes: number): Promise<string[]> {
  const keys = Array.from({ length: count }, (_, i) => `k${i}`)
  for (const key of keys) await append(one, [{ key, value: 'v'.repeat(bytes) }])
  return keys
}

async function keysOf(one: OneLog): Promise<string[]> {
  return (await readAll(one.log)).map(({ key }) => String(key))
}

test('a frame says what was put into it, at its own position only', () => {
  const file = Buffer.alloc(2_048)
  const fields = { kind: EntryKind.HARD_STATE, segment: 2 ** 40, position: 5, offset: -1, epoch: 9 }
  const end = writeEntryHeader(file, 512 + 48, IDENTITY, fields, 3)
  file.write('abc', end)
  const header = { lap: 4, sequence: 2 ** 33, durableSequence: 7, entries: 1, payloadBytes: 64 + 3 }
  sealFrame(file, 512, header, TAG, 512)
  expect(findFrame(file, 512, TAG)).toEqual(header)
  expect([...entriesOf(file, 512, header)]).toEqual([{ ...IDENTITY, ...fields, bytes: Buffer.from('abc') }])
  expect(findFrame(file, 512, Buffer.from('other id'))).toBeUndefined()
  expect(findFrame(file.subarray(512), 0, TAG)).toBeUndefined()
  expect(findFrame(file.subarray(0, 512 + 100), 512, TAG)).toBeUndefined()
  expect(paddedFrameBytes(header.payloadBytes)).toBe(512)
})

test('what is appended in one turn travels in one frame', async () => {
  const one = await openOneLog()
  const { rounds } = one.directory.journal.counters
  const flights = ['a', 'b', 'c'].map(key => one.log.append(buildBatch([{ key }]), 0).flight)
  await Promise.all(flights.map(({ done }) => done))
  expect(one.directory.journal.counters).toMatchObject({ rounds: rounds + 1, flights: 1 })
})

test('many laps over few files lose nothing', async () => {
  const one = await openOneLog()
  const keys = await fill(one, 60, 60_000) // more than three times what the files hold
  expect(one.directory.journal.bytes).toBeLessThanOrEqual(1 << 20)
  expect(await keysOf(await openOneLog({}, { disk: one.disk.crash() }))).toEqual(keys)
})

test('a frame that is larger than any file gets a file that is large enough', async () => {
  const one = await openOneLog({}, { directBytes: 8 << 20 })
  await fill(one, 9, 100_000) // all files are in use by now
  const keys = await fill(one, 4, 300_000)
  const reopened = await openOneLog({}, { disk: one.disk.crash() })
  expect((await keysOf(reopened)).slice(9)).toEqual(keys)
})

test('a file whose making a crash cut short is not kept', async () => {
  const one = await openOneLog()
  await fill(one, 1, 10)
  const disk = one.disk.crash()
  await (await disk.open(`${ROOT}/journal/00000001.journal`, { mode: 'create' })).write(0, [
    Buffer.alloc(700),
  ])
  const reopened = await openOneLog({}, { disk })
  expect(await disk.list(`${ROOT}/journal`)).toEqual(['00000000.journal'])
  expect(await keysOf(reopened)).toEqual(['k0'])
})

test('without room an entry that must not wait is refused, and the journal goes on', async () => {
  const one = await openOneLog()
  const { disk, directory, log } = one
  disk.quotaBytes = 2 ** 50 - (await disk.space('/')).availableBytes
  const fields = { kind: EntryKind.HARD_STATE, segment: 0, position: 0, offset: -1, epoch: 0 }
  const large = Buffer.alloc(200_000) // larger than any file
  const refused = directory.journal.write(log.identity, fields, large, false)
  await expect(refused).rejects.toMatchObject({ code: 'ENOSPC' })
  expect(directory.isOffline).toBe(false)
  disk.quotaBytes = Number.POSITIVE_INFINITY
  const keys = await fill(one, 2, 10)
  expect(await keysOf(await openOneLog({}, { disk: disk.crash() }))).toEqual(keys)
})

test('an empty folder, or none, holds an empty journal', async () => {
  const { disk } = await openOneLog()
  for (const folder of ['/nowhere', ROOT]) {
    expect(await readJournal(disk, folder, TAG, 5)).toMatchObject({
      frames: 0,
      lastSequence: 5,
      highestSequence: 5,
    })
  }
})
