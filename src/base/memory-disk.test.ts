import { describe, expect, test } from 'vitest'
import { type Disk, readIfExists, readWhole, replaceFile } from './disk.ts'
import { DeadDiskError, MemoryDisk, type PowerCut } from './memory-disk.ts'
import { SeededRandom } from './random.ts'

const text = (value: string) => [Buffer.from(value)]

/** A file `/a` with `safe` synced, its name too, and `-lost` written behind it, unsynced. */
async function halfSynced(): Promise<MemoryDisk> {
  const disk = new MemoryDisk()
  const file = await disk.open('/a', { mode: 'create' })
  await file.write(0, text('safe'))
  await file.sync()
  await disk.syncDirectory('/')
  await file.write(4, text('-lost'))
  return disk
}

async function contentOf(disk: Disk, path: string): Promise<string | undefined> {
  return (await readIfExists(disk, path))?.toString()
}

/** The different things that `look` sees after many random power cuts. */
async function outcomes<T>(disk: MemoryDisk, look: (disk: MemoryDisk) => Promise<T>, cut: PowerCut = {}) {
  const seen = new Set<T>()
  for (let seed = 1; seed <= 300; seed++) {
    seen.add(await look(disk.crash({ ...cut, random: new SeededRandom(seed) })))
  }
  return [...seen]
}

describe('a power cut', () => {
  test('keeps what was synced and loses the rest', async () => {
    const disk = await halfSynced()
    expect(await contentOf(disk.crash(), '/a')).toBe('safe')
  })

  test('keeps the bytes that were written, whatever their buffer is used for before the sync', async () => {
    const disk = await halfSynced()
    const file = await disk.open('/a', { mode: 'write' })
    const bytes = Buffer.from('soon')
    await file.write(0, [bytes])
    bytes.fill('x')
    await file.sync()
    expect(await contentOf(disk.crash(), '/a')).toBe('soon-lost')
  })

  test('may keep everything', async () => {
    const disk = await halfSynced()
    expect(await contentOf(disk.crash({ keep: 'all' }), '/a')).toBe('safe-lost')
  })

  test('may keep a given number of unsynced bytes', async () => {
    const disk = await halfSynced()
    expect(await contentOf(disk.crash({ keep: { bytes: 2 } }), '/a')).toBe('safe-l')
  })

  test('at random keeps a write, loses it, or leaves zeros in its place', async () => {
    const disk = await halfSynced()
    const seen = await outcomes(disk, after => contentOf(after, '/a'))
    expect(seen.sort()).toEqual(['safe', `safe${'\0'.repeat(5)}`, 'safe-lost'])
  })

  test('without tearing only keeps or loses whole writes', async () => {
    const disk = await halfSynced()
    const seen = await outcomes(disk, after => contentOf(after, '/a'), { tear: false })
    expect(seen.sort()).toEqual(['safe', 'safe-lost'])
  })

  test('tears a long write at sectors of 512 bytes', async () => {
    const disk = new MemoryDisk()
    const file = await disk.open('/a', { mode: 'create' })
    await disk.syncDirectory('/')
    await file.write(500, [Buffer.alloc(2_000, 'x')])
    const patterns = await outcomes(disk, async after => {
      const bytes = (await readIfExists(after, '/a')) ?? Buffer.alloc(0)
      const sectors: string[] = []
      for (let at = 500; at < 2_500; at = Math.floor(at / 512 + 1) * 512) {
        const sector = bytes.subarray(at, Math.min(2_500, Math.floor(at / 512 + 1) * 512))
        expect(new Set(sector).size).toBeLessThanOrEqual(1)
        sectors.push(sector[0] === 'x'.charCodeAt(0) ? 'x' : '.')
      }
      return sectors.join('')
    })
    expect(patterns).toContain('xxxxx')
    expect(patterns).toContain('.....')
    expect(patterns).toContain('xx...')
    expect(patterns.some(pattern => /\.x/.test(pattern))).toBe(true)
  })

  test('may keep a later write and lose an earlier one, unless the order is strict', async () => {
    const disk = new MemoryDisk()
    const file = await disk.open('/a', { mode: 'create' })
    await disk.syncDirectory('/')
    await file.write(0, text('one'))
    await file.write(3, text('two'))
    expect(await outcomes(disk, after => contentOf(after, '/a'))).toContain('\0\0\0two')
    const strict = await outcomes(disk, after => contentOf(after, '/a'), { order: 'strict' })
    expect(strict.sort()).toEqual(['', 'one', 'onetwo'])
  })

  test('may bring back what an unsynced truncation removed', async () => {
    const disk = await halfSynced()
    const file = await disk.open('/a', { mode: 'write' })
    await file.truncate(2)
    expect(await contentOf(disk, '/a')).toBe('sa')
    const seen = await outcomes(disk, after => contentOf(after, '/a'))
    expect(seen).toContain('sa')
    expect(seen).toContain('safe')
  })

  test('forgets a file whose name was not synced, though its bytes were', async () => {
    const disk = new MemoryDisk()
    const file = await disk.open('/a', { mode: 'create' })
    await file.write(0, text('bytes'))
    await file.sync()
    expect(await contentOf(disk.crash(), '/a')).toBeUndefined()
  })

  test('keeps such a file where syncing a file keeps its name, as ext4 does', async () => {
    const disk = new MemoryDisk({ fileSyncKeepsName: true })
    const file = await disk.open('/a', { mode: 'create' })
    await file.write(0, text('bytes'))
    await file.sync()
    expect(await contentOf(disk.crash(), '/a')).toBe('bytes')
  })

  test('forgets a new folder with all in it until its parent is synced', async () => {
    const disk = new MemoryDisk()
    await disk.makeDirectory('/data/topic-0')
    await replaceFile(disk, '/data/topic-0/a', Buffer.from('a'))
    expect(await disk.crash().exists('/data')).toBe(false)
    const another = new MemoryDisk({ folders: ['/data'] })
    await another.makeDirectory('/data/topic-0')
    await another.syncDirectory('/data')
    await replaceFile(another, '/data/topic-0/a', Buffer.from('a'))
    expect(await contentOf(another.crash(), '/data/topic-0/a')).toBe('a')
  })

  test('undoes or keeps a rename whose folder was not synced, and never shows half of it', async () => {
    const disk = await halfSynced()
    await disk.rename('/a', '/b')
    const seen = await outcomes(disk, async after => (await after.list('/')).join())
    expect(seen.sort()).toEqual(['a', 'b'])
  })

  test('never loses a file that moves between two folders', async () => {
    const disk = new MemoryDisk({ folders: ['/x', '/y'] })
    await replaceFile(disk, '/x/a', Buffer.from('a'))
    await disk.rename('/x/a', '/y/a')
    const places = async (after: MemoryDisk) =>
      [
        ...(await after.list('/x')).map(name => `x/${name}`),
        ...(await after.list('/y')).map(name => `y/${name}`),
      ].join()
    expect((await outcomes(disk, places)).sort()).toEqual(['x/a', 'x/a,y/a', 'y/a'])
    const file = await disk.crash({ keep: 'all' }).list('/y')
    expect(file).toEqual(['a'])
  })

  test('brings back a removed file whose folder was not synced', async () => {
    const disk = await halfSynced()
    await disk.remove('/a')
    const seen = await outcomes(disk, after => after.exists('/a'))
    expect(seen.sort()).toEqual([false, true])
  })

  test('may stop in the middle of removing a folder', async () => {
    const disk = new MemoryDisk({ folders: ['/t'] })
    await replaceFile(disk, '/t/a', Buffer.from('a'))
    await replaceFile(disk, '/t/b', Buffer.from('b'))
    await disk.removeDirectory('/t')
    const seen = await outcomes(disk, async after =>
      (await after.exists('/t')) ? (await after.list('/t')).join() : 'gone',
    )
    expect(seen.sort()).toEqual(['', 'a', 'a,b', 'b', 'gone'])
  })

  test('leaves the old bytes or the new ones of a file that was replaced', async () => {
    const before = new MemoryDisk()
    await replaceFile(before, '/a', Buffer.from('old'))
    const total = await countChanges(before.crash(), disk => replaceFile(disk, '/a', Buffer.from('new')))
    for (let stop = 1; stop <= total; stop++) {
      const disk = before.crash()
      disk.beforeChange = change => {
        if (change.number === stop) disk.powerOff()
      }
      await replaceFile(disk, '/a', Buffer.from('new')).catch(() => {})
      for (const content of await outcomes(disk, after => contentOf(after, '/a'))) {
        expect(['old', 'new'], `stopped before change ${stop}`).toContain(content)
      }
    }
    expect(total).toBe(5)
  })

  test('is the same for the same seed', async () => {
    const disk = new MemoryDisk({ folders: ['/data'] })
    for (let i = 0; i < 20; i++) {
      const file = await disk.open(`/data/${i}`, { mode: 'create' })
      await file.write(i, [Buffer.alloc(3_000, i)])
    }
    const image = async () => {
      const after = disk.crash({ random: new SeededRandom(7) })
      const names = await after.list('/data')
      return Promise.all(
        names.map(async name => [name, (await readWhole(after, `/data/${name}`)).toString('hex')]),
      )
    }
    expect(await image()).toEqual(await image())
  })

  test('ends the incarnation: the old disk and its open files answer nothing any more', async () => {
    const disk = await halfSynced()
    const file = await disk.open('/a', { mode: 'write' })
    const late = file.write(0, text('late'))
    const after = disk.crash()
    await expect(late).rejects.toThrow(DeadDiskError)
    await expect(file.read(0, Buffer.alloc(1))).rejects.toThrow(DeadDiskError)
    await expect(file.sync()).rejects.toThrow(DeadDiskError)
    await expect(disk.list('/')).rejects.toThrow(DeadDiskError)
    expect(() => file.writeNow(0, Buffer.from('x'))).toThrow(DeadDiskError)
    expect(await contentOf(after, '/a')).toBe('safe')
  })
})

async function countChanges(disk: MemoryDisk, run: (disk: MemoryDisk) => Promise<unknown>): Promise<number> {
  await run(disk)
  return disk.changes
}

describe('a write with dsync', () => {
  async function withDsync() {
    const disk = new MemoryDisk()
    const plain = await disk.open('/a', { mode: 'create' })
    await disk.syncDirectory('/')
    return { disk, plain, durable: await disk.open('/a', { mode: 'write', dsync: true }) }
  }

  test('survives a power cut as soon as it has resolved', async () => {
    const { disk, durable } = await withDsync()
    await durable.write(0, [Buffer.from('one'), Buffer.from('two')])
    expect(await contentOf(disk.crash(), '/a')).toBe('onetwo')
  })

  test('may be lost before it has resolved', async () => {
    const { disk, durable } = await withDsync()
    void durable.write(0, text('one')).catch(() => {})
    await undefined
    expect(await contentOf(disk.crash(), '/a')).toBe('')
  })

  test('does not make the bytes beside it safe', async () => {
    const { disk, plain, durable } = await withDsync()
    await plain.write(0, text('abcdefgh'))
    await durable.write(2, text('XY'))
    expect(await contentOf(disk.crash(), '/a')).toBe('\0\0XY')
    expect(await contentOf(disk.crash({ keep: 'all' }), '/a')).toBe('abXYefgh')
  })

  test('is not undone by a truncation before it', async () => {
    const { disk, plain, durable } = await withDsync()
    await plain.write(0, text('abcdefgh'))
    await plain.sync()
    await plain.truncate(0)
    await durable.write(0, text('XY'))
    expect(await outcomes(disk, after => contentOf(after, '/a'))).toEqual(['XY'])
  })

  test('is refused on the callers turn, where it would block', async () => {
    const { durable } = await withDsync()
    expect(() => durable.writeNow(0, Buffer.from('x'))).toThrow(/dsync/)
  })
})

describe('kill -9', () => {
  test('keeps all that was written; a later power cut may still take it', async () => {
    const disk = await halfSynced()
    const file = await disk.open('/a', { mode: 'write' })
    const after = disk.kill()
    expect(await contentOf(after, '/a')).toBe('safe-lost')
    await expect(file.write(0, text('late'))).rejects.toThrow(DeadDiskError)
    expect(await contentOf(after.crash(), '/a')).toBe('safe')
  })

  test('lets go of locks', async () => {
    const disk = new MemoryDisk({ folders: ['/data'] })
    await disk.lock('/data', 'first')
    await expect(disk.lock('/data', 'second')).rejects.toThrow(/in use by first/)
    await expect(disk.kill().lock('/data', 'second')).resolves.toBeDefined()
  })
})

describe('an injected fault', () => {
  test('hits the chosen operation, path and turn, and then no more', async () => {
    const disk = new MemoryDisk()
    const file = await disk.open('/log', { mode: 'create' })
    const other = await disk.open('/other', { mode: 'create' })
    disk.fail({ on: 'write', path: /log$/, skip: 1, times: 2, code: 'EIO' })
    await other.write(0, text('x'))
    await file.write(0, text('x'))
    await expect(file.write(1, text('y'))).rejects.toMatchObject({ code: 'EIO', path: '/log' })
    await expect(file.write(1, text('y'))).rejects.toMatchObject({ code: 'EIO' })
    await file.write(1, text('y'))
    expect(await contentOf(disk, '/log')).toBe('xy')
  })

  test('can be taken back', async () => {
    const disk = new MemoryDisk()
    const undo = disk.fail({ on: 'list', times: Number.POSITIVE_INFINITY, code: 'EIO' })
    await expect(disk.list('/')).rejects.toMatchObject({ code: 'EIO' })
    undo()
    expect(await disk.list('/')).toEqual([])
  })

  test('leaves a part of a failed write behind', async () => {
    const disk = new MemoryDisk()
    const file = await disk.open('/a', { mode: 'create' })
    disk.fail({ on: 'write', code: 'ENOSPC', bytes: 3 })
    await expect(file.write(0, text('abcdef'))).rejects.toMatchObject({ code: 'ENOSPC' })
    expect(await contentOf(disk, '/a')).toBe('abc')
  })

  test('cuts a read short', async () => {
    const disk = await halfSynced()
    const file = await disk.open('/a', { mode: 'read' })
    disk.fail({ on: 'read', bytes: 2 })
    expect(await file.read(0, Buffer.alloc(4))).toBe(2)
  })

  test('holds an operation until the test lets it go', async () => {
    const disk = await halfSynced()
    const file = await disk.open('/a', { mode: 'read' })
    const gate = Promise.withResolvers<void>()
    disk.fail({ on: 'read', wait: () => gate.promise })
    let done = false
    const reading = file.read(0, Buffer.alloc(4)).then(() => {
      done = true
    })
    await disk.list('/')
    expect(done).toBe(false)
    gate.resolve()
    await reading
  })
})

describe('a failed sync', () => {
  test('loses the bytes though readers still see them, and the file refuses to sync again', async () => {
    const disk = await halfSynced()
    const file = await disk.open('/a', { mode: 'write' })
    disk.fail({ on: 'sync', code: 'EIO' })
    await expect(file.sync()).rejects.toMatchObject({ code: 'EIO' })
    await expect(file.sync()).rejects.toMatchObject({ code: 'EIO' })
    expect(await contentOf(disk, '/a')).toBe('safe-lost')
    expect(await contentOf(disk.crash({ keep: 'all' }), '/a')).toBe('safe')
  })

  test('is not healed by opening the file again: that sync resolves and saves nothing, as on Linux', async () => {
    const disk = await halfSynced()
    const file = await disk.open('/a', { mode: 'write' })
    disk.fail({ on: 'sync', code: 'EIO' })
    await file.sync().catch(() => {})
    const again = await disk.open('/a', { mode: 'write' })
    await again.sync()
    expect(await contentOf(disk.crash(), '/a')).toBe('safe')
  })

  test('on a file with dsync is a failed write, and no later write is accepted', async () => {
    const disk = new MemoryDisk()
    const file = await disk.open('/a', { mode: 'create', dsync: true })
    disk.fail({ on: 'write', code: 'EIO' })
    await expect(file.write(0, text('a'))).rejects.toMatchObject({ code: 'EIO' })
    await expect(file.write(0, text('a'))).rejects.toMatchObject({ code: 'EIO' })
  })
})

describe('space and rot', () => {
  test('refuses to grow beyond the quota, keeps what fitted, and goes on when there is room again', async () => {
    const disk = new MemoryDisk({ quotaBytes: 10 })
    const file = await disk.open('/a', { mode: 'create' })
    await file.write(0, text('12345678'))
    expect(await disk.space('/')).toEqual({ availableBytes: 2, totalBytes: 10 })
    await expect(file.write(8, text('9abc'))).rejects.toMatchObject({ code: 'ENOSPC' })
    expect(await contentOf(disk, '/a')).toBe('123456789a')
    await file.write(0, text('overwriting needs no room'.slice(0, 10)))
    disk.quotaBytes = 12
    await file.write(10, text('bc'))
  })

  test('turns a bit over, in the cache and on the medium', async () => {
    const disk = await halfSynced()
    disk.flip('/a', 0)
    disk.flip('/a', 5, 0x20)
    expect(await contentOf(disk, '/a')).toBe('rafe-Lost')
    expect(await contentOf(disk.crash({ keep: 'all' }), '/a')).toBe('rafe-Lost')
    expect(await contentOf(disk.crash(), '/a')).toBe('rafe')
  })
})

test('takes operations in the order that a schedule gives', async () => {
  const waiting: (() => void)[] = []
  const disk = new MemoryDisk({ schedule: run => waiting.push(run) })
  const order: string[] = []
  const first = disk.makeDirectory('/first').then(() => order.push('first'))
  const second = disk.makeDirectory('/second').then(() => order.push('second'))
  waiting.pop()!()
  await second
  waiting.pop()!()
  await first
  expect(order).toEqual(['second', 'first'])
})

test('goes through 2,000 crashes of a small log in a few seconds', async () => {
  const started = performance.now()
  for (let seed = 1; seed <= 2_000; seed++) {
    const random = new SeededRandom(seed)
    const disk = new MemoryDisk({ folders: ['/log'] })
    const file = await disk.open('/log/0', { mode: 'create' })
    await disk.syncDirectory('/log')
    let synced = 0
    const stop = 1 + random.below(30)
    disk.beforeChange = change => {
      if (change.number === stop) disk.powerOff()
    }
    try {
      for (let i = 0; i < 20; i++) {
        await file.write(i * 100, [Buffer.alloc(100, i + 1)])
        if (random.below(3) === 0) {
          await file.sync()
          synced = (i + 1) * 100
        }
      }
    } catch (error) {
      expect(error).toBeInstanceOf(DeadDiskError)
    }
    const content = await readWhole(disk.crash({ random }), '/log/0')
    for (let at = 0; at < synced; at++) {
      if (content[at] !== Math.floor(at / 100) + 1)
        throw new Error(`seed ${seed}: byte ${at} of ${synced} synced ones is lost`)
    }
  }
  expect(performance.now() - started).toBeLessThan(5_000)
})
