/**
 * A program that opens brokers in memory and on disk, with clients that are connected, wait for records and stay; closes the brokers; and
 * prints what of theirs is left in the process, a line for each. It ends by itself when nothing keeps it alive.
 */
import { createHook } from 'node:async_hooks'
import { existsSync, mkdtempSync, readdirSync, readlinkSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createBroker } from '../../src/index.ts'
import { Fetch } from '../../src/protocol/messages/fetch.ts'
import { ListOffsets } from '../../src/protocol/messages/list-offsets.ts'
import { Metadata } from '../../src/protocol/messages/metadata.ts'
import { RawClient } from './raw-client.ts'

/** Timers do not keep the process alive, so they are counted as they come and go. */
const alive = new Map<number, string>()
const kinds = new Set(['Timeout', 'TCPSERVERWRAP', 'TCPWRAP'])
createHook({
  init(id, type) {
    if (kinds.has(type)) alive.set(id, `${type} ${new Error().stack?.split('\n').slice(3, 9).join(' ')}`)
  },
  destroy: id => alive.delete(id),
}).enable()

const folder = mkdtempSync(join(tmpdir(), 'loggerhead-close-'))
for (const dataDir of [undefined, folder]) {
  const broker = await createBroker({ dataDir, topics: ['t'] })
  const idle = await RawClient.connect(broker.port)
  const waiting = await RawClient.connect(broker.port)
  await broker.produce('t', [{ value: 'a' }])
  const partitions = [{ partition: 0, fetchOffset: 1, partitionMaxBytes: 1 }]
  const topics = [{ topic: 't', partitions }]
  const fetch = waiting.request(Fetch, 11, { maxWaitMs: 20_000, minBytes: 1, topics })
  const fault = broker.faults.delay('ListOffsets', 60_000)
  const delayed = await RawClient.connect(broker.port)
  const list = delayed.request(ListOffsets, 7, { replicaId: -1, topics: [] })
  while (fault.hits === 0) await idle.request(Metadata, 8, { topics: [] })
  await broker.close()
  await Promise.all([fetch, list, idle.closed, waiting.closed, delayed.closed])
}
for (const path of openFiles()) if (path.startsWith(folder)) console.log(path)
rmSync(folder, { recursive: true, force: true })
// Destruction is told a few turns of the event loop later.
for (let turn = 0; turn < 10; turn++) await new Promise(resolve => setImmediate(resolve))
for (const resource of alive.values()) console.log(resource)

/** Where the system tells. */
function openFiles(): string[] {
  const folder = '/proc/self/fd'
  if (!existsSync(folder)) return []
  return readdirSync(folder).flatMap(name => {
    try {
      return [readlinkSync(join(folder, name))]
    } catch {
      return [] // the one by which the folder was read
    }
  })
}
