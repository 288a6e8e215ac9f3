import { expect, test } from 'vitest'
import { CorruptionError } from '../../base/disk.ts'
import { MemoryDisk } from '../../base/memory-disk.ts'
import { UnknownVersionError } from '../sealed-file.ts'
import {
  describePartitionMetadata,
  formatPartitionMetadata,
  parsePartitionMetadata,
  readPartitionMetadata,
  writePartitionMetadata,
} from './partition-metadata.ts'

const ID = Buffer.from('dd6c679a601925166a1eef58dba75dfe', 'hex')
const TEXT = 'version: 0\ntopic_id: 3WxnmmAZJRZqHu9Y26dd_g'

test('holds the topic id in base64url', () => {
  expect(formatPartitionMetadata(ID).toString()).toBe(TEXT)
  expect(parsePartitionMetadata(Buffer.from(TEXT), 'f')).toEqual(ID)
  expect(parsePartitionMetadata(Buffer.from(`${TEXT}\n`), 'f')).toEqual(ID)
  expect([...describePartitionMetadata(Buffer.from(TEXT), 'f')]).toEqual([TEXT.replace('\n', ' ')])
})

test.each([
  '',
  'version: 0',
  'version: 0\ntopic_id: short',
  'version: 0\ntopic_id: AAAAAAAAAAAAAAAAAAAAAA',
  'version: x\ntopic_id: 3WxnmmAZJRZqHu9Y26dd_g',
  'topic_id: 3WxnmmAZJRZqHu9Y26dd_g\nversion: 0',
])('takes %j for damage', text => {
  expect(() => parsePartitionMetadata(Buffer.from(text), 'f')).toThrow(CorruptionError)
})

test('does not take a newer version for damage', () => {
  expect(() => parsePartitionMetadata(Buffer.from(TEXT.replace('0', '1')), 'f')).toThrow(UnknownVersionError)
})

test('is not there until it is written, and then survives a power cut', async () => {
  const disk = new MemoryDisk({ folders: ['/data/t-0'] })
  expect(await readPartitionMetadata(disk, '/data/t-0')).toBeUndefined()
  await writePartitionMetadata(disk, '/data/t-0', ID)
  expect(await readPartitionMetadata(disk.crash(), '/data/t-0')).toEqual(ID)
})
