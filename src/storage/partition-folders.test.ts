import { expect, test } from 'vitest'
import { replaceFile } from '../base/disk.ts'
import { silentLogger } from '../base/logger.ts'
import { MemoryDisk } from '../base/memory-disk.ts'
import { newReplica } from './checkpoint.ts'
import { deletedFolderName } from './log/segment-names.ts'
import { PartitionFolders } from './partition-folders.ts'

test('a folder is set aside also where a crash has left an earlier one under that name', async () => {
  const disk = new MemoryDisk({ folders: ['/data/events-0'] })
  const topicId = Buffer.alloc(16, 7)
  const aside = deletedFolderName('events', 0, topicId.toString('hex'))
  await disk.makeDirectory(`/data/${aside}`)
  await replaceFile(disk, `/data/${aside}/old`, Buffer.from('1'))
  await replaceFile(disk, '/data/events-0/new', Buffer.from('2'))
  const folders = new PartitionFolders(disk, '/data', silentLogger)
  await folders.setAside('events-0', newReplica({ topicId, partition: 0, incarnation: 0 }, 'events', 0))
  expect(await disk.list('/data')).toEqual([aside])
  expect(await disk.list(`/data/${aside}`)).toEqual(['new'])
  await folders.removeDeleted()
  expect(await disk.list('/data')).toEqual([])
})
