/**
 * Compaction, compared file by file: the same batches are written to both brokers, both compact them in one round, and Kafka's dump tool
 * must find the same records in the same batches, and nothing wrong.
 */
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'vitest'
import {
  type Compression,
  compressions,
  connectClient,
  createTopic,
  withProducer,
} from '../kafkajs/client.ts'
import { type BrokerProcess, startBroker } from '../support/broker.ts'
import { kafkaTool } from '../support/kafka-jars.ts'
import { until } from '../support/process.ts'
import { suite } from '../support/scenario.ts'
import { warmUp } from '../support/warm-up.ts'

const timeoutMs = 240_000
const batches = 140
const recordsInBatch = 20
/** Long enough to write everything before the first round, so that there is only one. */
const cleanerBackoffMs = 25_000

const settings = { 'log.cleaner.backoff.ms': `${cleanerBackoffMs}` }
const topicConfig = {
  'cleanup.policy': 'compact',
  'segment.bytes': '1048576',
  'min.cleanable.dirty.ratio': '0',
  'delete.retention.ms': '86400000',
}

async function fill({ bootstrap }: BrokerProcess): Promise<void> {
  const client = connectClient(bootstrap)
  for (const [name, compression] of Object.entries(compressions)) {
    await createTopic(client, name, 1, topicConfig)
    await withProducer(
      client,
      async producer => {
        for (let batch = 0; batch < batches; batch++) {
          await producer.send({ topic: name, messages: messagesOf(batch), compression })
        }
      },
      { idempotent: true, maxInFlightRequests: 1 },
    )
  }
}

/** Some keys once, some in every batch, some deleted, some written again after that. */
function messagesOf(batch: number) {
  return Array.from({ length: recordsInBatch }, (_, index) => {
    const key =
      index < 2 ? `once-${batch}-${index}` : `key-${(batch * 7 + index * 13) % (batch < 70 ? 400 : 150)}`
    const isTombstone = (batch * recordsInBatch + index) % 11 === 0
    const value = isTombstone ? null : `${batch}.${index} ${noise(batch * recordsInBatch + index, 1_000)}`
    return { key, value, timestamp: `${1_700_000_000_000 + batch * 100 + index}` }
  })
}

/** Text that looks random and is the same in every run. */
function noise(seed: number, length: number): string {
  let text = ''
  for (let state = seed + 1; text.length < length; ) {
    state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9
    text += (state >>> 0).toString(36)
  }
  return text.slice(0, length)
}

async function filesOf(folder: string, ending: string): Promise<string[]> {
  const names = (await readdir(folder)).filter(name => name.endsWith(ending)).sort()
  return names.map(name => join(folder, name))
}

/** Whether every sealed segment of the folder is much smaller than it was when it was sealed. */
async function isCompacted(folder: string): Promise<boolean> {
  const sealed = (await filesOf(folder, '.log')).slice(0, -1)
  const others = (await readdir(folder)).filter(name => /\.(cleaned|swap)$/.test(name))
  const sizes = await Promise.all(sealed.map(async file => (await stat(file)).size))
  return sealed.length > 0 && others.length === 0 && sizes[0]! < 900_000
}

async function dump(files: readonly string[], ...args: string[]): Promise<string[]> {
  const { code, stdout } = await kafkaTool('kafka-dump-log', ['--files', files.join(','), ...args])
  expect(code).toBe(0)
  const complaints = /mismatch|corrupt|invalid|exception|not found|out of order|error/i
  expect(stdout.split('\n').filter(line => complaints.test(line) && !line.startsWith('|'))).toEqual([])
  return stdout.split('\n')
}

function fieldsIn(lines: readonly string[], start: string, names: readonly string[]): string[] {
  const field = (line: string, name: string) => new RegExp(`${name}: (\\S+)`).exec(line)?.[1]
  return lines
    .filter(line => line.startsWith(start))
    .map(line => names.map(name => field(line, name)?.replace(/\[\d+\]/, '[time]') ?? '-').join(' '))
}

suite('kafka-dump-log', scenario => {
  scenario(
    'finds the same batches and records in compacted segments',
    async ({ kind }) => {
      const broker = await startBroker(kind, { settings })
      try {
        await warmUp(broker)
        await fill(broker)
        const folders = (Object.keys(compressions) as Compression[]).map(name =>
          join(broker.logFolder, `${name}-0`),
        )
        const areCompacted = async () => (await Promise.all(folders.map(isCompacted))).every(Boolean)
        await until('all topics to be compacted', areCompacted, 3 * cleanerBackoffMs)
        expect(await broker.stop()).toBe(kind === 'kafka' ? 143 : 0)
        const answers: Record<string, unknown> = {}
        for (const folder of folders) {
          const sealed = (await filesOf(folder, '.log')).slice(0, -1)
          const lines = await dump(sealed, '--deep-iteration', '--print-data-log')
          await dump([...(await filesOf(folder, '.index')), ...(await filesOf(folder, '.timeindex'))])
          const headers = [
            'baseOffset',
            'lastOffset',
            'count',
            'baseSequence',
            'lastSequence',
            'producerEpoch',
          ]
          const flags = [
            'compresscodec',
            'isTransactional',
            'isControl',
            'deleteHorizonMs',
            'isvalid',
            'CreateTime',
          ]
          const batchLines = fieldsIn(lines, 'baseOffset:', [...headers, ...flags])
          const fields = ['offset', 'CreateTime', 'keySize', 'valueSize', 'key', 'payload']
          const records = fieldsIn(lines, '| offset:', fields)
          expect(records.length).toBeGreaterThan(100)
          expect(batchLines.filter(line => line.includes('OptionalLong[time]')).length).toBeGreaterThan(10)
          answers[folder.slice(broker.logFolder.length)] = { batches: batchLines, records }
        }
        return answers
      } finally {
        await broker.remove()
      }
    },
    { timeoutMs },
  )
})
