/** The commands of `loggerhead` for clusters: the same command lines against Loggerhead and Apache Kafka, with the same answers. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from '../support/scenario.ts'
import { type Answer, cliFor } from './command.ts'

const timeoutMs = 120_000

const numbers = (count: number) => Array.from({ length: count }, (_, index) => `line ${index}\n`).join('')

/** A column of a table, by its number. */
const column = ({ lines }: Answer, index: number) => lines.map(line => String(line).split(/ {2,}/)[index])

/** What a JSON answer says, without what differs from run to run. */
function without(value: unknown, ...names: string[]): unknown {
  if (Array.isArray(value)) return value.map(inner => without(inner, ...names))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name]) => !names.includes(name))
      .map(([name, inner]) => [name, without(inner, ...names)]),
  )
}

/** Records with old times would be gone as soon as retention looks at them. */
const forever = ['-c', 'retention.ms=-1']

suite('cli', scenario => {
  scenario(
    'topics are created, listed, described, altered, grown, trimmed and deleted',
    async ({ bootstrap, name }) => {
      const cli = cliFor(bootstrap)
      const topic = name()
      const settings = ['-c', 'retention.ms=86400000', '-c', 'cleanup.policy=delete']
      const created = await cli(['topic', 'create', topic, '-p', '2', ...settings])
      const again = await cli(['topic', 'create', topic])
      const ifNotExists = await cli(['topic', 'create', topic, '--if-not-exists'])
      const wrong = await cli(['topic', 'create', `${topic}-2`, '-c', 'retention.ms=soon'])
      await cli(['produce', topic, '-p', '1'], numbers(10))
      const altered = await cli([
        'topic',
        'alter',
        topic,
        '-s',
        'max.message.bytes=2000',
        '-d',
        'retention.ms',
      ])
      const appended = await cli(['topic', 'alter', topic, '--append', 'cleanup.policy=compact'])
      const grown = await cli(['topic', 'add-partitions', topic, '-n', '1', '--json'])
      const trimmed = await cli(['topic', 'trim', topic, '-o', '4', '-p', '1', '--json'])
      const beyond = await cli(['topic', 'trim', topic, '-o', '40', '-p', '1', '--json'])
      const listed = await cli(['topic', 'list', '-r', `^${topic}$`])
      const described = await cli(['topic', 'describe', topic, '--json'])
      const deleted = await cli(['topic', 'delete', topic])
      const gone = await cli(['topic', 'describe', topic])
      return {
        created,
        again: [again.code, String(again.lines[1]).replace(/.*\(/, '(')],
        ifNotExists,
        wrong: [wrong.code, /INVALID_CONFIG/.test(String(wrong.lines[1]))],
        altered,
        appended,
        grown,
        trimmed,
        beyond: without(beyond, 'message'),
        listed,
        described: without(described.lines, 'topicId', 'configs', 'bytes', 'leader', 'replicas', 'inSync'),
        settings: await settingsOf(described),
        deleted,
        gone: [gone.code, gone.errors[0]?.startsWith(`there is no topic`)],
      }
    },
    { timeoutMs },
  )

  for (const codec of ['none', 'gzip', 'snappy', 'lz4', 'zstd'])
    scenario(
      `records compressed with ${codec} come back with keys, headers, times and nulls`,
      async ({ bootstrap, name }) => {
        const cli = cliFor(bootstrap)
        await cli(['topic', 'create', name(), '-p', '3', ...forever])
        const format = '%k\\t%h{%k:%v,}\\t%d\\t%v\\n'
        const input = 'a\tx:1,y:2,\t1772366400500\tvalue\nb\t\t1772366400501\t\nc\t\t1772366400502\tgrün\n'
        const sent = await cli(['produce', name(), '-z', codec, '-Z', '-f', format], input)
        const binary = await cli(
          ['produce', name(), '-p', '0', '-z', codec, '-f', '%v', '-t', '1772366400503'],
          Buffer.from([0, 255, 10, 254]),
        )
        const json = await cli(['consume', name(), '-e', '--json'])
        return {
          sent,
          binary,
          json: json.lines.toSorted((a, b) => timeOf(a) - timeOf(b)),
          text: (await cli(['consume', name(), '-e', '-f', format])).lines.sort(),
          hex: await cli(['consume', name(), '-p', '0', '-o', '-1', '-e', '-f', '%v{hex}\\n']),
        }
      },
      { timeoutMs },
    )

  scenario(
    'records are read from offsets, times, and until an end',
    async ({ bootstrap, name }) => {
      const cli = cliFor(bootstrap)
      await cli(['topic', 'create', name(), ...forever])
      for (const [index, time] of ['2026-01-01', '2026-01-02', '2026-01-03'].entries())
        await cli(['produce', name(), '-t', time], `${index}a\n${index}b\n`)
      const read = async (...args: string[]) => (await cli(['consume', name(), ...args])).lines
      return {
        start: await read('-e'),
        fromTwo: await read('-o', '2', '-e'),
        twoToFour: await read('-o', '2:4'),
        lastThree: await read('-o', '-3', '-e'),
        behindStart: await read('-o', '+4', '-e'),
        untilNow: await read('-o', ':end'),
        fromTime: await read('-o', '@2026-01-02', '-e'),
        betweenTimes: await read('-o', '@2026-01-01T12:00:00Z:2026-01-02T12:00:00Z'),
        afterAll: await read('-o', '@2026-02-01', '-e'),
        two: await read('-n', '2'),
        beyond: await cli(['consume', name(), '-o', '99']),
      }
    },
    { timeoutMs },
  )

  scenario(
    'acknowledgements, refusals and unknown names are told alike',
    async ({ bootstrap, name }) => {
      const cli = cliFor(bootstrap)
      const topic = name()
      await cli(['topic', 'create', topic, '-c', 'cleanup.policy=compact', '-c', 'max.message.bytes=2000'])
      const acks = []
      for (const level of ['all', '1', '0']) {
        const sent = await cli(['produce', topic, '-k', 'k', '--acks', level, '--json'], 'v\n')
        acks.push([sent.code, sent.lines.map(line => without(line, 'timestamp')), sent.errors])
      }
      const keyless = await cli(['produce', topic], 'v\n')
      const large = await cli(['produce', topic, '-k', 'k'], 'x'.repeat(5_000))
      const noPartition = await cli(['produce', topic, '-p', '7'], 'v\n')
      const noTopic = await cli(['produce', `${topic}s`], 'v\n')
      const created = await cli(['produce', name('auto'), '--allow-auto-topic-creation'], 'v\n')
      const isTooLarge = /MESSAGE_TOO_LARGE/.test(String(large.errors[0]))
      return { acks, keyless: keyless.code, large: [large.code, isTooLarge], noPartition, noTopic, created }
    },
    { timeoutMs },
  )

  scenario(
    'groups are read, listed, described, moved and removed',
    async ({ bootstrap, name }) => {
      const cli = cliFor(bootstrap)
      const [topic, group] = [name(), name('g')]
      await cli(['topic', 'create', topic, '-p', '2'])
      for (const partition of ['0', '1']) await cli(['produce', topic, '-p', partition], numbers(5))
      const first = await cli(['consume', topic, '-g', group, '-e'])
      await cli(['produce', topic, '-p', '0'], 'new\n')
      const next = await cli(['consume', topic, '-g', group, '-e', '-b', 'roundrobin'])
      const listed = await cli(['group', 'list', '--json'])
      const described = await cli(['group', 'describe', group, '--json'])
      const folder = await mkdtemp(join(tmpdir(), 'loggerhead-compat-'))
      const file = join(folder, 'offsets')
      await writeFile(file, `${topic}:0:2\n${topic}:1:3\n`)
      const moves = []
      for (const args of [
        ['--to', 'start'],
        ['--to', 'end'],
        ['--to', '-1'],
        ['--to', '99'],
        ['--to-file', file],
      ])
        moves.push(await cli(['group', 'seek', group, ...args, '--json']))
      await rm(folder, { recursive: true })
      const copied = await cli(['group', 'seek', `${group}-2`, '--to-group', group])
      const rest = await cli(['consume', topic, '-g', group, '-e'])
      const removed = await cli(['group', 'delete', group, `${group}-2`])
      const gone = await cli(['group', 'describe', group])
      const goneTwice = await cli(['group', 'delete', group])
      return {
        first: first.lines.toSorted(),
        next,
        listed: (listed.lines[0] as { group: string }[]).filter(one => one.group === group),
        described: described.lines,
        moves,
        copied: column(copied, 3),
        rest: rest.lines.length,
        removed,
        gone: [gone.code, gone.errors[0]?.replace(/,.*/, '')],
        goneTwice,
      }
    },
    { timeoutMs },
  )

  scenario(
    'settings of topics, brokers and groups are read and changed',
    async ({ bootstrap, name }) => {
      const cli = cliFor(bootstrap)
      const topic = name()
      await cli(['topic', 'create', topic, '-c', 'segment.bytes=2000000'])
      const get = async (...args: string[]) => (await cli(['config', 'get', ...args, '--json'])).lines
      const set = (...args: string[]) => cli(['config', 'set', ...args])
      return {
        one: await get('topic', topic, 'segment.bytes'),
        set: await set('topic', topic, 'retention.bytes=1000', '--delete', 'segment.bytes'),
        after: await get('topic', topic, 'segment.bytes', 'retention.bytes'),
        dry: await set('topic', topic, 'retention.bytes=2000', '--dry'),
        wrong: (await set('topic', topic, 'retention.bytes=many')).code,
        unknown: (await set('topic', topic, 'colour=red')).code,
        missing: await cli(['config', 'get', 'topic', topic, 'colour']),
        ofAll: await set('broker', 'default', 'log.cleaner.backoff.ms=14000'),
        ofOne: await set('broker', '1', 'log.cleaner.backoff.ms=13000'),
        broker: await get('broker', '1', 'log.cleaner.backoff.ms', 'node.id'),
        default: await get('broker', 'default', 'log.cleaner.backoff.ms'),
        undone: [
          await set('broker', 'default', '--delete', 'log.cleaner.backoff.ms'),
          await set('broker', '1', '--delete', 'log.cleaner.backoff.ms'),
        ],
        group: await set('group', name('g'), 'consumer.session.timeout.ms=50000'),
        ofGroup: await get('group', name('g'), 'consumer.session.timeout.ms'),
        noBroker: await cli(['config', 'get', 'broker', '99']),
      }
    },
    { timeoutMs },
  )

  scenario(
    'quotas are set, found and removed',
    async ({ bootstrap, name }) => {
      const cli = cliFor(bootstrap)
      const client = name()
      const ofClient = ['--name', `client-id=${client}`]
      const get = async (...args: string[]) => (await cli(['quota', 'get', ...args, '--json'])).lines
      const set = (...args: string[]) => cli(['quota', 'set', ...args])
      return {
        set: await set(...ofClient, 'producer_byte_rate=1048576', 'request_percentage=50.5'),
        both: await set(...ofClient, '--name', 'user=alice', 'consumer_byte_rate=2000000'),
        dry: await set(...ofClient, 'consumer_byte_rate=1', '--dry'),
        found: await get(...ofClient, '--strict'),
        loosely: ((await get('--any', 'user'))[0] as unknown[]).length,
        defaults: await get('--default', 'ip'),
        wrong: (await set(...ofClient, 'colour=1')).code,
        unknown: (await set('--name', 'planet=mars', 'producer_byte_rate=1')).code,
        removed: await set(...ofClient, '-d', 'producer_byte_rate', '-d', 'request_percentage'),
        gone: await get(...ofClient, '--strict'),
        bothRemoved: await set(...ofClient, '--name', 'user=alice', '-d', 'consumer_byte_rate'),
      }
    },
    { timeoutMs },
  )

  scenario(
    'the cluster is shown, and is well',
    async ({ bootstrap, host, port }) => {
      const cli = cliFor(bootstrap)
      const info = (await cli(['cluster', 'info', '--json'])).lines[0] as Record<string, unknown>
      const health = (await cli(['cluster', 'health', '-e', '--json'])).lines[0] as Record<string, unknown>
      const brokers = info.brokers as { host: string; port: number }[]
      return {
        controller: info.controller,
        brokers: without(brokers, 'port', 'host'),
        isOurs: brokers[0]!.host === host && brokers[0]!.port === port,
        healthy: health.healthy,
        away: health.brokersAway,
        leaderless: health.leaderless,
      }
    },
    { timeoutMs },
  )
})

function timeOf(record: unknown): number {
  return (record as { timestamp: number }).timestamp
}

/** The names of the settings that a topic has of its own. */
async function settingsOf({ lines }: Answer): Promise<Record<string, unknown>> {
  const [topic] = lines[0] as { configs: { name: string; value: unknown; source: string }[] }[]
  const own = topic!.configs.filter(({ source }) => source === 'topic')
  return Object.fromEntries(own.map(({ name, value }) => [name, value]))
}
