/** What every `Disk` promises, as tests: run on `MemoryDisk` and on `NodeDisk` in a temporary folder. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Disk, LockedError, readIfExists, readWhole, replaceFile } from './disk.ts'

interface Subject {
  disk: Disk
  /** An empty folder. */
  folder: string
  close(): Promise<void>
}

const bytes = (value: string) => Buffer.from(value)

export function describeDisk(name: string, open: () => Promise<Subject>): void {
  describe(`${name} as a disk`, () => {
    let subject: Subject
    let disk: Disk
    let fileCount = 0
    beforeAll(async () => {
      subject = await open()
      disk = subject.disk
    })
    afterAll(() => subject.close())
    const inside = (path: string) => `${subject.folder}/${path}`
    const fresh = () => inside(`file-${++fileCount}`)

    test('reads what was written, at any position, and short only at the end', async () => {
      const file = await disk.open(fresh(), { mode: 'create' })
      await file.write(0, [bytes('hello')])
      await file.write(3, [bytes('LO world')])
      const into = Buffer.alloc(20, '.')
      expect(await file.read(1, into)).toBe(10)
      expect(into.toString()).toBe('elLO world..........')
      expect(await file.read(11, into)).toBe(0)
      expect(await file.read(500, into)).toBe(0)
      expect(await file.read(0, Buffer.alloc(0))).toBe(0)
      expect(await file.size()).toBe(11)
      await file.close()
    })

    test('writes many parts as one run of bytes, empty parts among them', async () => {
      const file = await disk.open(fresh(), { mode: 'create' })
      const parts = Array.from({ length: 3_000 }, (_, i) => bytes(i % 7 === 0 ? '' : `${i},`))
      await file.write(2, parts)
      const whole = await readWhole(disk, file.path)
      expect(whole.subarray(2).equals(Buffer.concat(parts))).toBe(true)
      await file.write(0, [])
      await file.write(0, [bytes(''), bytes('')])
      await file.write(0, [bytes('')])
      expect(await file.size()).toBe(whole.length)
      await file.close()
    })

    test('writes on the callers turn', async () => {
      const file = await disk.open(fresh(), { mode: 'create' })
      file.writeNow(0, bytes('now'))
      file.writeNow(3, bytes(''))
      expect((await readWhole(disk, file.path)).toString()).toBe('now')
      await file.close()
    })

    test('fills a gap with zeros', async () => {
      const file = await disk.open(fresh(), { mode: 'create' })
      await file.write(40_000, [bytes('x')])
      const whole = await readWhole(disk, file.path)
      expect(whole.length).toBe(40_001)
      expect(whole.subarray(0, 40_000).every(byte => byte === 0)).toBe(true)
      await file.close()
    })

    test('truncates, and what comes back after growing again is zero', async () => {
      const file = await disk.open(fresh(), { mode: 'create' })
      await file.write(0, [Buffer.alloc(50_000, 'x')])
      await file.truncate(3)
      await file.truncate(20_000)
      const whole = await readWhole(disk, file.path)
      expect(whole.length).toBe(20_000)
      expect(whole.subarray(0, 4).toString()).toBe('xxx\0')
      expect(whole.subarray(3).every(byte => byte === 0)).toBe(true)
      await file.close()
    })

    test('opens by mode: read and write need the file, create keeps it, replace empties it', async () => {
      const path = fresh()
      await expect(disk.open(path, { mode: 'read' })).rejects.toMatchObject({ code: 'ENOENT' })
      await expect(disk.open(path, { mode: 'write' })).rejects.toMatchObject({ code: 'ENOENT' })
      await replaceFile(disk, path, bytes('kept'))
      const created = await disk.open(path, { mode: 'create' })
      expect(await created.size()).toBe(4)
      await created.close()
      const replaced = await disk.open(path, { mode: 'replace' })
      expect(await replaced.size()).toBe(0)
      await replaced.close()
      await expect(disk.open(inside('missing/file'), { mode: 'create' })).rejects.toMatchObject({
        code: 'ENOENT',
      })
      const readOnly = await disk.open(path, { mode: 'read' })
      await expect(readOnly.write(0, [bytes('x')])).rejects.toMatchObject({ code: 'EBADF' })
      await readOnly.close()
    })

    test('with dsync writes like without, one part or several', async () => {
      const file = await disk.open(fresh(), { mode: 'create', dsync: true })
      await file.write(0, [bytes('one ')])
      await file.write(4, [bytes('two '), bytes('three')])
      expect((await readWhole(disk, file.path)).toString()).toBe('one two three')
      expect(() => file.writeNow(0, bytes('x'))).toThrow(/dsync/)
      await file.close()
    })

    test('a closed file rejects every call, and closing waits for calls under way', async () => {
      const file = await disk.open(fresh(), { mode: 'create' })
      const writing = file.write(0, [Buffer.alloc(100_000, 'x')])
      await Promise.all([writing, file.close(), file.close()])
      expect((await readWhole(disk, file.path)).length).toBe(100_000)
      await expect(file.read(0, Buffer.alloc(1))).rejects.toMatchObject({ code: 'EBADF' })
      await expect(file.write(0, [bytes('x')])).rejects.toMatchObject({ code: 'EBADF' })
      await expect(file.sync()).rejects.toMatchObject({ code: 'EBADF' })
      await expect(file.truncate(0)).rejects.toMatchObject({ code: 'EBADF' })
      await expect(file.size()).rejects.toMatchObject({ code: 'EBADF' })
      expect(() => file.writeNow(0, bytes('x'))).toThrow(/EBADF/)
    })

    test('syncs a file and a folder', async () => {
      const file = await disk.open(fresh(), { mode: 'create' })
      await file.write(0, [bytes('x')])
      await file.sync()
      await file.close()
      await disk.syncDirectory(subject.folder)
      await expect(disk.syncDirectory(inside('missing'))).rejects.toMatchObject({ code: 'ENOENT' })
    })

    test('an open file goes on living under a new name and after removal', async () => {
      const path = fresh()
      const file = await disk.open(path, { mode: 'create' })
      await file.write(0, [bytes('a')])
      await disk.rename(path, `${path}.moved`)
      await file.write(1, [bytes('b')])
      expect((await readWhole(disk, `${path}.moved`)).toString()).toBe('ab')
      await disk.remove(`${path}.moved`)
      const into = Buffer.alloc(2)
      expect(await file.read(0, into)).toBe(2)
      expect(into.toString()).toBe('ab')
      await file.close()
    })

    test('renames over a file, and refuses to rename what is missing', async () => {
      const [from, to] = [fresh(), fresh()]
      await replaceFile(disk, from, bytes('new'))
      await replaceFile(disk, to, bytes('old'))
      await disk.rename(from, to)
      expect((await readWhole(disk, to)).toString()).toBe('new')
      expect(await disk.exists(from)).toBe(false)
      await expect(disk.rename(from, to)).rejects.toMatchObject({ code: 'ENOENT' })
    })

    test('renames a folder with all in it, but not over one that is not empty', async () => {
      await disk.makeDirectory(inside('from/deep'))
      await disk.makeDirectory(inside('full'))
      await replaceFile(disk, inside('from/deep/a'), bytes('a'))
      await replaceFile(disk, inside('full/b'), bytes('b'))
      await expect(disk.rename(inside('from'), inside('full'))).rejects.toMatchObject({ code: 'ENOTEMPTY' })
      await disk.rename(inside('from'), inside('to'))
      expect((await readWhole(disk, inside('to/deep/a'))).toString()).toBe('a')
    })

    test('lists names sorted, and removes folders with all in them', async () => {
      await disk.makeDirectory(inside('list/c'))
      await disk.makeDirectory(inside('list'))
      for (const name of ['b', 'a', '10', '9']) await replaceFile(disk, inside(`list/${name}`), bytes(name))
      expect(await disk.list(inside('list'))).toEqual(['10', '9', 'a', 'b', 'c'])
      await disk.removeDirectory(inside('list'))
      await disk.removeDirectory(inside('list'))
      await expect(disk.list(inside('list'))).rejects.toMatchObject({ code: 'ENOENT' })
    })

    test('knows files from folders', async () => {
      const path = fresh()
      await replaceFile(disk, path, bytes('x'))
      expect(await disk.exists(path)).toBe(true)
      expect(await disk.exists(subject.folder)).toBe(true)
      expect(await disk.exists(inside('nothing'))).toBe(false)
      await expect(disk.list(path)).rejects.toMatchObject({ code: 'ENOTDIR' })
      await expect(disk.makeDirectory(path)).rejects.toMatchObject({ code: 'EEXIST' })
      await expect(disk.open(subject.folder, { mode: 'write' })).rejects.toMatchObject({ code: 'EISDIR' })
      await expect(disk.remove(inside('nothing'))).rejects.toMatchObject({ code: 'ENOENT' })
      expect(await readIfExists(disk, inside('nothing'))).toBeUndefined()
    })

    test('tells the space that is left', async () => {
      const { availableBytes, totalBytes } = await disk.space(subject.folder)
      expect(totalBytes).toBeGreaterThan(0)
      expect(availableBytes).toBeGreaterThan(0)
      expect(availableBytes).toBeLessThanOrEqual(totalBytes)
    })

    test('gives a folder to one holder at a time, and names it to the others', async () => {
      await disk.makeDirectory(inside('locked'))
      const lock = await disk.lock(inside('locked'), 'broker 1')
      const refused = await disk.lock(inside('locked'), 'broker 2').catch(error => error)
      expect(refused).toBeInstanceOf(LockedError)
      expect(refused.message).toMatch(/locked is in use by broker 1/)
      await lock.release()
      await lock.release()
      const next = await disk.lock(inside('locked'), 'broker 2')
      await lock.release()
      await expect(disk.lock(inside('locked'), 'broker 3')).rejects.toThrow(/broker 2/)
      await next.release()
      await expect(disk.lock(inside('missing'), 'broker 1')).rejects.toMatchObject({ code: 'ENOENT' })
    })
  })
}
