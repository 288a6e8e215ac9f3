/** What a disk that fails, fills up or lies does to a log, and what it does not. */
import { describe, expect, test } from 'vitest'
import {
  append,
  FOLDER,
  linesOf,
  type OneLog,
  openOneLog,
  readAll,
  segmentFiles,
} from '../../test/support/one-log.ts'
import { BufferPool } from '../base/buffer-pool.ts'
import type { FaultRule } from '../base/memory-disk.ts'
import { buildBatch } from '../protocol/record.ts'
import { LogTail } from './log/log-tail.ts'
import { TailCache } from './log/tail-cache.ts'

const STORAGE_ERROR = { error: 'KAFKA_STORAGE_ERROR' }
const JOURNAL = '/journal/'
const LARGE = 3_000

/** Direct writes begin at a size that is handy for tests. */
const options = { directBytes: LARGE }

function put({ log }: OneLog, value: string, bytes = 0): Promise<void> {
  const batch = buildBatch([{ key: value, value: Buffer.alloc(bytes, 46).toString() }])
  const { done } = log.append(batch, log.term).flight
  done.catch(() => {})
  return done
}

async function keysOf(one: OneLog): Promise<string[]> {
  return (await readAll(one.log)).map(({ key }) => String(key))
}

/** The keys that are there after the power was cut. */
async function keysAfterCut(one: OneLog): Promise<string[]> {
  const reopened = await openOneLog({}, { ...options, disk: one.disk.crash(), clock: one.clock })
  expect(reopened.log.damage).toBeUndefined()
  return keysOf(reopened)
}

/** Nothing can be written beyond what is there. */
async function fillUp({ disk }: OneLog): Promise<void> {
  const used = 2 ** 50 - (await disk.space('/')).availableBytes
  disk.quotaBytes = used
}

describe('a failed write or sync', () => {
  test.each<[string, FaultRule, number, Record<string, number>]>([
    ['a synced write of the journal', { on: 'write', path: JOURNAL }, 0, {}],
    ['a plain write of the journal', { on: 'write', path: JOURNAL }, 0, { syncEveryRecords: 9 }],
    ['a write to the segment', { on: 'write', path: '.log' }, LARGE, {}],
    ['a sync of the segment', { on: 'sync', path: '.log' }, LARGE, {}],
    ['a sync of the folder', { on: 'syncDirectory', path: FOLDER }, LARGE, {}],
  ])(
    'of %s takes the directory offline, and tells everyone who waits',
    async (_name, rule, bytes, settings) => {
      const one = await openOneLog(settings, options)
      one.disk.fail({ ...rule, code: 'EIO' })
      const first = put(one, 'a', bytes)
      const second = put(one, 'b', bytes)
      const third = first.catch(() => put(one, 'late'))
      await expect(first).rejects.toMatchObject(STORAGE_ERROR)
      await expect(second).rejects.toMatchObject(STORAGE_ERROR)
      await expect(third).rejects.toMatchObject(STORAGE_ERROR)
      expect(one.failures).toHaveLength(1)
      expect(one.directory.isOffline).toBe(true)
    },
  )

  test('of an older unsynced round is told to the append that waits for its sync', async () => {
    const one = await openOneLog({ syncEveryRecords: 2 }, options)
    await put(one, 'a') // is not waited for
    one.disk.fail({ on: 'sync', path: JOURNAL, code: 'EIO' })
    await expect(put(one, 'b')).rejects.toMatchObject(STORAGE_ERROR)
    expect(one.failures).toHaveLength(1)
  })

  test('is not tried again on the same file', async () => {
    const one = await openOneLog({}, options)
    one.disk.fail({ on: 'write', path: JOURNAL, code: 'EIO' })
    await put(one, 'a').catch(() => {})
    const changes: string[] = []
    one.disk.beforeChange = ({ kind, path }) => void changes.push(`${kind} ${path}`)
    expect(() => one.log.append(buildBatch([{ key: 'b' }]), 0)).toThrow(/offline/)
    await one.directory.checkpoint().catch(() => {})
    await one.clock.advance(2_000)
    await one.close()
    expect(changes.filter(change => change.includes(JOURNAL))).toEqual([])
  })

  test('in the background takes the directory offline too', async () => {
    const one = await openOneLog({}, options)
    await put(one, 'a')
    one.disk.fail({ on: 'write', path: '.log', code: 'EIO' })
    await one.clock.advance(600)
    expect(one.failures).toHaveLength(1)
    expect(() => put(one, 'b')).toThrow(/offline: EIO/)
  })

  test('is answered to an append that came while a direct write was under way', async () => {
    const one = await openOneLog({}, options)
    let release: () => void = () => {}
    one.disk.fail({
      on: 'write',
      path: '.log',
      wait: () => new Promise<void>(resolve => (release = resolve)),
    })
    const direct = put(one, 'large', LARGE)
    await one.clock.settle()
    const behind = put(one, 'behind')
    one.directory.journal.fail(new Error('another log met a bad disk'))
    release()
    await direct.catch(() => {})
    await expect(behind).rejects.toMatchObject(STORAGE_ERROR)
  })

  test('is answered to an append that waits for room in the journal', async () => {
    const one = await openOneLog({}, options)
    one.disk.fail({ on: 'rename', path: 'loggerhead-checkpoint', code: 'ENOSPC', times: 1_000 })
    let answer: unknown
    let isWaiting = false
    for (let i = 0; i < 1_000 && !isWaiting; i++) {
      let isDone = false
      put(one, `k${i}`, 2_000).then(
        () => (isDone = true),
        error => {
          answer = error
        },
      )
      await one.clock.settle()
      isWaiting = !isDone
    }
    const removal = one.directory.removeLog(one.log.identity)
    removal.catch(() => {})
    one.directory.journal.fail(new Error('another log met a bad disk'))
    await one.clock.settle()
    expect(answer).toMatchObject(STORAGE_ERROR)
    await expect(removal).rejects.toMatchObject(STORAGE_ERROR)
    await one.close()
  })

  test('of one directory leaves none of its bytes in the memory that all share', async () => {
    const cache = new TailCache(0)
    const [dead, alive] = [
      await openOneLog({}, { ...options, cache }),
      await openOneLog({}, { ...options, cache }),
    ]
    await put(dead, 'a')
    expect(dead.log.unwrittenBytes).toBeGreaterThan(0)
    dead.directory.journal.fail(new Error('another log met a bad disk'))
    expect([dead.log.unwrittenBytes, cache.bytes]).toEqual([0, 0])
    expect(() => dead.log.read(0, 100, 1, true)).toThrow(/offline/)
    for (let i = 0; i < 20; i++) await put(alive, `k${i}`, LARGE)
    expect(cache.bytes).toBe(0)
  })

  test('leaves what is being written as it is until it is written', async () => {
    const pool = new BufferPool()
    const tail = new LogTail(new TailCache(1 << 20))
    const lease = pool.acquire(64 << 10)
    const owner = { requestWriteOut: () => {}, dropped: () => {} }
    const place = { segment: 0, position: 0, baseOffset: 0, endOffset: 1, bytes: 10, hasInternal: false }
    tail.add({ owner, ...place, parts: [lease.buffer.subarray(0, 10)], leases: [lease], written: false })
    const run = tail.nextRun()!
    tail.clear()
    expect(pool.freeBytes).toBe(0)
    tail.release(run)
    expect(pool.freeBytes).toBe(64 << 10)
  })

  test('leaves nothing that a later start would trust: what the journal has is written again and synced', async () => {
    const one = await openOneLog({}, options)
    await put(one, 'a')
    await put(one, 'b')
    one.disk.fail({ on: 'sync', path: '.log', code: 'EIO' }) // from now on the pages are clean, and not on the disk
    await expect(one.directory.checkpoint()).rejects.toThrow(/EIO/)
    const second = await openOneLog({}, { ...options, disk: one.disk.kill() })
    expect(await keysOf(second)).toEqual(['a', 'b'])
    expect(await keysAfterCut(second)).toEqual(['a', 'b'])
  })
})

describe('a full disk', () => {
  test('refuses a direct write, and goes on when there is room again', async () => {
    const one = await openOneLog({}, options)
    await put(one, 'a', LARGE)
    await fillUp(one)
    await expect(put(one, 'b', LARGE)).rejects.toMatchObject({
      ...STORAGE_ERROR,
      message: 'the disk is full',
    })
    expect([one.log.endOffset, one.failures.length]).toEqual([1, 0])
    one.disk.quotaBytes = Number.POSITIVE_INFINITY
    await put(one, 'c', LARGE)
    await put(one, 'd')
    expect(await keysOf(one)).toEqual(['a', 'c', 'd'])
    expect(await keysAfterCut(one)).toEqual(['a', 'c', 'd'])
  })

  test('takes segments back that a refused write had begun', async () => {
    const one = await openOneLog({ segmentBytes: 5_000 }, options)
    await put(one, 'a', LARGE)
    await fillUp(one)
    one.disk.quotaBytes += 1_000 // enough for the beginning of the next segment
    const refused = ['b', 'c', 'd'].map(key => put(one, key, LARGE))
    for (const one of refused) await expect(one).rejects.toMatchObject(STORAGE_ERROR)
    one.disk.quotaBytes = Number.POSITIVE_INFINITY
    for (const key of ['e', 'f', 'g', 'h']) await put(one, key, 1_500)
    await one.directory.checkpoint()
    expect(await keysOf(one)).toEqual(['a', 'e', 'f', 'g', 'h'])
    const files = (await segmentFiles(one.disk)).filter(name => name.endsWith('.log'))
    expect(files).toEqual(['0.log', '1.log', '4.log'])
    expect(await keysAfterCut(one)).toEqual(['a', 'e', 'f', 'g', 'h'])
  })

  test('takes back only what it had no room for, where each append is acknowledged when it is written', async () => {
    const unsynced = { syncEveryRecords: Number.POSITIVE_INFINITY }
    const one = await openOneLog({ ...unsynced, segmentBytes: 5_000 }, options)
    await put(one, 'a', LARGE)
    await fillUp(one)
    one.disk.quotaBytes += LARGE + 1_000 // enough for one more segment
    const outcomes = await Promise.allSettled(['b', 'c', 'd'].map(key => put(one, key, LARGE)))
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected'])
    one.disk.quotaBytes = Number.POSITIVE_INFINITY
    await put(one, 'e', LARGE)
    expect(await keysOf(one)).toEqual(['a', 'b', 'e'])
    await one.directory.checkpoint()
    expect(await keysAfterCut(one)).toEqual(['a', 'b', 'e'])
  })

  test('takes an append at the very beginning of a segment back with its index', async () => {
    const one = await openOneLog({ indexIntervalBytes: 100 }, options)
    await fillUp(one)
    const refused = [put(one, 'a', LARGE), put(one, 'b', LARGE), put(one, 'c', LARGE)]
    for (const one of refused) await expect(one).rejects.toMatchObject(STORAGE_ERROR)
    one.disk.quotaBytes = Number.POSITIVE_INFINITY
    await put(one, 'd')
    await put(one, 'e', LARGE)
    expect(await keysOf(one)).toEqual(['d', 'e'])
  })

  test('keeps what the journal has in memory, and brings it to its place later', async () => {
    const one = await openOneLog({}, options)
    await put(one, 'a')
    await one.clock.advance(600)
    await fillUp(one)
    await put(one, 'b')
    await put(one, 'c')
    await one.clock.advance(600)
    expect(one.log.unwrittenBytes).toBeGreaterThan(0)
    expect(await keysOf(one)).toEqual(['a', 'b', 'c'])
    await expect(one.directory.checkpoint()).rejects.toThrow(/ENOSPC/)
    one.disk.quotaBytes = Number.POSITIVE_INFINITY
    await one.clock.advance(600)
    expect([one.log.unwrittenBytes, one.failures.length]).toEqual([0, 0])
    expect(await keysAfterCut(one)).toEqual(['a', 'b', 'c'])
  })

  test('refuses a round when the journal needs another file, and goes on when there is room again', async () => {
    const one = await openOneLog({}, options)
    await fillUp(one)
    const kept: string[] = []
    let refused: unknown
    for (let i = 0; i < 200 && !refused; i++) {
      await put(one, `k${i}`, 2_000).then(
        () => kept.push(`k${i}`),
        error => {
          refused = error
        },
      )
    }
    expect(refused).toMatchObject(STORAGE_ERROR)
    expect(one.failures).toEqual([])
    const removal = one.directory.removeLog({ topicId: Buffer.alloc(16, 9), partition: 0, incarnation: 0 })
    await removal // of a log that is not there: nothing waits
    one.disk.quotaBytes = Number.POSITIVE_INFINITY
    await put(one, 'last')
    expect(await keysOf(one)).toEqual([...kept, 'last'])
    expect(await keysAfterCut(one)).toEqual([...kept, 'last'])
  })

  test('takes a refused round back before anything goes on behind it', async () => {
    const one = await openOneLog({}, options)
    const kept: string[] = []
    await fillUp(one)
    for (let isFull = false; !isFull; ) {
      const key = `k${kept.length}`
      await put(one, key, 2_000).then(
        () => kept.push(key),
        () => {
          isFull = true
        },
      )
    }
    const hinder = { on: 'rename', path: 'loggerhead-checkpoint', code: 'EIO', times: 100 } as const
    const letCheckpoint = one.disk.fail(hinder) // it would free a file
    one.disk.quotaBytes = Number.POSITIVE_INFINITY
    let refuse = () => {}
    one.disk.fail({
      on: 'create',
      path: JOURNAL,
      code: 'ENOSPC',
      wait: () => new Promise<void>(resolve => (refuse = resolve)),
    })
    const refused = [put(one, 'refused')]
    await one.clock.settle()
    refused.push(put(one, 'behind'))
    const { endOffset } = one.log
    let truncate = () => {}
    one.disk.fail({
      on: 'truncate',
      path: '.log',
      wait: () => new Promise<void>(resolve => (truncate = resolve)),
    })
    refuse()
    for (let i = 0; i < 100 && one.log.endOffset === endOffset; i++) await undefined
    expect(one.log.endOffset).toBe(endOffset - 2)
    const last = put(one, 'last') // while the rollback is under way
    await one.clock.advance(600)
    truncate()
    for (const one of refused) await expect(one).rejects.toMatchObject(STORAGE_ERROR)
    await last
    letCheckpoint()
    await one.directory.checkpoint()
    expect(await keysOf(one)).toEqual([...kept, 'last'])
    expect(await keysAfterCut(one)).toEqual([...kept, 'last'])
  })

  test('does not lose a deletion that waits for the journal', async () => {
    const one = await openOneLog({}, options)
    await fillUp(one)
    for (let i = 0, isFull = false; !isFull; i++) {
      await put(one, `k${i}`, 2_000).catch(() => {
        isFull = true
      })
    }
    const removal = one.directory.removeLog(one.log.identity)
    await one.clock.advance(500)
    one.disk.quotaBytes = Number.POSITIVE_INFINITY
    await one.clock.advance(500)
    await removal
    expect(await one.disk.exists(FOLDER)).toBe(false)
  })
})

describe('a read', () => {
  async function openCold(): Promise<OneLog> {
    const one = await openOneLog({}, options)
    for (const key of ['a', 'b', 'c']) await put(one, key, LARGE)
    return one
  }

  test('that fails is answered with an error, and the next one works', async () => {
    const one = await openCold()
    one.disk.fail({ on: 'read', path: '.log', code: 'EIO' })
    await expect(keysOf(one)).rejects.toMatchObject(STORAGE_ERROR)
    expect(await keysOf(one)).toEqual(['a', 'b', 'c'])
    expect([one.failures.length, one.log.damage]).toEqual([0, undefined])
  })

  test('that gives fewer bytes than there are is not taken for the end of the log', async () => {
    const one = await openCold()
    for (const bytes of [0, 10, 70]) {
      one.disk.fail({ on: 'read', path: '.log', bytes, times: 4 })
      await expect(keysOf(one)).rejects.toThrow(/cut short/)
      for (let i = 0; i < 4; i++) await keysOf(one).catch(() => {})
      expect(await keysOf(one)).toEqual(['a', 'b', 'c'])
    }
  })

  test('that fails at the start makes one partition unusable, not the broker', async () => {
    const one = await openCold()
    const disk = one.disk.crash()
    disk.fail({ on: 'read', path: '.log', code: 'EIO', times: 100 })
    const reopened = await openOneLog({}, { ...options, disk })
    expect(reopened.log.damage).toBeDefined()
    expect(() => reopened.log.append(buildBatch([{ key: 'd' }]), 1)).toThrow(/EIO/)
  })
})

test('what a failing checkpoint did not cover stays in the journal', async () => {
  const one = await openOneLog({}, options)
  await append(one, [{ key: 'a', value: '1' }])
  one.disk.fail({ on: 'rename', path: 'loggerhead-checkpoint', code: 'ENOSPC' })
  await expect(one.directory.checkpoint()).rejects.toThrow(/ENOSPC/)
  const reopened = await openOneLog({}, { disk: one.disk.crash() })
  expect(linesOf(await readAll(reopened.log))).toEqual(['0 a=1'])
})
