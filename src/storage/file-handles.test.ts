import { expect, test } from 'vitest'
import { MemoryDisk } from '../base/memory-disk.ts'
import { FileHandles } from './file-handles.ts'

const nothing = async () => {}

async function diskWith(...paths: string[]): Promise<MemoryDisk> {
  const disk = new MemoryDisk()
  for (const path of paths) await (await disk.open(path, { mode: 'create' })).close()
  return disk
}

test('a file is opened once, however many use it', async () => {
  const disk = await diskWith('/a')
  const handles = new FileHandles(disk)
  const files = await Promise.all([1, 2, 3].map(() => handles.use('/a', 'read', async file => file)))
  expect(new Set(files).size).toBe(1)
  expect(handles.open).toBe(1)
})

test('the file that was not used for the longest time is closed when there are too many', async () => {
  const handles = new FileHandles(await diskWith('/a', '/b', '/c'), 2)
  await handles.use('/a', 'read', nothing)
  await handles.use('/b', 'read', nothing)
  await handles.use('/a', 'read', nothing)
  await handles.use('/c', 'read', nothing)
  expect([handles.open, handles.findOpen('/b')]).toEqual([2, undefined])
  expect(handles.findOpen('/a')).toBeDefined()
})

test('a file in use is never closed, though there are too many', async () => {
  const handles = new FileHandles(await diskWith('/a', '/b'), 1)
  await handles.use('/a', 'write', async file => {
    await handles.use('/b', 'read', nothing)
    await file.write(0, [Buffer.from('still open')])
  })
  expect(handles.open).toBe(2)
  await handles.use('/b', 'read', nothing)
  expect([handles.open, handles.findOpen('/a')]).toEqual([1, undefined])
})

test('closing a file in use waits for its users, and the next one opens it anew', async () => {
  const disk = await diskWith('/a')
  const handles = new FileHandles(disk)
  let first: unknown
  await handles.use('/a', 'write', async file => {
    first = file
    await handles.close('/a')
    await disk.rename('/a', '/old')
    await handles.use('/a', 'create', other => other.write(0, [Buffer.from('new')]))
    await file.write(0, [Buffer.from('old')])
  })
  expect(await handles.use('/a', 'read', async file => file === first)).toBe(false)
  expect(await handles.use('/a', 'read', file => file.size())).toBe(3)
})

test('a file that could not be opened is tried again', async () => {
  const disk = await diskWith('/a')
  const handles = new FileHandles(disk)
  disk.fail({ on: 'open', path: '/a', code: 'EMFILE' })
  await expect(handles.use('/a', 'read', nothing)).rejects.toThrow(/EMFILE/)
  await handles.use('/a', 'read', nothing)
  await expect(handles.use('/missing', 'read', nothing)).rejects.toThrow(/ENOENT/)
  expect(handles.open).toBe(1)
})
