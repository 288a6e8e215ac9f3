import { expect, test } from 'vitest'
import {
  append,
  FOLDER,
  linesOf,
  type OneLog,
  openOneLog,
  readAll,
  rollWith,
  segmentFiles,
} from '../../../test/support/one-log.ts'
import { readBase } from './base-file.ts'
import { removeLeftovers, segmentsBelowStart, setSegmentsAside } from './log-start.ts'

/** Segments at 0, 3, 6 and 9, of three records each; the last one is active. */
async function openFour(options: Parameters<typeof openOneLog>[1] = {}): Promise<OneLog> {
  const one = await openOneLog({}, options)
  await append(one, threeRecords(0))
  for (const base of [3, 6, 9]) await rollWith(one, ...threeRecords(base))
  return one
}

function threeRecords(base: number) {
  return [0, 1, 2].map(i => ({ key: `k${base + i}`, value: `v${base + i}` }))
}

async function removeBelowStart({ log, directory }: OneLog): Promise<string[]> {
  log.isDirty = true
  await directory.checkpoint()
  return setSegmentsAside(log, directory.environment, segmentsBelowStart(log))
}

async function reopen({ disk, clock }: OneLog): Promise<OneLog> {
  return openOneLog({}, { disk: disk.crash(), clock })
}

test('a move of the start is clipped to what is durable', async () => {
  const one = await openFour()
  expect(await one.log.moveStart(1_000)).toBe(12)
  expect(one.log.startOffset).toBe(12)
})

test('the start never goes back', async () => {
  const { log } = await openFour()
  expect(await log.moveStart(5)).toBe(5)
  expect(await log.moveStart(2)).toBe(5)
})

test('a move that was answered survives a power cut', async () => {
  const one = await openFour()
  await one.log.moveStart(4)
  const { log } = await reopen(one)
  expect(log.startOffset).toBe(4)
  expect(linesOf(await readAll(log))[0]).toBe('4 k4=v4')
})

test('a move survives when a checkpoint has freed the journal', async () => {
  const one = await openFour()
  await one.log.moveStart(4)
  await one.directory.checkpoint()
  const again = await reopen(one)
  expect(again.log.startOffset).toBe(4)
  await again.close()
  const { log } = await openOneLog({}, { disk: again.disk.kill(), clock: again.clock })
  expect(log.startOffset).toBe(4)
})

test('a move to the end of the log leaves an empty log that goes on at the same offset', async () => {
  const one = await openFour()
  await one.log.moveStart(12)
  await removeBelowStart(one)
  const again = await reopen(one)
  expect([again.log.startOffset, again.log.endOffset, again.log.visibleEnd]).toEqual([12, 12, 12])
  await append(again, [{ key: 'k', value: 'v' }])
  expect(linesOf(await readAll(again.log))).toEqual(['12 k=v'])
})

test('only segments of which nothing is left are removed, and never the active one', async () => {
  const one = await openFour()
  const bases = () => segmentsBelowStart(one.log).map(segment => segment.baseOffset)
  await one.log.moveStart(2)
  expect(bases()).toEqual([])
  await one.log.moveStart(3)
  expect(bases()).toEqual([0])
  await one.log.moveStart(12)
  expect(bases()).toEqual([0, 3, 6])
})

test('removed segments are set aside with all their files, and the rest is as it was', async () => {
  const one = await openFour()
  await one.log.moveStart(7)
  const aside = await removeBelowStart(one)
  const files = await segmentFiles(one.disk)
  expect(files.filter(name => name.endsWith('.log'))).toEqual(['6.log', '9.log'])
  expect(aside.map(path => path.slice(FOLDER.length + 1).replace(/^0+(?=\d)/, ''))).toEqual(
    files.filter(name => name.endsWith('.deleted')),
  )
  expect(files.filter(name => name.endsWith('.snapshot'))[0]).toBe('6.snapshot')
  expect(linesOf(await readAll(one.log))).toEqual([
    '7 k7=v7',
    '8 k8=v8',
    '9 k9=v9',
    '10 k10=v10',
    '11 k11=v11',
  ])
})

test('the Base and the epochs say what was true below, before anything goes', async () => {
  const one = await openFour()
  const { log, disk } = one
  await append(one, [{ key: 'k', value: 'v' }], { producerId: 5, producerEpoch: 0, baseSequence: 0 })
  await log.moveStart(7)
  await removeBelowStart(one)
  expect(await readBase(disk, FOLDER)).toMatchObject({ logStart: 6, epochBefore: log.term, producers: [] })
  expect(log.epochs.entries).toEqual([{ epoch: log.term, startOffset: 6 }])
})

test('the Base has the producers of the removed part', async () => {
  const one = await openOneLog()
  await append(one, [{ key: 'a', value: '1' }], { producerId: 5, producerEpoch: 0, baseSequence: 0 })
  await rollWith(one)
  await append(one, [{ key: 'b', value: '2' }], { producerId: 6, producerEpoch: 0, baseSequence: 0 })
  await one.log.moveStart(1)
  await removeBelowStart(one)
  const base = await readBase(one.disk, FOLDER)
  expect(base?.producers.map(({ producerId, lastOffset }) => [producerId, lastOffset])).toEqual([[5, 0]])
})

test('a read below the start is out of range also when it was under way', async () => {
  const one = await openFour()
  const reading = Promise.resolve(one.log.read(0, 1_000, 12, true)).then(
    slice => slice.nextOffset,
    error => error.code ?? error.message,
  )
  await one.log.moveStart(9)
  await removeBelowStart(one)
  expect([3, 'OFFSET_OUT_OF_RANGE']).toContain(await reading)
})

test('what a crash left of a removal is finished by the next start', async () => {
  const one = await openFour()
  await one.log.moveStart(7)
  await removeBelowStart(one)
  const again = await reopen(one)
  await removeLeftovers(again.log, again.directory.environment)
  const files = await segmentFiles(again.disk)
  expect(files.filter(name => name.endsWith('.deleted'))).toEqual([])
  expect(files.filter(name => name.endsWith('.log'))).toEqual(['6.log', '9.log'])
})

test('a power cut before any change of a removal loses nothing above the start', async () => {
  const whole = await openFour()
  await whole.log.moveStart(7)
  const before = whole.disk.changes
  await removeBelowStart(whole)
  const changes = whole.disk.changes - before
  expect(changes).toBeGreaterThan(10)
  for (let number = 1; number <= changes; number++) {
    const one = await openFour()
    await one.log.moveStart(7)
    const last = one.disk.changes + number
    one.disk.beforeChange = change => {
      if (change.number >= last) one.disk.powerOff()
    }
    await removeBelowStart(one).catch(() => {})
    const again = await reopen(one)
    expect(again.log.damage, `change ${number}`).toBeUndefined()
    expect(linesOf(await readAll(again.log)), `change ${number}`).toEqual(
      [7, 8, 9, 10, 11].map(offset => `${offset} k${offset}=v${offset}`),
    )
    await removeBelowStart(again)
    await removeLeftovers(again.log, again.directory.environment)
    const logs = (await segmentFiles(again.disk)).filter(name => name.endsWith('.log'))
    expect(logs, `change ${number}`).toEqual(['6.log', '9.log'])
  }
})

test('a start beyond what a power cut has left begins the log anew, and start after start goes on there', async () => {
  const unsynced = { syncEveryRecords: Number.POSITIVE_INFINITY }
  const one = await openOneLog(unsynced)
  await append(one, threeRecords(0), { producerId: 5, producerEpoch: 0, baseSequence: 0 })
  await one.directory.checkpoint()
  await append(one, threeRecords(3), { producerId: 5, producerEpoch: 0, baseSequence: 3 })
  expect(await one.log.moveStart(6)).toBe(6)
  let again = await openOneLog(unsynced, { disk: one.disk.crash() })
  const { log } = again
  expect([log.startOffset, log.endOffset, log.visibleEnd, log.damage]).toEqual([6, 6, 6, undefined])
  expect(log.producers.producerCount).toBe(0)
  for (const [i, key] of ['a', 'b', 'c'].entries()) {
    await append(again, [{ key, value: '1' }])
    await again.log.sync()
    await again.directory.journal.sync()
    again = await openOneLog(unsynced, { disk: i === 1 ? again.disk.kill() : again.disk.crash() })
    expect(again.log.damage, key).toBeUndefined()
  }
  expect(linesOf(await readAll(again.log))).toEqual(['6 a=1', '7 b=1', '8 c=1'])
  await removeBelowStart(again)
  expect((await segmentFiles(again.disk)).filter(name => name.endsWith('.log'))).toEqual(['6.log'])
  const last = await openOneLog(unsynced, { disk: again.disk.crash() })
  expect(linesOf(await readAll(last.log))).toEqual(['6 a=1', '7 b=1', '8 c=1'])
})

test('a power cut before any change of such a start leaves the same', async () => {
  const unsynced = { syncEveryRecords: Number.POSITIVE_INFINITY }
  for (let number = 1; ; number++) {
    const one = await openOneLog(unsynced)
    await append(one, threeRecords(0))
    await one.directory.checkpoint()
    await append(one, threeRecords(3))
    await one.log.moveStart(6)
    const disk = one.disk.crash()
    let isCut = false
    disk.beforeChange = change => {
      isCut ||= change.number >= number
      if (isCut) disk.powerOff()
    }
    await openOneLog(unsynced, { disk }).catch(() => {})
    for (const left of [disk.crash(), disk.crash({ keep: 'all' })]) {
      const again = await openOneLog(unsynced, { disk: left })
      expect(again.log.damage, `change ${number}`).toBeUndefined()
      expect([again.log.startOffset, again.log.endOffset], `change ${number}`).toEqual([6, 6])
    }
    if (isCut) continue
    expect(number).toBeGreaterThan(10)
    return
  }
})
