/** `loggerhead produce TOPIC [@FILE…]`: sends records, from standard input or from files. */
import type { Command } from 'commander'
import { NodeClock } from '../../base/node/node-clock.ts'
import { NodeDisk } from '../../base/node/node-disk.ts'
import type { KafkaClient } from '../../client/kafka-client.ts'
import { type OutgoingRecord, Producer } from '../../client/producer.ts'
import { Compression, type CompressionName } from '../../protocol/compression.ts'
import type { HeaderInput } from '../../protocol/record-writer.ts'
import { type ClusterOptions, withClient, withClusterOptions } from '../cluster-options.ts'
import { UsageError } from '../failure.ts'
import { fileChunks } from '../input.ts'
import { Interruptible } from '../interruptible.ts'
import { parseCount, parseWhole } from '../numbers.ts'
import { compileFormat } from '../record-format.ts'
import { type InputRecord, RecordInput } from '../record-input.ts'
import { SentRecords } from '../sent-records.ts'
import type { Terminal } from '../terminal.ts'
import { parseTime, TIME_EXAMPLES } from '../time-text.ts'
import { requireTopics } from '../topic-names.ts'

interface ProduceOptions extends ClusterOptions {
  compression: string
  compressionLevel?: string
  partition?: string
  format: string
  outputFormat?: string
  header: HeaderInput[]
  key?: string
  tombstone?: boolean
  num: string
  timestamp?: string
  acks: string
  allowAutoTopicCreation?: boolean
}

const examples = `
The input is cut into records by --format: %k key, %v value, %h{%k:%v,} headers, %p partition, %d timestamp; a field ends where the text
behind it begins, or has the length before it (%K %V %H).

Examples:
  echo hello | loggerhead produce greetings
  loggerhead produce greetings -k en -H from:cli @hello.txt
  loggerhead produce greetings -f '%k=%v\\n' < pairs.txt
  loggerhead produce images -k logo -f '%v' @logo.png         a whole file as one value
  loggerhead produce greetings -f '%K{big32}%k%V{big32}%v' < records.bin
  echo | loggerhead produce users -k 42 -Z                    a tombstone`

export function register(program: Command, terminal: Terminal): void {
  const command = program
    .command('produce')
    .description('send records from standard input or from files')
    .argument('<topic>', 'where to')
    .argument('[files...]', 'files to read in place of standard input, each as @PATH')
    .option('-z, --compression <codec>', `${Object.keys(Compression).join(', ')}`, 'none')
    .option('--compression-level <level>', "gzip's or zstd's level")
    .option('-p, --partition <number>', 'send to this partition, whatever the key')
    .option('-f, --format <format>', 'how the input is cut into records', '%v\\n')
    .option('-o, --output-format <format>', 'print this for each record that is stored')
    .option('-H, --header <key:value>', 'a header for each record; may be repeated', collectHeader, [])
    .option('-k, --key <key>', 'a key for records whose format has none')
    .option('-Z, --tombstone', 'send empty values as null')
    .option('-n, --num <count>', 'send each record so many times', '1')
    .option('-t, --timestamp <time>', `the time of records whose format has none: ${TIME_EXAMPLES}`)
    .option('--acks <acks>', 'all, 1 or 0', 'all')
    .option('--allow-auto-topic-creation', 'let the broker create the topic')
    .addHelpText('after', examples)
  withClusterOptions(command).action((topic: string, files: string[], options: ProduceOptions) => {
    const stray = files.find(file => !file.startsWith('@'))
    if (stray === undefined) return produce(topic, files, options, terminal)
    throw new UsageError(`${stray}: records come from standard input or from @FILE, as in echo ${stray} | …`)
  })
}

async function produce(
  topic: string,
  files: readonly string[],
  options: ProduceOptions,
  terminal: Terminal,
): Promise<void> {
  const input = new RecordInput(options.format)
  const outputFormat = options.outputFormat === undefined ? undefined : compileFormat(options.outputFormat)
  const complete = completer(options)
  const count = parseCount(options.num, '--num')
  const settings = producerSettings(options)
  await withClient(options, terminal, async client => {
    await openTopic(client, topic, options)
    const shown = new SentRecords(terminal, client.clock, {
      json: options.json ?? false,
      format: outputFormat,
    })
    const producer = new Producer(client, {
      ...settings,
      delivered: batch => shown.add(batch),
    })
    const send = async (records: Iterable<InputRecord>) => {
      for (const record of records) {
        const outgoing = complete(record)
        for (let i = 0; i < count; i++) await producer.send(topic, outgoing)
      }
      await shown.settle()
    }
    if (files.length === 0 && terminal.isTyped)
      terminal.note(`type records for ${topic}, one a line; Ctrl-D ends`)
    const source = new Interruptible(chunksFrom(files, terminal), terminal)
    for await (const chunk of source.chunks()) await send(input.push(chunk))
    if (!source.isInterrupted) await send(input.finish())
    await producer.flush()
    await shown.finish(topic)
  })
}

async function openTopic(client: KafkaClient, topic: string, options: ProduceOptions): Promise<void> {
  if (options.allowAutoTopicCreation) {
    await client.requireTopic(topic, { allowCreate: true })
    return
  }
  const advice = `; loggerhead topic create ${topic} makes it, --allow-auto-topic-creation lets the broker do so`
  await requireTopics(client, [topic], { advice })
}

function producerSettings({ acks, compression, compressionLevel }: ProduceOptions) {
  return {
    acks: parseAcks(acks),
    compression: parseCodec(compression),
    ...(compressionLevel !== undefined && {
      compressionLevel: parseCount(compressionLevel, '--compression-level'),
    }),
  }
}

/** What the options add to a record of the input. */
function completer(options: ProduceOptions): (record: InputRecord) => OutgoingRecord {
  const clock = new NodeClock()
  const partition = options.partition === undefined ? undefined : parseWhole(options.partition, '--partition')
  const timestamp = options.timestamp === undefined ? undefined : parseTime(options.timestamp, clock.wall())
  if (options.timestamp !== undefined && timestamp === undefined)
    throw new UsageError(`--timestamp ${options.timestamp}: must be a time, as ${TIME_EXAMPLES}`)
  const key = options.key === undefined ? null : Buffer.from(options.key)
  return record => {
    const chosen = record.partition ?? partition
    return {
      key: record.key ?? key,
      value: options.tombstone && record.value?.length === 0 ? null : record.value,
      headers: [...options.header, ...record.headers],
      timestamp: record.timestamp ?? timestamp ?? clock.wall(),
      ...(chosen !== undefined && { partition: chosen }),
    }
  }
}

async function* chunksFrom(files: readonly string[], { input }: Terminal): AsyncGenerator<Buffer> {
  const disk = new NodeDisk()
  if (files.length === 0) yield* input
  for (const file of files) yield* file === '@-' ? input : fileChunks(disk, file.slice(1))
}

function parseAcks(text: string): -1 | 0 | 1 {
  if (text === 'all' || text === '-1') return -1
  if (text === '0' || text === '1') return text === '0' ? 0 : 1
  throw new UsageError(`--acks ${text}: must be all, 1 or 0`)
}

function parseCodec(text: string): CompressionName {
  if (Object.hasOwn(Compression, text)) return text as CompressionName
  throw new UsageError(`--compression ${text}: must be ${Object.keys(Compression).join(', ')}`)
}

/** `key:value` as rpk has it, or `key=value` as kcat has it; a key alone has no value. */
function collectHeader(text: string, earlier: HeaderInput[]): HeaderInput[] {
  const at = text.search(/[:=]/)
  if (at < 0) return [...earlier, { key: Buffer.from(text), value: null }]
  if (at === 0) throw new UsageError(`--header ${text}: must be key:value`)
  return [...earlier, { key: Buffer.from(text.slice(0, at)), value: Buffer.from(text.slice(at + 1)) }]
}
