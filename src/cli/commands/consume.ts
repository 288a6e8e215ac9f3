/** `loggerhead consume TOPIC…`: prints records. */
import type { Command } from 'commander'
import { NodeClock } from '../../base/node/node-clock.ts'
import { type AssignorName, assignors } from '../../client/assignors.ts'
import type { ReaderOptions } from '../../client/reader.ts'
import { type ClusterOptions, withClient, withClusterOptions } from '../cluster-options.ts'
import { type Consumption, consumePartitions } from '../consume-partitions.ts'
import { UsageError } from '../failure.ts'
import { parseCount, parseList, parseWhole } from '../numbers.ts'
import { parseOffsetRange } from '../offset-range.ts'
import { compileFormat } from '../record-format.ts'
import type { RecordStyle } from '../record-printer.ts'
import type { Terminal } from '../terminal.ts'

interface ConsumeOptions extends ClusterOptions {
  offset: string
  partitions?: string
  regex?: boolean
  group?: string
  balancer?: string
  format?: string
  num: string
  exit?: boolean
  follow?: boolean
  metaOnly?: boolean
  readCommitted?: boolean
  rack?: string
  fetchMaxBytes?: string
  fetchMaxPartitionBytes?: string
  fetchMaxWait?: string
}

const FORMAT = '%v\\n'
const BALANCERS = Object.keys(assignors).join(', ')

const examples = `
Offsets: start, end, 47, +10 (behind the start), -10 (the last ten), :end (what there is now), 47:90, @2026-03-01, @-2h, @-2h:-1h
Formats: %t topic, %p partition, %o offset, %d time, %k key, %v value, %h{%k=%v } headers, %K %V lengths; {hex}, {base64}, %d{iso};
  \\n \\t \\x00 for bytes, %% for a percent sign. Bytes are written as they are.

Examples:
  loggerhead consume greetings
  loggerhead consume greetings -o :end -f '%p %o %d{iso} %k=%v\\n'
  loggerhead consume greetings -o -10 -e --json
  loggerhead consume -r '^orders-' -g billing -n 100`

export function register(program: Command, terminal: Terminal): void {
  const command = program
    .command('consume')
    .description('print records; waits for more until Ctrl-C')
    .argument('<topics...>', 'topics, or regular expressions with --regex')
    .option('-o, --offset <offset>', 'where to begin, and to end', 'start')
    .option('-p, --partitions <numbers>', 'only these partitions, separated by commas')
    .option('-r, --regex', 'topics are regular expressions')
    .option('-g, --group <name>', 'read as a member of this group, and commit')
    .option('--balancer <name>', `how the group shares partitions out: ${BALANCERS}; -b takes it too`)
    .option('-f, --format <format>', `how a record is printed, or json (default: ${FORMAT})`)
    .option('-n, --num <count>', 'end after so many records')
    .option('-e, --exit', 'end when there is no more')
    .option('--follow', 'wait for more, as it does anyway')
    .option('--meta-only', 'leave values out of JSON')
    .option('--read-committed', 'leave out what a transaction has not committed')
    .option('--rack <id>', 'read from replicas of this rack')
    .option('--fetch-max-bytes <bytes>', 'most bytes of an answer')
    .option('--fetch-max-partition-bytes <bytes>', 'most bytes of a partition in an answer')
    .option('--fetch-max-wait <ms>', 'how long the broker may wait for records')
    .addHelpText('after', examples)
  withClusterOptions(command).action((topics: string[], given: ConsumeOptions) => {
    const options = withBalancer(given)
    const consumption = consumptionFrom(topics, options)
    return withClient(options, terminal, async client => {
      if (options.group === undefined) return consumePartitions(client, terminal, consumption)
      const { consumeAsMember } = await import('../consume-group.ts')
      const assignor = parseBalancer(options.balancer ?? 'range')
      return consumeAsMember(client, terminal, { ...consumption, group: options.group, assignor })
    })
  })
}

/** Those that rpk knows. */
const balancerNames = new Set([...Object.keys(assignors), 'sticky', 'cooperative-sticky'])

/** rpk's `-b` is the balancer, everyone else's the brokers: a balancer's name is no broker. */
function withBalancer(options: ConsumeOptions): ConsumeOptions {
  const { brokers, ...rest } = options
  return brokers !== undefined && balancerNames.has(brokers) ? { ...rest, balancer: brokers } : options
}

function parseBalancer(name: string): AssignorName {
  if (Object.hasOwn(assignors, name)) return name as AssignorName
  throw new UsageError(`--balancer ${name}: must be one of ${BALANCERS}`)
}

function consumptionFrom(topics: readonly string[], options: ConsumeOptions): Consumption {
  const { partitions, group } = options
  if (partitions !== undefined && group !== undefined)
    throw new UsageError('--partitions and --group: the group shares the partitions out')
  if (options.exit && options.follow) throw new UsageError('--exit and --follow: either of them')
  return {
    topics,
    regex: options.regex ?? false,
    partitions: partitions === undefined ? undefined : parseList(partitions, '--partitions'),
    range: parseOffsetRange(options.offset, new NodeClock().wall()),
    follow: !options.exit,
    limit: options.num === undefined ? Infinity : parseWhole(options.num, '--num') || Infinity,
    style: styleFrom(options),
    reading: readingFrom(options),
  }
}

function styleFrom({ json, format, metaOnly = false }: ConsumeOptions): RecordStyle {
  if (json || format === 'json') return { json: true, metaOnly }
  if (metaOnly) throw new UsageError('--meta-only goes with --json; in a format leave out %v')
  return { json: false, format: compileFormat(format ?? FORMAT) }
}

function readingFrom(options: ConsumeOptions): ReaderOptions {
  const { fetchMaxBytes, fetchMaxPartitionBytes, fetchMaxWait, rack } = options
  return {
    isolation: options.readCommitted ? 'read-committed' : 'read-uncommitted',
    ...(fetchMaxBytes !== undefined && { maxBytes: parseCount(fetchMaxBytes, '--fetch-max-bytes') }),
    ...(fetchMaxPartitionBytes !== undefined && {
      partitionBytesMax: parseCount(fetchMaxPartitionBytes, '--fetch-max-partition-bytes'),
    }),
    ...(fetchMaxWait !== undefined && { maxWaitMs: parseDurationMs(fetchMaxWait) }),
    ...(rack !== undefined && { rackId: rack }),
  }
}

/** rpk's durations as well: 500, 500ms, 5s. */
function parseDurationMs(text: string): number {
  const match = /^(\d{1,7})(ms|s)?$/.exec(text)
  if (!match) throw new UsageError(`--fetch-max-wait ${text}: must be milliseconds, or 5s`)
  return Number(match[1]) * (match[2] === 's' ? 1000 : 1)
}
