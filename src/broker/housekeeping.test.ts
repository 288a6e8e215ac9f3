import { statfs } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { expect, test } from 'vitest'
import {
  createTopic,
  fetchAll,
  fetchOnce,
  produce,
  startLiveBroker,
  temporaryFolder,
} from '../../test/support/live-broker.ts'
import { DeleteTopics } from '../protocol/messages/delete-topics.ts'
import { Produce } from '../protocol/messages/produce.ts'
import { buildBatch } from '../protocol/record.ts'

const STORAGE_ERROR = 56
const HOUR = 3_600_000

async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  const end = Date.now() + 10_000
  while (!(await isSo())) {
    if (Date.now() > end) throw new Error('it did not come about within 10 s')
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}

function recordsAt(timestamp: number, ...entries: [key: string, value: string | null][]): Buffer {
  return buildBatch(entries.map(([key, value]) => ({ key, value, timestamp })))
}

test('a broker lets expired records go by itself', async () => {
  const { client } = await startLiveBroker({ config: { 'log.retention.check.interval.ms': 20 } })
  await createTopic(client, 'old', { configs: { 'retention.ms': '60000', 'file.delete.delay.ms': '0' } })
  await produce(client, 'old', recordsAt(Date.now() - HOUR, ['k', 'expired']))
  await until(async () => (await fetchOnce(client, 'old', 0)).errorCode === 1)
  await produce(client, 'old', ['fresh'])
  expect(await fetchAll(client, 'old', 1)).toEqual(['fresh'])
})

test('a broker compacts by itself', async () => {
  const { client } = await startLiveBroker({ config: { 'log.cleaner.backoff.ms': 20 } })
  const configs = { 'cleanup.policy': 'compact', 'segment.ms': '1', 'min.cleanable.dirty.ratio': '0' }
  await createTopic(client, 'keyed', { configs })
  for (let i = 0; i < 5; i++) await produce(client, 'keyed', recordsAt(Date.now() + i * 10, ['k', `v${i}`]))
  await until(async () => (await fetchAll(client, 'keyed')).length === 2)
  expect(await fetchAll(client, 'keyed')).toEqual(['v3', 'v4'])
})

test('below the reserve produce is refused, and everything else goes on', async () => {
  const folder = await temporaryFolder()
  const first = await startLiveBroker({ dataDir: folder })
  await createTopic(first.client, 't')
  await produce(first.client, 't', ['before'])
  await first.client.close()
  await first.broker.close()
  const config = { 'loggerhead.disk.reserve.bytes': 2 ** 50, 'loggerhead.disk.reserve.ratio': 1 }
  const { client } = await startLiveBroker({ dataDir: folder, config })
  const answer = await produce(client, 't', ['refused'])
  expect([answer.errorCode, answer.baseOffset]).toEqual([STORAGE_ERROR, -1])
  expect(answer.errorMessage).toMatch(/bytes left/)
  expect(await fetchAll(client, 't')).toEqual(['before'])
  const deleted = await client.request(DeleteTopics, 3, { topicNames: ['t'], timeoutMs: 1_000 })
  expect(deleted.responses[0]?.errorCode).toBe(0)
})

test('near the reserve producers are told to wait, and are not read for so long', async () => {
  const { bavail, bsize } = await statfs(tmpdir())
  const config = {
    'loggerhead.disk.reserve.bytes': Math.floor(bavail * bsize * 0.7),
    'loggerhead.disk.reserve.ratio': 1,
  }
  const { client } = await startLiveBroker({ dataDir: await temporaryFolder(), config })
  await createTopic(client, 't')
  const records = buildBatch([{ key: 'k', value: 'v', timestamp: Date.now() }])
  const send = (version: number) =>
    client.request(Produce, version, {
      acks: -1,
      timeoutMs: 5_000,
      topicData: [{ name: 't', partitionData: [{ index: 0, records: Buffer.from(records) }] }],
    })
  const answer = await send(9)
  expect(answer.responses[0]?.partitionResponses[0]?.errorCode).toBe(0)
  expect(answer.throttleTimeMs).toBeGreaterThan(300)
  expect(answer.throttleTimeMs).toBeLessThan(900)
  const begun = performance.now()
  await send(9)
  expect(performance.now() - begun).toBeGreaterThan(300)
})
