import { describe, expect, test } from 'vitest'
import { LockedError, readWhole, replaceFile } from '../base/disk.ts'
import { MemoryDisk } from '../base/memory-disk.ts'
import { SeededRandom } from '../base/random.ts'
import { DataFolderError, openDataFolder } from './data-folder.ts'

const META = '/data/meta.properties'

function open(disk: MemoryDisk, more: { nodeId?: number; clusterId?: string } = {}) {
  const { nodeId = 1, clusterId } = more
  return openDataFolder(disk, '/data', { nodeId, clusterId, holder: 'node 1', random: new SeededRandom(1) })
}

test('a new folder gets an identity, and keeps it', async () => {
  const disk = new MemoryDisk()
  const first = await open(disk)
  await first.lock.release()
  expect(first.identity).toMatchObject({ nodeId: 1, clusterId: expect.stringMatching(/^[\w-]{22}$/) })
  expect((await open(disk)).identity).toEqual(first.identity)
})

test('the identity survives a power cut as soon as the folder is open', async () => {
  const disk = new MemoryDisk()
  const { identity } = await open(disk)
  expect((await open(disk.crash())).identity).toEqual(identity)
})

test('a folder in use is refused, and its holder is named', async () => {
  const disk = new MemoryDisk()
  const first = await open(disk)
  await expect(open(disk)).rejects.toThrow(LockedError)
  await expect(open(disk)).rejects.toThrow('/data is in use by node 1')
  await first.lock.release()
  await (await open(disk)).lock.release()
})

describe('a folder is refused, and free again, when', () => {
  async function refusal(disk: MemoryDisk, more = {}): Promise<string> {
    const error = await open(disk, more).catch((reason: Error) => reason)
    expect(error).toBeInstanceOf(DataFolderError)
    await (await disk.lock('/data', 'the next one')).release()
    return (error as Error).message
  }

  async function folder(edit: (text: string) => string): Promise<MemoryDisk> {
    const disk = new MemoryDisk()
    await (await open(disk)).lock.release()
    await replaceFile(disk, META, Buffer.from(edit((await readWhole(disk, META)).toString())))
    return disk
  }

  test('it belongs to another node', async () => {
    expect(await refusal(await folder(text => text), { nodeId: 7 })).toMatch(
      /belongs to node 1, and node.id is 7/,
    )
  })

  test('it belongs to another cluster', async () => {
    expect(await refusal(await folder(text => text), { clusterId: 'other' })).toMatch(
      /belongs to cluster .*, not to other/,
    )
  })

  test('Kafka wrote it', async () => {
    const disk = await folder(text => text.replace(/loggerhead.*\n/, ''))
    expect(await refusal(disk)).toMatch(/written by Apache Kafka.*empty folder/)
  })

  test.each([
    ['loggerhead.format.version=1', 'loggerhead.format.version=2'],
    ['\nversion=1', '\nversion=3'],
  ])('its version is not known: %s', async (from, to) => {
    expect(await refusal(await folder(text => text.replace(from, to)))).toMatch(/format version/)
  })

  test.each(['cluster.id', 'directory.id', 'node.id'])('its %s is missing', async name => {
    const disk = await folder(text =>
      text.replace(new RegExp(`${name}=.*\n`), name === 'node.id' ? 'node.id=x\n' : ''),
    )
    expect(await refusal(disk)).toMatch(/damaged/)
  })
})
