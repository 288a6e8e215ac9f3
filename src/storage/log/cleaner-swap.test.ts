import { expect, test } from 'vitest'
import {
  append,
  FOLDER,
  linesOf,
  type OneLog,
  openOneLog,
  ROOT,
  readAll,
  rollWith,
  segmentFiles,
} from '../../../test/support/one-log.ts'
import { silentLogger } from '../../base/logger.ts'
import { type Change, MemoryDisk, type PowerCut } from '../../base/memory-disk.ts'
import { SeededRandom } from '../../base/random.ts'
import { buildBatch } from '../../protocol/record.ts'
import { Cleaner } from './cleaner.ts'
import { commitSwap, finishSwap, recoverSwaps } from './cleaner-swap.ts'
import { RetentionClock } from './retention-clock.ts'

const COMPACTED = { isCompacted: true, isDeleted: false, minCleanableDirtyRatio: 0 }

function cleanerOf({ directory, clock }: OneLog): Cleaner {
  const time = new RetentionClock(clock)
  const logs = { directories: [directory], logger: silentLogger }
  return new Cleaner({ ...logs, clock, time, backoffMs: 15_000, keyBytesMax: 1 << 20 })
}

/**
 * Two groups of two segments each; the last segment of the first group becomes empty. The first segment was cleaned before, so it has a
 * guard, and that does not fit what it becomes.
 */
async function openDirty(): Promise<OneLog> {
  const one = await openOneLog(COMPACTED)
  await append(one, [
    { key: 'a', value: '1' },
    { key: 'b', value: '2' },
    { key: 'c', value: '3' },
  ])
  await rollWith(one, { key: 'a', value: '4' })
  await cleanerOf(one).run()
  await rollWith(one, { key: 'b', value: null }, { key: 'd', value: '5' }, { key: 'e', value: '6' })
  await rollWith(one, { key: 'a', value: '7' })
  await rollWith(one, { key: 'f', value: '8' })
  const [first, second] = one.log.segments
  one.log.settings = { ...one.log.settings, segmentBytes: first!.sizeBytes + second!.sizeBytes }
  return one
}

const BEFORE = ['0 a=1', '1 b=2', '2 c=3', '3 a=4', '4 b=null', '5 d=5', '6 e=6', '7 a=7', '8 f=8']
const HALF = ['2 c=3', '4 b=null', '5 d=5', '6 e=6', '7 a=7', '8 f=8']

/** Of what was not synced: nothing, everything, and some of the many possible parts. */
const CUTS: PowerCut[] = [
  { keep: 'none' },
  { keep: 'all' },
  ...[1, 2, 3, 4].map(seed => ({ random: new SeededRandom(seed) })),
]

test('a round leaves of each key what was written last', async () => {
  const one = await openDirty()
  await cleanerOf(one).run()
  expect(linesOf(await readAll(one.log))).toEqual(HALF)
  expect(one.log.segments.map(({ baseOffset }) => baseOffset)).toEqual([0, 4, 8])
})

test('a power cut before any change leaves old or new content', async () => {
  const whole = await openDirty()
  const before = whole.disk.changes
  await cleanerOf(whole).run()
  const changes = whole.disk.changes - before
  expect(changes).toBeGreaterThan(50)
  for (let number = 1; number <= changes; number++) {
    const one = await openDirty()
    const last = one.disk.changes + number
    one.disk.beforeChange = change => {
      if (change.number >= last) one.disk.powerOff()
    }
    await cleanerOf(one).run()
    for (const [i, cut] of CUTS.entries()) await checkAfter(one, cut, `change ${number}, cut ${i}`)
  }
}, 60_000)

async function checkAfter({ disk, clock, log }: OneLog, cut: PowerCut, name: string): Promise<void> {
  const again = await openOneLog(COMPACTED, { disk: disk.crash(cut), clock })
  expect(again.log.damage, name).toBeUndefined()
  const lines = linesOf(await readAll(again.log))
  for (const line of lines) expect(BEFORE, name).toContain(line)
  for (const line of HALF) expect(lines, name).toContain(line)
  expect((await segmentFiles(again.disk)).filter(file => /cleaned|swap/.test(file))).toEqual([])
  again.log.settings = log.settings
  while (await cleanerOf(again).run());
  expect(linesOf(await readAll(again.log)), name).toEqual(HALF)
}

async function folderWith(files: Record<string, Buffer>): Promise<MemoryDisk> {
  const disk = new MemoryDisk({ folders: [ROOT, FOLDER] })
  for (const [name, bytes] of Object.entries(files)) {
    const file = await disk.open(`${FOLDER}/${name.padStart(20 + name.length - name.indexOf('.'), '0')}`, {
      mode: 'create',
    })
    await file.write(0, [bytes])
    await file.close()
  }
  return disk
}

async function recovered(files: Record<string, Buffer>): Promise<string[]> {
  const disk = await folderWith(files)
  await recoverSwaps(disk, FOLDER)
  return segmentFiles(disk)
}

const none = Buffer.alloc(0)
const upTo = (baseOffset: number, lastOffset: number) =>
  buildBatch([{ key: 'k', value: 'v' }], { baseOffset, lastOffset })

test('the new log counts only when the names of its indexes are safe, and only then takes its own', async () => {
  const disk = await folderWith({
    '0.log': none,
    '5.log': none,
    '0.log.cleaned': upTo(0, 8),
    '0.index.cleaned': none,
  })
  const steps: string[] = []
  disk.beforeChange = ({ kind, path }: Change) => {
    steps.push(`${kind} ${path.replace(/^.*\/0*(?=\d)/, '').replace(FOLDER, '')}`.trim())
  }
  await commitSwap(disk, FOLDER, 0)
  await finishSwap(disk, FOLDER, 0, 9)
  expect(steps).toEqual([
    'rename 0.index.cleaned',
    'syncDirectory',
    'rename 0.log.cleaned',
    'syncDirectory',
    'remove 5.log',
    'rename 0.index.swap',
    'syncDirectory',
    'rename 0.log.swap',
    'syncDirectory',
  ])
})

test('a swap that Kafka has begun is finished: what it covers goes', async () => {
  const files = {
    '0.log': none,
    '0.index': none,
    '5.log': none,
    '5.index': none,
    '5.snapshot': none,
    '9.log': none,
    '9.snapshot': none,
    '0.log.swap': upTo(0, 8),
    '0.index.swap': none,
    '0.timeindex.swap': none,
  }
  expect(await recovered(files)).toEqual(['0.index', '0.log', '0.timeindex', '9.log', '9.snapshot'])
})

test('a swap of which every record is gone takes the place of its first segment alone', async () => {
  const files = { '0.log': none, '5.log': none, '0.log.swap': none }
  expect(await recovered(files)).toEqual(['0.log', '5.log'])
})

test('cleaned files without a swapped log are thrown away', async () => {
  const files = { '0.log': none, '0.log.cleaned': upTo(0, 3), '0.index.swap': none, '0.guard.cleaned': none }
  expect(await recovered(files)).toEqual(['0.log'])
})

test('a swap behind a cleaned file that is not complete is thrown away, as in Kafka', async () => {
  const files = { '0.log': none, '5.log': none, '0.log.cleaned': none, '5.log.swap': upTo(5, 6) }
  expect(await recovered(files)).toEqual(['0.log', '5.log'])
})

test('a folder in order is left as it is', async () => {
  const disk = await folderWith({ '0.log': none, '5.log': none })
  const { changes } = disk
  await recoverSwaps(disk, FOLDER)
  expect(disk.changes).toBe(changes)
})

test('a swapped log that is damaged is told, not used', async () => {
  await expect(recovered({ '0.log': none, '0.log.swap': Buffer.alloc(100) })).rejects.toThrow(
    /no record batch/,
  )
})
