/** Bytes on the disk that are not what was written there: found, named, and never served or cut away. */
import { describe, expect, test } from 'vitest'
import {
  append,
  FOLDER,
  linesOf,
  listeningLogger,
  type OneLog,
  openOneLog,
  ROOT,
  readAll,
  rollWith,
} from '../../test/support/one-log.ts'
import { CorruptionError, readWhole, replaceFile } from '../base/disk.ts'
import { silentLogger } from '../base/logger.ts'
import type { MemoryDisk } from '../base/memory-disk.ts'
import { buildBatch } from '../protocol/record.ts'
import { CHECKPOINT_FILE, newReplica } from './checkpoint.ts'
import { EntryKind } from './journal-frame.ts'
import { Cleaner } from './log/cleaner.ts'
import { knownPlaceOf } from './log/known-place.ts'
import { LEADER_EPOCH_FILE } from './log/leader-epochs.ts'
import { segmentsBelowStart, setSegmentsAside } from './log/log-start.ts'
import { RetentionClock } from './log/retention-clock.ts'
import { segmentName } from './log/segment-names.ts'
import { openSealedFile, sealFile, UnknownVersionError } from './sealed-file.ts'

const LOG = `${FOLDER}/${segmentName(0, '.log')}`
const JOURNAL = `${ROOT}/journal/00000000.journal`
const DIRECT = { directBytes: 1_000 }
const LARGE = 'x'.repeat(1_000)

const record = (key: string, value = key.toUpperCase()) => [{ key, value, timestamp: 1_000 }]

async function appendAll(one: OneLog, ...keys: string[]): Promise<void> {
  for (const key of keys) await append(one, record(key))
}

async function linesIn(one: OneLog, from = 0): Promise<string[]> {
  return linesOf(await readAll(one.log, from)).map(line => line.replace(/x+$/, 'x'))
}

/** A disk with a log that was closed in order. */
async function closedLog(settings = {}, ...keys: string[]): Promise<MemoryDisk> {
  const one = await openOneLog(settings)
  await appendAll(one, ...keys)
  await one.close()
  return one.disk
}

async function sizeOf(disk: MemoryDisk, path: string): Promise<number> {
  return (await readWhole(disk, path)).length
}

describe('a flipped bit below the checkpoint', () => {
  test('is found when it is read, wherever it is, and nothing is cut', async () => {
    const whole = await closedLog({}, 'a', 'b', 'c', 'd')
    const size = await sizeOf(whole.crash(), LOG)
    for (let position = 0; position < size; position++) {
      const disk = whole.crash()
      disk.flip(LOG, position, 1 << (position % 8))
      const one = await openOneLog({}, { disk })
      await expect(linesIn(one), `position ${position}`).rejects.toThrow(/damaged at position/)
      expect(await sizeOf(disk, LOG)).toBe(size)
    }
  })

  test('spares the offsets before and behind it', async () => {
    const disk = await closedLog({ segmentBytes: 100 }, 'a', 'b', 'c')
    const reopened = disk.crash()
    reopened.flip(`${FOLDER}/${segmentName(1, '.log')}`, 30)
    const one = await openOneLog({ segmentBytes: 100 }, { disk: reopened })
    expect(linesOf(await readAll(one.log, 2))).toEqual(['2 c=C'])
    await expect(readAll(one.log, 1)).rejects.toMatchObject({
      file: `${FOLDER}/${segmentName(1, '.log')}`,
      position: 0,
    })
    await append(one, record('d'))
    expect(linesOf(await readAll(one.log, 2))).toEqual(['2 c=C', '3 d=D'])
  })

  test('of a cleaned segment is found too, where offsets may jump', async () => {
    const settings = { isCompacted: true, isDeleted: false, minCleanableDirtyRatio: 0 }
    const one = await openOneLog(settings)
    await appendAll(one, 'a', 'b', 'a', 'c', 'a', 'd')
    await rollWith(one, { key: 'e', value: 'E' })
    const { directory, clock } = one
    const time = new RetentionClock(clock)
    const cleaner = new Cleaner({
      directories: [directory],
      clock,
      time,
      logger: silentLogger,
      backoffMs: 1,
      keyBytesMax: 1 << 20,
    })
    await cleaner.run()
    expect(linesOf(await readAll(one.log))).toEqual(['1 b=B', '3 c=C', '4 a=A', '5 d=D', '6 e=E'])
    await one.close()
    const size = await sizeOf(one.disk.crash(), LOG)
    for (let position = 0; position < size; position++) {
      const disk = one.disk.crash()
      disk.flip(LOG, position)
      const reopened = await openOneLog(settings, { disk })
      await expect(readAll(reopened.log), `position ${position}`).rejects.toThrow(/guard|damaged/)
    }
  })

  test('of an index costs a rebuild, not a record', async () => {
    const settings = { indexIntervalBytes: 1 }
    const whole = await closedLog(settings, 'a', 'b', 'c', 'd', 'e', 'f')
    for (const suffix of ['.index', '.timeindex'] as const) {
      const path = `${FOLDER}/${segmentName(0, suffix)}`
      const size = await sizeOf(whole.crash(), path)
      for (let position = 0; position < size; position++) {
        const disk = whole.crash()
        disk.flip(path, position, 1 << (position % 8))
        const one = await openOneLog(settings, { disk })
        for (let offset = 0; offset < 6; offset++) {
          expect(linesOf(await readAll(one.log, offset))[0]).toMatch(new RegExp(`^${offset} `))
        }
      }
    }
  })
})

describe('what was written directly', () => {
  /** Three large batches; the mark of the third was never written. */
  async function directLog(): Promise<OneLog> {
    const one = await openOneLog({}, DIRECT)
    for (const key of ['a', 'b', 'c']) {
      await append(one, record(key, LARGE))
      await one.clock.settle() // lets the mark of the one before go
      if (key !== 'c') await append(one, record(key))
    }
    return one
  }

  test('is damaged, not cut, when a byte below a mark is wrong', async () => {
    const one = await directLog()
    const disk = one.disk.crash()
    const size = await sizeOf(disk, LOG)
    disk.flip(LOG, 200)
    const { logger, lines } = listeningLogger()
    const reopened = await openOneLog({}, { ...DIRECT, disk, logger })
    expect(reopened.log.damage).toMatchObject({ file: LOG, position: 0 })
    expect(lines).toEqual([
      expect.stringMatching(/^log-damaged: .*position 0: CRC.*loggerhead check.*loggerhead repair/),
    ])
    expect(() => reopened.log.read(0, 1, 1, true)).toThrow(/damaged/)
    expect(() => reopened.log.append(buildBatch(record('d')), 9)).toThrow(/damaged/)
    expect(await sizeOf(disk, LOG)).toBe(size)
    const again = await openOneLog({}, { ...DIRECT, disk: disk.crash() })
    expect(again.log.damage).toMatchObject({ file: LOG, position: 0 })
  })

  test('is taken for a torn write when only the last round is wrong, and one line says what was cut', async () => {
    const one = await directLog()
    const disk = one.disk.crash()
    const size = await sizeOf(disk, LOG)
    disk.flip(LOG, size - 5)
    const { logger, lines } = listeningLogger()
    const reopened = await openOneLog({}, { ...DIRECT, disk, logger })
    expect(await linesIn(reopened)).toEqual(['0 a=x', '1 a=A', '2 b=x', '3 b=B'])
    const bytes = size - (await sizeOf(disk, LOG))
    expect(lines).toEqual([`torn-tail-cut: cut ${bytes} bytes of a torn tail`])
    expect(reopened.log.term).toBeGreaterThan(one.log.term)
  })

  test('does not lend its damage to what the journal has', async () => {
    const one = await openOneLog()
    await appendAll(one, 'a', 'b', 'c')
    await one.clock.advance(600)
    const disk = one.disk.kill()
    for (let position = 0; position < 200; position += 7) disk.flip(LOG, position)
    expect(await linesIn(await openOneLog({}, { disk }))).toEqual(['0 a=A', '1 b=B', '2 c=C'])
  })
})

describe('the journal', () => {
  test('with a bad frame in the middle stops the start, and names file and position', async () => {
    const one = await openOneLog()
    await appendAll(one, 'a', 'b', 'c')
    const whole = one.disk
    const end = 3 * 512
    let refused = 0
    for (let position = 512; position < end; position += 3) {
      const disk = whole.crash()
      disk.flip(JOURNAL, position, 1 << (position % 8))
      const lines = await openOneLog({}, { disk }).then(linesIn, error => {
        expect(error).toBeInstanceOf(CorruptionError)
        expect(error).toMatchObject({ file: JOURNAL })
        expect(error.position % 512).toBe(0)
        refused++
        return undefined
      })
      // A byte of the padding, or of the last frame, which may also be a torn write.
      if (lines)
        expect([3, 2].map(count => ['0 a=A', '1 b=B', '2 c=C'].slice(0, count))).toContainEqual(lines)
    }
    expect(refused).toBeGreaterThan(50)
  })

  test('ends at a frame that was not known to be durable', async () => {
    const one = await openOneLog({ syncEveryRecords: 100 })
    await appendAll(one, 'a', 'b', 'c')
    const disk = one.disk.kill()
    disk.flip(JOURNAL, 512 + 60)
    const reopened = await openOneLog({}, { disk })
    expect((await linesIn(reopened)).slice(0, 1)).toEqual(
      ['0 a=A'].slice(0, (await linesIn(reopened)).length),
    )
  })

  test('takes no frame that stands in a wrong place', async () => {
    const one = await openOneLog()
    await appendAll(one, 'a', 'b')
    const disk = one.disk.crash()
    const bytes = await readWhole(disk, JOURNAL)
    bytes.copyWithin(2_048, 0, 1_024) // the same frames again, further behind
    await replaceFile(disk, JOURNAL, bytes)
    expect(await linesIn(await openOneLog({}, { disk }))).toEqual(['0 a=A', '1 b=B'])
  })

  test('without its checkpoint stops the start', async () => {
    const one = await openOneLog()
    await appendAll(one, 'a')
    const disk = one.disk.crash()
    await disk.remove(`${ROOT}/${CHECKPOINT_FILE}`)
    await expect(openOneLog({}, { disk })).rejects.toThrow(/loggerhead-checkpoint is damaged.*missing/)
  })

  test('of a newer version stops the start', async () => {
    const one = await openOneLog()
    await appendAll(one, 'a')
    const disk = one.disk.crash()
    const bytes = await readWhole(disk, JOURNAL)
    bytes.write('LHJ2', 0)
    await replaceFile(disk, JOURNAL, bytes)
    await expect(openOneLog({}, { disk })).rejects.toThrow(UnknownVersionError)
  })
})

describe('a file that is not there, or not ours', () => {
  test('a segment in the middle: its offsets are missed, and no reader is sent past them', async () => {
    const settings = { segmentBytes: 100 }
    const disk = (await closedLog(settings, 'a', 'b', 'c')).crash()
    await disk.remove(`${FOLDER}/${segmentName(1, '.log')}`)
    const one = await openOneLog(settings, { disk })
    await expect(readAll(one.log, 1)).rejects.toThrow(/offset 1 is missing/)
    expect(linesOf(await readAll(one.log, 2))).toEqual(['2 c=C'])
  })

  test('the first segment: the log does not begin later for it', async () => {
    const settings = { segmentBytes: 100 }
    const disk = (await closedLog(settings, 'a', 'b')).crash()
    await disk.remove(LOG)
    const one = await openOneLog(settings, { disk })
    expect(one.log.damage?.message).toMatch(/first segment, and the log begins at 0/)
  })

  test.each(['segment', 'folder'])('the last %s: the partition is damaged', async what => {
    const disk = (await closedLog({}, 'a', 'b')).crash()
    if (what === 'folder') await disk.removeDirectory(FOLDER)
    else await disk.remove(LOG)
    await disk.syncDirectory(what === 'folder' ? ROOT : FOLDER)
    const one = await openOneLog({}, { disk })
    expect(one.log.damage?.message).toMatch(/is missing/)
    const again = await openOneLog({}, { disk: disk.crash() })
    expect(again.log.damage?.message).toMatch(/is missing/)
  })

  test('a producer snapshot: the partition is damaged', async () => {
    const first = await openOneLog()
    await append(first, record('a'), { producerId: 5, producerEpoch: 0, baseSequence: 0 })
    await first.close()
    const disk = first.disk.crash()
    await disk.remove(`${FOLDER}/${segmentName(1, '.snapshot')}`)
    const one = await openOneLog({}, { disk })
    expect(one.log.damage?.message).toMatch(/producer snapshot is missing/)
  })

  test.each<[string, (disk: MemoryDisk) => Promise<void>]>([
    ['missing', disk => disk.remove(`${FOLDER}/${LEADER_EPOCH_FILE}`)],
    ['garbage', disk => replaceFile(disk, `${FOLDER}/${LEADER_EPOCH_FILE}`, Buffer.from('0\n1\nepoch\n'))],
    ['empty', disk => replaceFile(disk, `${FOLDER}/${LEADER_EPOCH_FILE}`, Buffer.alloc(0))],
  ])('leader epochs that are %s: the partition is damaged', async (_what, spoil) => {
    const disk = (await closedLog({}, 'a')).crash()
    await spoil(disk)
    const one = await openOneLog({}, { disk })
    expect(one.log.damage).toMatchObject({ file: `${FOLDER}/${LEADER_EPOCH_FILE}` })
  })

  test.each<[string, (bytes: Buffer) => Buffer | undefined]>([
    ['missing', () => undefined],
    ['empty', () => Buffer.alloc(0)],
    ['cut off', bytes => bytes.subarray(0, bytes.length - 3)],
    ['of zeros', bytes => Buffer.alloc(bytes.length)],
    ['older than the log', bytes => bytes.subarray(0, 16)],
    ['of another segment', bytes => Buffer.concat([bytes, Buffer.from('7fffffff7fffffff', 'hex')])],
    ['noise', bytes => Buffer.alloc(bytes.length, 0x5a)],
  ])('indexes that are %s are made anew', async (_what, spoil) => {
    const settings = { indexIntervalBytes: 1, segmentBytes: 600 }
    const keys = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l']
    const disk = (await closedLog(settings, ...keys)).crash()
    for (const name of await disk.list(FOLDER)) {
      if (!name.endsWith('.index')) continue
      const bytes = spoil(await readWhole(disk, `${FOLDER}/${name}`))
      if (bytes) await replaceFile(disk, `${FOLDER}/${name}`, bytes)
      else await disk.remove(`${FOLDER}/${name}`)
    }
    const one = await openOneLog(settings, { disk })
    for (const [offset, key] of keys.entries()) {
      expect(linesOf(await readAll(one.log, offset))[0]).toBe(`${offset} ${key}=${key.toUpperCase()}`)
    }
    await appendAll(one, 'm')
    expect(linesOf(await readAll(one.log, 12))).toEqual(['12 m=M'])
  })

  test('two batches that have changed places are found', async () => {
    const disk = (await closedLog({}, 'a', 'b', 'c')).crash()
    const bytes = await readWhole(disk, LOG)
    const size = bytes.length / 3
    const swapped = Buffer.concat([
      bytes.subarray(0, size),
      bytes.subarray(2 * size),
      bytes.subarray(size, 2 * size),
    ])
    await replaceFile(disk, LOG, swapped)
    const one = await openOneLog({}, { disk })
    await expect(readAll(one.log)).rejects.toMatchObject({ position: size })
  })

  test('a checkpoint of a newer version stops the start', async () => {
    const disk = (await closedLog({}, 'a')).crash()
    const path = `${ROOT}/${CHECKPOINT_FILE}`
    const { body } = openSealedFile('LHCP', 1, await readWhole(disk, path), path)
    await replaceFile(disk, path, sealFile('LHCP', 2, body))
    await expect(openOneLog({}, { disk })).rejects.toThrow(UnknownVersionError)
  })
})

describe('the journal of a damaged log', () => {
  test('is kept in the log’s own files before it is freed', async () => {
    const one = await openOneLog({}, DIRECT)
    await append(one, record('a', LARGE))
    await appendAll(one, 'b', 'c')
    const disk = one.disk.crash()
    disk.flip(LOG, 300)
    const damaged = await openOneLog({}, { ...DIRECT, disk })
    expect(damaged.log.damage).toBeDefined()
    await damaged.directory.checkpoint()
    const later = disk.crash()
    later.flip(LOG, 300) // the byte comes back, say from a copy
    const healed = await openOneLog({}, { ...DIRECT, disk: later })
    expect(healed.log.damage).toBeUndefined()
    expect(await linesIn(healed)).toEqual(['0 a=x', '1 b=B', '2 c=C'])
  })

  test('still says how far the log reached, start after start', async () => {
    const one = await openOneLog({}, DIRECT)
    await append(one, record('a', LARGE))
    await appendAll(one, 'b')
    let disk = one.disk.crash()
    disk.flip(LOG, 300)
    for (let starts = 0; starts < 3; starts++) {
      const reopened = await openOneLog({}, { ...DIRECT, disk })
      expect(reopened.log.damage).toMatchObject({ file: LOG, position: 0 })
      await reopened.close()
      disk = disk.crash()
    }
  })

  test('does not hide that its folder was missing', async () => {
    const one = await openOneLog()
    await appendAll(one, 'a', 'b')
    await one.directory.checkpoint()
    await appendAll(one, 'c')
    let disk = one.disk.crash()
    await disk.removeDirectory(FOLDER)
    for (let starts = 0; starts < 3; starts++) {
      const reopened = await openOneLog({}, { disk })
      expect(reopened.log.damage).toBeDefined()
      await reopened.close()
      disk = disk.crash()
    }
  })

  test('asks for nothing any more when the damage has healed', async () => {
    const one = await openOneLog({}, DIRECT)
    await append(one, record('a', LARGE))
    await appendAll(one, 'b')
    const disk = one.disk.crash()
    disk.flip(LOG, 300)
    const damaged = await openOneLog({}, { ...DIRECT, disk })
    expect(damaged.log.damage).toBeDefined()
    await damaged.close()
    const later = disk.crash()
    later.flip(LOG, 300)
    const healed = await openOneLog({}, { ...DIRECT, disk: later })
    await rollWith(healed, { key: 'c', value: 'C' })
    await healed.log.moveStart(2)
    await healed.directory.checkpoint()
    const { log, directory } = healed
    for (const path of await setSegmentsAside(log, directory.environment, segmentsBelowStart(log)))
      await healed.disk.remove(path)
    const again = await openOneLog({}, { ...DIRECT, disk: healed.disk.crash() })
    expect(again.log.damage).toBeUndefined()
    expect(await linesIn(again, 2)).toEqual(['2 c=C'])
  })

  test('says no less than a checkpoint that was taken behind it', async () => {
    const place = { segment: 0, position: 700, endOffset: 7 }
    const replica = {
      ...newReplica({ topicId: Buffer.alloc(16), partition: 0, incarnation: 0 }, 'events', 1),
      ...place,
    }
    const known = { segment: 0, position: 300, endOffset: 3 }
    expect(knownPlaceOf({ ...replica, known }, [])).toEqual(place)
    expect(knownPlaceOf({ ...replica, ...known, known: place }, [])).toEqual(place)
  })

  test('is synced when the damage has healed, also after a stop in order', async () => {
    const one = await openOneLog({ syncEveryRecords: Number.POSITIVE_INFINITY }, DIRECT)
    await append(one, record('a', LARGE))
    await one.log.sync()
    await one.directory.journal.write(one.log.identity, {
      kind: EntryKind.HARD_STATE,
      segment: 0,
      position: 0,
      offset: -1,
      epoch: one.log.term,
    })
    await append(one, record('b', LARGE)) // never synced
    const disk = one.disk.kill()
    disk.flip(LOG, 300)
    const damaged = await openOneLog({}, { ...DIRECT, disk })
    expect(damaged.log.damage).toBeDefined()
    await damaged.close()
    const later = damaged.disk.kill()
    later.flip(LOG, 300)
    const healed = await openOneLog({}, { ...DIRECT, disk: later })
    await healed.directory.checkpoint()
    const again = await openOneLog({}, { ...DIRECT, disk: healed.disk.crash() })
    expect(again.log.damage).toBeUndefined()
    expect(await linesIn(again)).toEqual(['0 a=x', '1 b=x'])
  })

  test('keeps a log start that was moved before', async () => {
    const one = await openOneLog({}, DIRECT)
    await append(one, record('a', LARGE))
    await appendAll(one, 'b', 'c')
    await one.log.moveStart(2)
    const disk = one.disk.crash()
    disk.flip(LOG, 300)
    const damaged = await openOneLog({}, { ...DIRECT, disk })
    expect(damaged.log.damage).toBeDefined()
    await damaged.directory.checkpoint()
    const later = disk.crash()
    later.flip(LOG, 300)
    const healed = await openOneLog({}, { ...DIRECT, disk: later })
    expect(healed.log.damage).toBeUndefined()
    expect(healed.log.startOffset).toBe(2)
    expect(await linesIn(healed, 2)).toEqual(['2 c=C'])
  })
})
