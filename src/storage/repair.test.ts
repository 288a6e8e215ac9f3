import { expect, test } from 'vitest'
import { ManualClock } from '../../test/support/manual-clock.ts'
import { append, FOLDER, linesOf, openOneLog, ROOT, readAll } from '../../test/support/one-log.ts'
import { LockedError, readWhole, replaceFile } from '../base/disk.ts'
import type { MemoryDisk } from '../base/memory-disk.ts'
import { buildBatch } from '../protocol/record.ts'
import { checkDirectory } from './check.ts'
import { LEADER_EPOCH_FILE } from './log/leader-epochs.ts'
import { segmentName } from './log/segment-names.ts'
import { type Cut, type Repaired, repairPartition } from './repair.ts'

const SETTINGS = { segmentBytes: 250 }
const fileOf = (base: number) => `${FOLDER}/${segmentName(base, '.log')}`

/** Eight batches of one record in segments of two, by a producer that counts. */
async function closedFolder(): Promise<MemoryDisk> {
  const one = await openOneLog(SETTINGS)
  const directoryId = Buffer.alloc(16, 1).toString('base64url')
  const lines = [
    'cluster.id=c',
    `directory.id=${directoryId}`,
    'loggerhead.format.version=1',
    'node.id=1',
    'version=1',
    '',
  ]
  await replaceFile(one.disk, `${ROOT}/meta.properties`, Buffer.from(lines.join('\n')))
  for (let i = 0; i < 8; i++) {
    await append(one, [{ key: `k${i}`, value: 'v'.repeat(40) }], {
      producerId: 3,
      producerEpoch: 0,
      baseSequence: i,
    })
  }
  await one.close()
  return one.disk
}

function repair(disk: MemoryDisk, position: number, segment?: number): Promise<Repaired> {
  const cutAt: Cut = { segment, position }
  return repairPartition({ disk, clock: new ManualClock(), root: ROOT, folder: 'events-0', cutAt })
}

async function keysIn(disk: MemoryDisk): Promise<string[]> {
  const one = await openOneLog(SETTINGS, { disk })
  expect(one.log.damage).toBeUndefined()
  return linesOf(await readAll(one.log)).map(line => line.replace(/=v*$/, ''))
}

async function damageIn(disk: MemoryDisk): Promise<number> {
  let count = 0
  for await (const { kind } of checkDirectory(disk, ROOT)) if (kind === 'damage') count++
  return count
}

test('a damaged partition ends in front of the damage, and goes on from there', async () => {
  const disk = (await closedFolder()).crash()
  const size = (await readWhole(disk, fileOf(2))).length / 2
  disk.flip(fileOf(2), size + 70)
  expect(await damageIn(disk)).toBeGreaterThan(0)
  expect(await repair(disk, size)).toEqual({
    endOffset: 3,
    segment: segmentName(2, '.log'),
    position: size,
    lostBytes: size * 5,
  })
  expect(await damageIn(disk)).toBe(0)
  const one = await openOneLog(SETTINGS, { disk: disk.crash() })
  expect(linesOf(await readAll(one.log)).map(line => line.slice(0, 4))).toEqual(['0 k0', '1 k1', '2 k2'])
  expect(
    one.log.producers.check(buildBatch([{}], { producerId: 3, producerEpoch: 0, baseSequence: 3 }), 0),
  ).toEqual({ kind: 'append' })
  await append(one, [{ key: 'next', value: '' }])
  expect(one.log.endOffset).toBe(4)
  expect(one.log.epochs.latestEpoch).toBeGreaterThan(0)
})

test.each([
  ['in the middle of a batch', (size: number) => size + 10],
  ['behind the last byte', (size: number) => size * 9],
])('a cut %s is made at the last whole batch before it', async (_what, at) => {
  const disk = (await closedFolder()).crash()
  const size = (await readWhole(disk, fileOf(2))).length / 2
  const { endOffset } = await repair(disk, at(size), 2)
  expect(endOffset).toBe(at(size) > 2 * size ? 4 : 3)
  expect((await keysIn(disk)).length).toBe(endOffset)
})

test('a cut at the beginning of a segment leaves it empty', async () => {
  const disk = (await closedFolder()).crash()
  expect(await repair(disk, 0, 4)).toMatchObject({ endOffset: 4, position: 0 })
  expect(await keysIn(disk)).toEqual(['0 k0', '1 k1', '2 k2', '3 k3'])
})

test('a segment that is missing is cut in front of the hole', async () => {
  const disk = (await closedFolder()).crash()
  await disk.remove(fileOf(2))
  await expect(repair(disk, 0, 4)).rejects.toThrow(/begins where offset 2 is due/)
  const { endOffset } = await repair(disk, 100_000, 0)
  expect(endOffset).toBe(2)
  expect(await keysIn(disk)).toEqual(['0 k0', '1 k1'])
})

test('damage in front of the cut is named', async () => {
  const disk = (await closedFolder()).crash()
  disk.flip(fileOf(0), 70)
  await expect(repair(disk, 0, 4)).rejects.toMatchObject({ file: fileOf(0), position: 0 })
})

test('spoilt leader epochs and lost producers are learned from the batches', async () => {
  const disk = (await closedFolder()).crash()
  await replaceFile(disk, `${FOLDER}/${LEADER_EPOCH_FILE}`, Buffer.from('?'))
  await disk.remove(`${FOLDER}/${segmentName(8, '.snapshot')}`)
  await repair(disk, 100_000)
  const one = await openOneLog(SETTINGS, { disk: disk.crash() })
  expect(one.log.damage).toBeUndefined()
  expect(one.log.epochs.entries).toEqual([{ epoch: 0, startOffset: 0 }])
  const retry = buildBatch([{}], { producerId: 3, producerEpoch: 0, baseSequence: 7 })
  expect(one.log.producers.check(retry, 0)).toMatchObject({ kind: 'duplicate', baseOffset: 7 })
})

test('a repair that a crash has ended can be run again, wherever it ended', async () => {
  const whole = await closedFolder()
  let wasWhole = false
  for (let number = 1; !wasWhole; number++) {
    const disk = whole.crash()
    disk.flip(fileOf(2), 70)
    disk.beforeChange = change => {
      if (change.number === number) disk.powerOff()
    }
    wasWhole = await repair(disk, 0).then(
      () => true,
      () => false,
    )
    const after = disk.crash({ keep: 'all' })
    if (!wasWhole) await repair(after, 0, 2)
    expect(await keysIn(after)).toEqual(['0 k0', '1 k1'])
  }
})

test('no repair while a broker holds the folder, nor of what is not there', async () => {
  const disk = (await closedFolder()).crash()
  const lock = await disk.lock(ROOT, 'a broker')
  await expect(repair(disk, 0)).rejects.toThrow(LockedError)
  await lock.release()
  await expect(repair(disk, 0, 1)).rejects.toThrow(/no segment 0{19}1\.log/)
  const unknown = {
    disk,
    clock: new ManualClock(),
    root: ROOT,
    folder: 'other-0',
    cutAt: { segment: undefined, position: 0 },
  }
  await expect(repairPartition(unknown)).rejects.toThrow(/no partition other-0/)
})
