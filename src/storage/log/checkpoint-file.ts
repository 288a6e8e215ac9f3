/**
 * Kafka's text checkpoints: a line with the version (0), a line with the number of entries, a line for each entry.
 *
 * `recovery-point-offset-checkpoint`, `log-start-offset-checkpoint`, `replication-offset-checkpoint` and
 * `cleaner-offset-checkpoint` of a log directory hold `topic partition offset`; a partition's `leader-epoch-checkpoint` holds
 * `epoch offset`. An empty file, which Kafka makes at its first start, has no entries.
 */
import { CorruptionError } from '../../base/disk.ts'
import { UnknownVersionError } from '../sealed-file.ts'

const VERSION = 0

export interface PartitionOffset {
  topic: string
  partition: number
  offset: number
}

export function formatCheckpoint(lines: readonly string[]): Buffer {
  return Buffer.from([VERSION, lines.length, ...lines, ''].join('\n'))
}

/** `parseLine` gives undefined for what is not an entry. */
export function parseCheckpoint<Entry>(
  bytes: Buffer,
  file: string,
  parseLine: (fields: string[]) => Entry | undefined,
): Entry[] {
  if (bytes.length === 0) return []
  const text = bytes.toString('latin1')
  if (!text.endsWith('\n')) throw new CorruptionError(file, bytes.length, 'its last line is cut off')
  const [version = '', count = '', ...lines] = text.slice(0, -1).split('\n')
  const versionNumber = parseWhole(version)
  if (versionNumber === undefined) throw new CorruptionError(file, 0, 'its first line is not a version')
  if (versionNumber !== VERSION) throw new UnknownVersionError(file, versionNumber, VERSION)
  let at = version.length + 1
  if (parseWhole(count) !== lines.length) {
    throw new CorruptionError(file, at, `it announces ${count || 'no'} entries and has ${lines.length}`)
  }
  at += count.length + 1
  return lines.map(line => {
    const entry = parseLine(line.split(' '))
    if (entry === undefined) throw new CorruptionError(file, at, `"${line.slice(0, 80)}" is not an entry`)
    at += line.length + 1
    return entry
  })
}

export function formatOffsetCheckpoint(entries: Iterable<PartitionOffset>): Buffer {
  return formatCheckpoint(
    Array.from(entries, ({ topic, partition, offset }) => `${topic} ${partition} ${offset}`),
  )
}

export function parseOffsetCheckpoint(bytes: Buffer, file: string): PartitionOffset[] {
  return parseCheckpoint(bytes, file, fields => {
    const [topic, partitionText, offsetText] = fields
    const partition = parseWhole(partitionText)
    const offset = parseWhole(offsetText)
    if (fields.length !== 3 || !topic || partition === undefined || offset === undefined) return undefined
    return { topic, partition, offset }
  })
}

export function* describeOffsetCheckpoint(bytes: Buffer, file: string): Generator<string> {
  for (const { topic, partition, offset } of parseOffsetCheckpoint(bytes, file)) {
    yield `topic: ${topic} partition: ${partition} offset: ${offset}`
  }
}

/** A number from 0 to 2^53−1 in plain digits. */
export function parseWhole(text: string | undefined): number | undefined {
  if (text === undefined || !/^\d{1,16}$/.test(text)) return undefined
  const value = Number(text)
  return Number.isSafeInteger(value) ? value : undefined
}
