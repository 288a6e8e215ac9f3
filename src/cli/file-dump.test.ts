import { expect, test } from 'vitest'
import { listKafkaFiles, readKafkaFile } from '../../test/support/kafka-log.ts'
import { CorruptionError } from '../base/disk.ts'
import { MemoryDisk } from '../base/memory-disk.ts'
import { describeFile } from './file-dump.ts'

const LOG = '00000000000000000000.log'

async function dump(name: string, bytes: Buffer, records = false): Promise<string[]> {
  const disk = new MemoryDisk({ folders: ['/data'] })
  const file = await disk.open(`/data/${name}`, { mode: 'create' })
  await file.write(0, [bytes])
  await file.close()
  const lines: string[] = []
  for await (const line of describeFile(disk, `/data/${name}`, { records })) lines.push(line)
  return lines
}

test('prints every file of a partition that Kafka wrote', async () => {
  const names = listKafkaFiles('golden-0')
  expect(names.length).toBeGreaterThan(5)
  for (const name of names)
    expect((await dump(name, readKafkaFile('golden-0', name))).length).toBeGreaterThan(0)
})

test('prints batches, and records in every compression', async () => {
  const log = readKafkaFile('golden-0', LOG)
  const batches = await dump(LOG, log)
  expect(batches).toHaveLength(15)
  expect(batches[1]).toMatch(
    /^offset 40–79 position 1683 bytes 1683 records 40 leader epoch 0 CreateTime .* none producer 1/,
  )
  const lines = await dump(LOG, log, true)
  expect(lines).toHaveLength(15 + 600)
  expect(lines.at(-1)).toMatch(/^ {2}offset 599 .* key ".+" value "zstd .+" headers \{"from": "kcat"\}$/)
})

test('prints a log larger than its window, and a batch larger than that', async () => {
  const log = readKafkaFile('golden-0', LOG)
  const large = Buffer.concat(Array.from({ length: 200 }, () => log))
  expect(await dump(LOG, large)).toHaveLength(15 * 200)
})

test('names the place of damage after what is whole before it', async () => {
  const log = Buffer.from(readKafkaFile('golden-0', LOG))
  log[5000]! ^= 1
  const error = await dump(LOG, log).catch(reason => reason)
  expect(error).toBeInstanceOf(CorruptionError)
  expect(error).toMatchObject({ position: 3366, message: expect.stringContaining('CRC') })
})

test('names the place of a torn tail', async () => {
  const log = readKafkaFile('golden-0', LOG)
  for (const length of [1684, 1700, 3365]) {
    const error = await dump(LOG, log.subarray(0, length)).catch(reason => reason)
    expect(error).toMatchObject({
      position: 1683,
      message: expect.stringContaining(`${length - 1683} bytes are left`),
    })
  }
})

test('knows a file that is being made or thrown away by its first name', async () => {
  expect(await dump(`${LOG}.deleted`, readKafkaFile('golden-0', LOG))).toHaveLength(15)
})

test('says when a name tells it nothing', async () => {
  await expect(dump('notes.txt', Buffer.from('x'))).rejects.toThrow(
    '/data/notes.txt is no file of a data folder',
  )
})
