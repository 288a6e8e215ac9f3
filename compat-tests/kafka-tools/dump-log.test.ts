/**
 * Kafka's dump tool over the files of a broker: closed segments while it runs, everything after a clean stop. It must
 * find nothing wrong, and see the same records in Loggerhead's folder as in Kafka's.
 */
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'vitest'
import { compressions, connectClient, consume, createTopic, withProducer } from '../kafkajs/client.ts'
import { type BrokerProcess, startBroker } from '../support/broker.ts'
import { kafkaTool } from '../support/kafka-jars.ts'
import { suite } from '../support/scenario.ts'
import { warmUp } from '../support/warm-up.ts'

const timeoutMs = 240_000

async function filesOf(folder: string, ending: string): Promise<string[]> {
  const names = (await readdir(folder)).filter(name => name.endsWith(ending)).sort()
  return names.map(name => join(folder, name))
}

/** The tool says this of every segment but the first, because it takes -1 for the offset before it. */
const everyLaterSegment = /Non-consecutive offsets in \S+\n\s*-1 is followed by \d+/g

async function dump(files: readonly string[], ...args: string[]): Promise<string[]> {
  if (files.length === 0) return []
  const { code, stdout, stderr } = await kafkaTool('kafka-dump-log', ['--files', files.join(','), ...args])
  const complaints = /mismatch|corrupt|invalid|exception|not found|non-consecutive|out of order|error/i
  expect({ code, stderr: stderr.replaceAll(everyLaterSegment, '').trim() }).toEqual({ code: 0, stderr: '' })
  expect(stdout.split('\n').filter(line => complaints.test(line) && !line.startsWith('|'))).toEqual([])
  return stdout.split('\n')
}

/** The records that the dump tool prints below each batch, as offset, key and payload. */
function recordsIn(lines: readonly string[]): string[] {
  return lines
    .filter(line => line.startsWith('| offset:'))
    .map(line => {
      const [, offset] = /offset: (\d+)/.exec(line)!
      const key = /key: (.*?)(?: payload:|$)/.exec(line)?.[1] ?? ''
      const payload = /payload: (.*)$/.exec(line)?.[1] ?? ''
      return `${offset} ${key} ${payload.slice(0, 40)}`
    })
}

/** How many batches of each kind, in order. */
function batchesIn(lines: readonly string[]): string[] {
  return lines
    .filter(line => line.startsWith('baseOffset:'))
    .map(line => {
      const field = (name: string) => new RegExp(`${name}: (\\S+)`).exec(line)?.[1]
      const names = [
        'baseOffset',
        'lastOffset',
        'count',
        'baseSequence',
        'compresscodec',
        'isvalid',
        'isControl',
      ]
      return names.map(field).join(' ')
    })
}

async function fill({ bootstrap }: BrokerProcess): Promise<void> {
  const client = connectClient(bootstrap)
  for (const [name, compression] of Object.entries(compressions)) {
    await createTopic(client, name, 1, { 'segment.bytes': '1048576', 'index.interval.bytes': '4096' })
    await withProducer(
      client,
      async producer => {
        // Every batch large enough for an index entry; incompressible enough to fill segments under any codec.
        for (let batch = 0; batch < 120; batch++) {
          const messages = Array.from({ length: 20 }, (_, index) => ({
            key: `${name}-${batch}-${index}`,
            value: `${batch}.${index} ${noise(batch * 20 + index, 1_000)}`,
            timestamp: `${1_700_000_000_000 + batch * 100 + index}`,
          }))
          await producer.send({ topic: name, messages, compression })
        }
      },
      { idempotent: true, maxInFlightRequests: 1 },
    )
  }
  await consume(client, { topic: 'gzip', count: 2_400, groupId: 'readers' })
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

suite('kafka-dump-log', scenario => {
  scenario(
    'reads closed segments of a running broker, and every file after a clean stop',
    async ({ kind }) => {
      const broker = await startBroker(kind)
      try {
        await warmUp(broker)
        await fill(broker)
        const answers: Record<string, unknown> = {}
        const partition = (topic: string) => join(broker.logFolder, `${topic}-0`)
        for (const topic of ['none', 'zstd']) {
          const closed = (await filesOf(partition(topic), '.log')).slice(0, -1)
          expect(closed.length).toBeGreaterThan(0)
          answers[`${topic} while running`] = recordsIn(
            await dump(closed, '--deep-iteration', '--print-data-log'),
          ).slice(0, 20)
        }
        expect(await broker.stop()).toBe(kind === 'kafka' ? 143 : 0)
        for (const topic of Object.keys(compressions)) {
          const logs = await filesOf(partition(topic), '.log')
          const lines = await dump(logs, '--deep-iteration', '--print-data-log')
          answers[topic] = { batches: batchesIn(lines), records: recordsIn(lines) }
          const indexes = [
            ...(await filesOf(partition(topic), '.index')),
            ...(await filesOf(partition(topic), '.timeindex')),
          ]
          expect(indexes).toHaveLength(2 * logs.length)
          await dump(indexes, '--index-sanity-check')
          await dump(indexes)
          const snapshots = await filesOf(partition(topic), '.snapshot')
          expect(snapshots.length).toBeGreaterThan(0)
          await dump(snapshots)
        }
        answers.offsets = await offsetsIn(broker.logFolder)
        return answers
      } finally {
        await broker.remove()
      }
    },
    { timeoutMs },
  )
})

/** What the committed offsets' topic holds, decoded by Kafka: records by key, last one counts. */
async function offsetsIn(logFolder: string): Promise<unknown> {
  const folders = (await readdir(logFolder)).filter(name => name.startsWith('__consumer_offsets-'))
  const files = (await Promise.all(folders.map(folder => filesOf(join(logFolder, folder), '.log')))).flat()
  const lines = await dump(files, '--deep-iteration', '--print-data-log', '--offsets-decoder')
  const last = new Map<string, unknown>()
  for (const record of lines.filter(line => line.startsWith('| offset:'))) {
    const key = /key: (.*?) payload:/.exec(record)?.[1] ?? record
    last.set(key, JSON.parse(/payload: (.*)$/.exec(record)?.[1] ?? 'null'))
  }
  const isRandom = /timestamp|topicid|memberid|leader$|^id$|client|host|subscription|assignment/i
  const steady = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(steady)
    if (typeof value !== 'object' || value === null) return value
    const entries = Object.entries(value).filter(([name]) => !isRandom.test(name))
    return Object.fromEntries(entries.map(([name, inner]) => [name, steady(inner)]))
  }
  return steady(Object.fromEntries([...last].sort(([a], [b]) => a.localeCompare(b))))
}
