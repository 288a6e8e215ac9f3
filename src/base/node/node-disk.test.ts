import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { describeDisk } from '../disk.contract.ts'
import { MemoryDisk } from '../memory-disk.ts'
import { NodeDisk } from './node-disk.ts'
import { withoutFirst } from './node-file.ts'

const temporaryFolder = () => mkdtemp(join(tmpdir(), 'loggerhead-disk-'))

describeDisk('MemoryDisk', async () => ({
  disk: new MemoryDisk({ folders: ['/data'] }),
  folder: '/data',
  close: async () => {},
}))

describeDisk('NodeDisk', async () => {
  const folder = await temporaryFolder()
  return { disk: new NodeDisk(), folder, close: () => rm(folder, { recursive: true }) }
})

describe('the lock of a data folder', () => {
  let folder: string
  beforeAll(async () => {
    folder = await temporaryFolder()
  })
  afterAll(() => rm(folder, { recursive: true }))

  /** A process that takes the folder's lock and keeps it. */
  async function startHolder() {
    const module = JSON.stringify(new URL('./node-disk.ts', import.meta.url).href)
    const script = `
      const { NodeDisk } = await import(${module})
      await new NodeDisk().lock(${JSON.stringify(folder)}, 'broker 7')
      console.log('held')
      setInterval(() => {}, 1_000)`
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let noise = ''
    child.stderr.on('data', chunk => {
      noise += chunk
    })
    await Promise.race([once(child.stdout, 'data'), once(child, 'exit')])
    return { child, noise: () => noise }
  }

  test('keeps other processes out, names the holder, and is free at once after its kill -9', async () => {
    const disk = new NodeDisk()
    for (let round = 0; round < 2; round++) {
      const { child, noise } = await startHolder()
      const names = new RegExp(`in use by broker 7, process ${child.pid} on .+, since 20`)
      await expect(disk.lock(folder, 'us')).rejects.toThrow(names)
      child.kill('SIGKILL')
      await once(child, 'exit')
      const lock = await disk.lock(folder, 'us')
      expect(await readFile(join(folder, '.lock-holder'), 'utf8')).toMatch(/^us, process/)
      await lock.release()
      expect(noise()).toBe('')
    }
  })

  test('leaves no file but the lock and its holders name', async () => {
    const disk = new NodeDisk()
    const lock = await disk.lock(folder, 'us')
    expect(await disk.list(folder)).toEqual(['.lock', '.lock-holder'])
    await lock.release()
    expect(await disk.list(folder)).toEqual(['.lock', '.lock-holder'])
  })
})

describe.runIf(process.platform === 'linux')('after a failure of the medium', () => {
  test('a file refuses every later sync with the first error', async () => {
    // The kernel refuses to sync a device that is no disk.
    const file = await new NodeDisk().open('/dev/null', { mode: 'write' })
    const first = await file.sync().catch(error => error)
    expect(first).toMatchObject({ code: 'EINVAL' })
    await expect(file.sync()).rejects.toBe(first)
    await file.write(0, [Buffer.from('x')])
    await file.close()
  })

  test('a file with dsync refuses every later write and sync with the first error', async () => {
    const file = await new NodeDisk().open('/dev/full', { mode: 'write', dsync: true })
    const first = await file.write(0, [Buffer.from('x')]).catch(error => error)
    expect(first).toMatchObject({ code: 'ENOSPC' })
    await expect(file.write(0, [Buffer.from('x')])).rejects.toBe(first)
    await expect(file.sync()).rejects.toBe(first)
    await file.close()
  })
})

test('a short write goes on with the parts that remain', () => {
  const parts = [Buffer.from('ab'), Buffer.from(''), Buffer.from('cde'), Buffer.from('f')]
  const after = (count: number) => withoutFirst(parts, count).map(String)
  expect(after(0)).toEqual(['ab', 'cde', 'f'])
  expect(after(1)).toEqual(['b', 'cde', 'f'])
  expect(after(2)).toEqual(['cde', 'f'])
  expect(after(4)).toEqual(['e', 'f'])
  expect(after(6)).toEqual([])
})
