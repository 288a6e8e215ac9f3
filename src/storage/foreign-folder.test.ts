/** Partition folders that this broker did not write. */
import { expect, test } from 'vitest'
import { listKafkaFiles, readKafkaFile } from '../../test/support/kafka-log.ts'
import { ManualClock } from '../../test/support/manual-clock.ts'
import { linesOf, ROOT, readAll } from '../../test/support/one-log.ts'
import { BufferPool } from '../base/buffer-pool.ts'
import { silentLogger } from '../base/logger.ts'
import { MemoryDisk } from '../base/memory-disk.ts'
import { buildBatch, readRecords } from '../protocol/record.ts'
import { batchPositions } from '../protocol/record-batch.ts'
import { DEFAULT_LOG_SETTINGS } from './log/log-settings.ts'
import type { PartitionLog } from './log/partition-log.ts'
import { parsePartitionMetadata } from './log/partition-metadata.ts'
import { ProducerLimit } from './log/producer-limit.ts'
import { segmentName } from './log/segment-names.ts'
import { TailCache } from './log/tail-cache.ts'
import { LogDirectory } from './log-directory.ts'

async function write(disk: MemoryDisk, path: string, bytes: Buffer): Promise<void> {
  const file = await disk.open(path, { mode: 'replace' })
  await file.write(0, [bytes])
  await file.sync()
  await file.close()
  await disk.syncDirectory(path.slice(0, path.lastIndexOf('/')))
}

async function open(
  disk: MemoryDisk,
  topic: string,
  topicId: Buffer,
): Promise<{ log: PartitionLog; directory: LogDirectory }> {
  const directory = await LogDirectory.open({
    disk,
    clock: new ManualClock(),
    logger: silentLogger,
    pool: new BufferPool(),
    cache: new TailCache(0),
    producers: { expirationMs: Number.MAX_SAFE_INTEGER, limit: new ProducerLimit(1_000) },
    root: ROOT,
    directoryId: Buffer.alloc(16, 1),
    journalBytes: 1 << 20,
    onOffline: () => {},
  })
  const log = await directory.openLog({ topicId, partition: 0, incarnation: 0 }, topic, DEFAULT_LOG_SETTINGS)
  await directory.start()
  return { log, directory }
}

test.each(['golden', 'txn'])('every record of Kafka’s %s-0 is read, and the log goes on', async topic => {
  const folder = `${topic}-0`
  const disk = new MemoryDisk({ folders: [ROOT, `${ROOT}/${folder}`] })
  for (const name of listKafkaFiles(folder))
    await write(disk, `${ROOT}/${folder}/${name}`, readKafkaFile(folder, name))
  const bytes = readKafkaFile(folder, segmentName(0, '.log'))
  const expected = [...batchPositions(bytes)]
    .flatMap(at => readRecords(bytes, at))
    .map(({ offset, value }) => `${offset} ${value}`)
  const topicId = parsePartitionMetadata(readKafkaFile(folder, 'partition.metadata'), '')

  const first = await open(disk, topic, topicId)
  const linesFrom = async (log: PartitionLog) =>
    (await readAll(log)).map(({ offset, value }) => `${offset} ${value}`)
  expect(await linesFrom(first.log)).toEqual(expected)
  await first.log.append(buildBatch([{ value: 'ours' }]), first.log.term).flight.done
  await first.directory.close()
  const again = await open(disk.crash(), topic, topicId)
  expect(again.log.damage).toBeUndefined()
  expect(again.log.term).toBeGreaterThan(first.log.term)
  expect(await linesFrom(again.log)).toEqual([...expected, `${expected.length} ours`])
})

test('a compacted log of Kafka’s is read over its gaps, which are guarded from then on', async () => {
  const topicId = Buffer.alloc(16, 4)
  const path = `${ROOT}/gaps-0`
  const disk = new MemoryDisk({ folders: [ROOT, path] })
  const batch = (offset: number) =>
    buildBatch([{ key: `k${offset}`, value: 'v', offset }], { leaderEpoch: 2 })
  await write(disk, `${path}/${segmentName(0, '.log')}`, Buffer.concat([batch(3), batch(4), batch(9)]))
  await write(disk, `${path}/${segmentName(20, '.log')}`, Buffer.concat([batch(20), batch(25)]))

  const expected = [3, 4, 9, 20, 25].map(offset => `${offset} k${offset}=v`)
  const first = await open(disk, 'gaps', topicId)
  expect(linesOf(await readAll(first.log))).toEqual(expected)
  expect(linesOf(await readAll(first.log, 10))).toEqual(expected.slice(3))
  await first.log.append(buildBatch([{ key: 'new', value: 'v' }]), first.log.term).flight.done
  await first.directory.close()
  const later = disk.crash()
  const again = await open(later, 'gaps', topicId)
  expect(linesOf(await readAll(again.log))).toEqual([...expected, '26 new=v'])
  later.flip(`${path}/${segmentName(0, '.log')}`, 7) // a base offset, which no checksum of Kafka's covers
  await expect(readAll(again.log)).rejects.toThrow(/guard/)
})

test('a folder that belongs to another topic is set aside, and kept', async () => {
  const disk = new MemoryDisk({ folders: [ROOT] })
  const first = await open(disk, 'name', Buffer.alloc(16, 1))
  await first.log.append(buildBatch([{ value: 'old' }]), 0).flight.done
  await first.directory.close()
  const copy = disk.crash()
  await copy.remove(`${ROOT}/loggerhead-checkpoint`)
  await copy.removeDirectory(`${ROOT}/journal`)
  const second = await open(copy, 'name', Buffer.alloc(16, 2))
  expect(second.log.endOffset).toBe(0)
  await second.log.append(buildBatch([{ value: 'new' }]), second.log.term).flight.done
  expect(linesOf(await readAll(second.log))).toEqual(['0 null=new'])
  expect(await copy.list(ROOT)).toContain(`name-0.${'01'.repeat(16)}-stray`)
})

test('one directory that fails takes none of the others with it', async () => {
  const disk = new MemoryDisk({ folders: [ROOT] })
  const good = await open(disk, 'good', Buffer.alloc(16, 1))
  const otherDisk = new MemoryDisk({ folders: [ROOT] })
  const bad = await open(otherDisk, 'bad', Buffer.alloc(16, 2))
  otherDisk.fail({ on: 'write', path: '/journal/', code: 'EIO' })
  await expect(bad.log.append(buildBatch([{ value: '1' }]), 0).flight.done).rejects.toBeDefined()
  await good.log.append(buildBatch([{ value: '1' }]), 0).flight.done
  expect([good.directory.isOffline, bad.directory.isOffline]).toEqual([false, true])
})
