import { describe, expect, test } from 'vitest'
import { append, FOLDER, openOneLog, ROOT, rollWith } from '../../test/support/one-log.ts'
import { readWhole, replaceFile } from '../base/disk.ts'
import type { MemoryDisk } from '../base/memory-disk.ts'
import { checkDirectory } from './check.ts'
import type { Finding } from './finding.ts'
import { segmentName } from './log/segment-names.ts'

const LOG = `${FOLDER}/${segmentName(0, '.log')}`
const SETTINGS = { indexIntervalBytes: 1 }

async function writeIdentity(disk: MemoryDisk): Promise<void> {
  const directoryId = Buffer.alloc(16, 1).toString('base64url')
  const lines = [
    'cluster.id=c',
    `directory.id=${directoryId}`,
    'loggerhead.format.version=1',
    'node.id=1',
    'version=1',
    '',
  ]
  await replaceFile(disk, `${ROOT}/meta.properties`, Buffer.from(lines.join('\n')))
}

/** A folder after a stop in order: two segments, a producer, indexes, epochs of two starts. */
async function closedFolder(): Promise<MemoryDisk> {
  const first = await openOneLog(SETTINGS)
  await writeIdentity(first.disk)
  for (const key of ['a', 'b', 'c']) await append(first, [{ key, value: '1' }])
  await rollWith(first, { key: 'd', value: '1' })
  await first.close()
  const one = await openOneLog(SETTINGS, { disk: first.disk.crash(), clock: first.clock })
  await append(one, [{ key: 'e', value: '1' }], { producerId: 3, producerEpoch: 0, baseSequence: 0 })
  await append(one, [{ key: 'f', value: '1' }])
  await one.close()
  return one.disk
}

async function findingsIn(disk: MemoryDisk): Promise<Finding[]> {
  const findings: Finding[] = []
  for await (const finding of checkDirectory(disk, ROOT)) findings.push(finding)
  return findings
}

test('a folder after a stop in order is whole', async () => {
  expect(await findingsIn((await closedFolder()).crash())).toEqual([])
})

describe('a flipped bit', async () => {
  const whole = await closedFolder()
  const disk = whole.crash()
  const files = [`${ROOT}/loggerhead-checkpoint`]
  for (const name of await disk.list(FOLDER)) files.push(`${FOLDER}/${name}`)

  test.each(files)('anywhere in %s is found, and the file is named', async path => {
    const size = (await readWhole(disk, path)).length
    for (let position = 0; position < size; position += size > 600 ? 5 : 1) {
      const rotten = whole.crash()
      rotten.flip(path, position, 1 << (position % 7))
      const findings = await findingsIn(rotten)
      const files = findings.filter(({ kind }) => kind === 'damage').map(({ file }) => file)
      // Where a list and the log disagree, only the log can be looked at.
      const named = path.endsWith('leader-epoch-checkpoint') ? /leader-epoch|\.log$/ : new RegExp(`${path}$`)
      expect(files[0], `position ${position}`).toMatch(named)
    }
  })
})

test('the position is that of the batch', async () => {
  const disk = (await closedFolder()).crash()
  const bytes = (await readWhole(disk, LOG)).length / 3
  disk.flip(LOG, bytes + 65)
  expect(await findingsIn(disk)).toEqual([
    { kind: 'damage', file: LOG, position: bytes, reason: expect.stringMatching(/^CRC/) },
  ])
})

test('what is missing is damage', async () => {
  const segment = (await closedFolder()).crash()
  await segment.remove(LOG)
  expect(await findingsIn(segment)).toContainEqual({
    kind: 'damage',
    file: `${FOLDER}/${segmentName(3, '.log')}`,
    position: 0,
    reason: 'the segment begins where offset 0 is due',
  })
  const last = (await closedFolder()).crash()
  await last.remove(`${FOLDER}/${segmentName(3, '.log')}`)
  expect(await findingsIn(last)).toContainEqual({
    kind: 'damage',
    file: `${FOLDER}/${segmentName(3, '.log')}`,
    position: 0,
    reason: 'the segment is missing',
  })
  const folder = (await closedFolder()).crash()
  await folder.removeDirectory(FOLDER)
  expect(await findingsIn(folder)).toEqual([
    { kind: 'damage', file: FOLDER, position: 0, reason: 'the folder is missing' },
  ])
})

test('after a crash, a torn tail and what the journal will write are no damage', async () => {
  const one = await openOneLog({}, { directBytes: 1_000 })
  await writeIdentity(one.disk)
  await append(one, [{ key: 'a', value: '1' }])
  await append(one, [{ key: 'b', value: 'x'.repeat(1_000) }])
  const disk = one.disk.crash()
  const size = (await readWhole(disk, LOG)).length
  disk.flip(LOG, size - 1)
  expect(await findingsIn(disk)).toEqual([
    { kind: 'note', file: LOG, position: expect.any(Number), reason: expect.stringMatching(/torn tail/) },
  ])
})

test('a bad frame in the middle of the journal is damage', async () => {
  const one = await openOneLog()
  await writeIdentity(one.disk)
  for (const key of ['a', 'b', 'c']) await append(one, [{ key, value: '1' }])
  const disk = one.disk.crash()
  disk.flip(`${ROOT}/journal/00000000.journal`, 512 + 60)
  expect((await findingsIn(disk))[0]).toMatchObject({
    kind: 'damage',
    file: `${ROOT}/journal/00000000.journal`,
    position: 512,
  })
})

test('nothing is changed', async () => {
  const disk = (await closedFolder()).crash()
  const before = disk.changes
  await findingsIn(disk)
  expect(disk.changes).toBe(before)
})

test('a folder without identity is refused', async () => {
  const { disk } = await openOneLog()
  await expect(findingsIn(disk)).rejects.toThrow(/no data folder/)
})
