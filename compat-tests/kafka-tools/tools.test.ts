/** Kafka's own command line tools, as its users run them by hand and from scripts. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'vitest'
import { kafkaTool, type Tool } from '../support/kafka-jars.ts'
import { suite } from '../support/scenario.ts'
import { type Answer, tool } from './tool.ts'

const timeoutMs = 120_000

/** Each line is `{"name": EVENT, …}`. */
async function events(
  name: Tool,
  bootstrap: string,
  args: readonly string[],
): Promise<Record<string, unknown>[]> {
  const options = { timeoutMs: 60_000 }
  const { stdout } = await kafkaTool(name, ['--bootstrap-server', bootstrap, ...args], options)
  const lines = stdout.split('\n').filter(line => line.startsWith('{'))
  return lines.map(line => JSON.parse(line) as Record<string, unknown>)
}

const lines = (count: number) => Array.from({ length: count }, (_, index) => `line ${index}\n`).join('')

suite('kafka-tools', scenario => {
  scenario(
    'kafka-topics creates, lists, describes, alters and deletes',
    async ({ bootstrap, name }) => {
      const topic = name()
      const topics = (...args: string[]) => tool('kafka-topics', bootstrap, [...args, '--topic', topic])
      const created = await topics('--create', '--partitions', '3', '--config', 'retention.ms=100000')
      const again = await topics('--create')
      const described = await topics('--describe')
      const altered = await topics('--alter', '--partitions', '4')
      const listed = await tool('kafka-topics', bootstrap, ['--list'])
      const deleted = await topics('--delete')
      const gone = await topics('--describe')
      return {
        created,
        again,
        described,
        altered,
        listed: listed.rows.flat().includes(topic),
        deleted,
        gone,
      }
    },
    { timeoutMs },
  )

  scenario(
    "kafka-configs describes a topic's settings",
    async ({ bootstrap, name }) => {
      await tool('kafka-topics', bootstrap, [
        '--create',
        '--topic',
        name(),
        '--config',
        'cleanup.policy=compact',
      ])
      const describe = (...args: string[]) =>
        tool('kafka-configs', bootstrap, ['--describe', '--topic', name(), ...args])
      const settings = await describe('--all')
      return {
        own: await describe(),
        names: settings.rows.map(([setting]) => setting!.replace(/=.*/, '')).sort(),
      }
    },
    { timeoutMs },
  )

  scenario(
    'kafka-console-producer and -consumer carry keys, headers and compression',
    async ({ bootstrap, name }) => {
      const topic = name()
      const parse = ['parse.key=true', 'parse.headers=true', 'null.marker=NULL']
      const readers = parse.flatMap(property => ['--reader-property', property])
      const produced = []
      for (const codec of ['none', 'gzip', 'snappy', 'lz4', 'zstd']) {
        const args = ['--topic', topic, '--compression-codec', codec, ...readers]
        const input = `h:1,i:2\tk-${codec}\tvalue\nNULL\tNULL\tNULL\n`
        produced.push((await tool('kafka-console-producer', bootstrap, args, input)).code)
      }
      const shown = ['key', 'headers', 'offset', 'partition']
      const formatters = shown.flatMap(property => ['--formatter-property', `print.${property}=true`])
      const consume = (...args: string[]) =>
        tool('kafka-console-consumer', bootstrap, ['--topic', topic, ...formatters, ...args])
      return {
        produced,
        all: await consume('--from-beginning', '--max-messages', '10'),
        fromThree: await consume('--partition', '0', '--offset', '3', '--max-messages', '2'),
      }
    },
    { timeoutMs },
  )

  scenario(
    'kafka-consumer-groups lists, describes, resets and deletes',
    async ({ bootstrap, name }) => {
      const [topic, group] = [name(), name('group')]
      await tool('kafka-topics', bootstrap, ['--create', '--topic', topic, '--partitions', '2'])
      await tool('kafka-console-producer', bootstrap, ['--topic', topic], lines(20))
      const args = ['--topic', topic, '--group', group, '--from-beginning', '--max-messages', '20']
      const consumed = (await tool('kafka-console-consumer', bootstrap, args)).rows.length
      const groups = (...args: string[]) =>
        tool('kafka-consumer-groups', bootstrap, [...args, '--group', group])
      const reset = (...args: string[]) => groups('--reset-offsets', '--topic', topic, ...args)
      const described = await groups('--describe', '--offsets')
      const state = await groups('--describe', '--state')
      const members = await groups('--describe', '--members')
      const dryRun = await reset('--to-earliest', '--dry-run')
      const shifted = await reset('--shift-by', '-3', '--execute')
      const earliest = await reset('--to-earliest', '--execute')
      const latest = await reset('--to-latest', '--execute')
      const listed = await tool('kafka-consumer-groups', bootstrap, ['--list'])
      const deleted = await groups('--delete')
      const gone = await groups('--describe')
      // Which partition the lines of one run go to is the producer's choice.
      const total = ({ rows }: Answer, column: number) =>
        rows.filter(row => row.includes(topic)).reduce((sum, row) => sum + Number(row[column]), 0)
      return {
        consumed,
        committed: [total(described, 3), total(described, 4), total(described, 5)],
        state: state.rows.map(row => row.filter(word => !/\d+\.\d+\.\d+\.\d+/.test(word))),
        members: members.rows,
        dryRun: total(dryRun, 3),
        shiftedDown: total(shifted, 3) < 20,
        earliest: total(earliest, 3),
        latest: total(latest, 3),
        listed: listed.rows.flat().includes(group),
        deleted,
        gone,
      }
    },
    { timeoutMs },
  )

  scenario(
    'kafka-producer-perf-test and -consumer-perf-test move 50,000 records',
    async ({ bootstrap, name }) => {
      const produce = [
        '--topic',
        name(),
        '--num-records',
        '50000',
        '--record-size',
        '100',
        '--throughput',
        '-1',
      ]
      const produced = await tool('kafka-producer-perf-test', bootstrap, produce)
      const consume = ['--topic', name(), '--num-records', '50000', '--timeout', '20000']
      const consumed = await tool('kafka-consumer-perf-test', bootstrap, consume)
      // start.time (2 words), end.time (2), MB, MB/s, records
      return { sent: produced.rows.at(-1)!.slice(0, 3), read: consumed.rows.at(-1)![6] }
    },
    { timeoutMs },
  )

  scenario(
    'kafka-verifiable-producer and -consumer agree',
    async ({ bootstrap, name }) => {
      const topic = name()
      await tool('kafka-topics', bootstrap, ['--create', '--topic', topic, '--partitions', '2'])
      const produce = ['--topic', topic, '--max-messages', '3000', '--acks', '-1', '--value-prefix', '7']
      const produced = await events('kafka-verifiable-producer', bootstrap, produce)
      const consume = ['--topic', topic, '--max-messages', '3000', '--group-id', topic, '--verbose']
      const consumed = await events('kafka-verifiable-consumer', bootstrap, consume)
      const values = consumed.filter(event => event.name === 'record_data').map(event => event.value)
      const commits = consumed.filter(event => event.name === 'offsets_committed')
      expect(commits.every(event => event.success)).toBe(true)
      const { sent, acked } = produced.find(event => event.name === 'tool_data')!
      return { sent, acked, records: values.length, different: new Set(values).size }
    },
    { timeoutMs },
  )

  scenario(
    'kafka-get-offsets and kafka-delete-records',
    async ({ bootstrap, name }) => {
      const topic = name()
      await tool('kafka-console-producer', bootstrap, ['--topic', topic], lines(10))
      const offsets = (time: string) =>
        tool('kafka-get-offsets', bootstrap, ['--topic', topic, '--time', time])
      const folder = await mkdtemp(join(tmpdir(), 'loggerhead-compat-'))
      const file = join(folder, 'offsets.json')
      await writeFile(file, JSON.stringify({ partitions: [{ topic, partition: 0, offset: 4 }], version: 1 }))
      const before = [await offsets('-2'), await offsets('-1')]
      const deleted = await tool('kafka-delete-records', bootstrap, ['--offset-json-file', file])
      await rm(folder, { recursive: true })
      return { before, deleted, after: await offsets('earliest') }
    },
    { timeoutMs },
  )

  scenario(
    'kafka-broker-api-versions understands what is offered',
    async ({ bootstrap }) => {
      const { code, rows } = await tool('kafka-broker-api-versions', bootstrap, [])
      const apis = rows.map(row => row.join(' '))
      return {
        code,
        produce: apis.find(api => api.startsWith('Produce')),
        fetch: apis.find(api => api.startsWith('Fetch(')),
      }
    },
    { timeoutMs },
  )
})
