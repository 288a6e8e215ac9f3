/** What our builder writes is read by Kafka's own classes, which check lengths, checksums, frames and every record. */
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, test } from 'vitest'
import { SeededRandom } from '../../src/base/random.ts'
import { Compression, type CompressionName } from '../../src/protocol/compression.ts'
import { type BatchOptions, buildBatch, readRecords, recompress } from '../../src/protocol/record.ts'
import * as batch from '../../src/protocol/record-batch.ts'
import {
  buildControlBatch,
  buildEndTransactionMarker,
  ControlType,
} from '../../src/protocol/record-control.ts'
import type { RecordInput } from '../../src/protocol/record-writer.ts'
import { ensureKafkaJars, javaArguments } from '../support/kafka-jars.ts'
import { run } from '../support/process.ts'

const NOW = 1_700_000_000_000
const random = new SeededRandom(20_251)

const recordSets: Record<string, RecordInput[]> = {
  'a single record': [{ timestamp: NOW, key: 'key', value: 'value' }],
  'nulls, empty fields and headers': [
    {},
    { timestamp: NOW, key: '', value: '' },
    { timestamp: NOW - 5, headers: [{ key: 'a', value: null }] },
    { timestamp: NOW + 90_000_000, key: null, value: '€', headers: twoHeaders() },
    { timestamp: 0 },
  ],
  'many small records': Array.from({ length: 5000 }, (_, i) => ({
    timestamp: NOW + i,
    key: `key ${i % 7}`,
    value: `value ${i * i}`,
  })),
  'values larger than every block': [
    { timestamp: NOW, value: random.bytes(100_000) },
    { timestamp: NOW, value: Buffer.alloc(200_000, 'a pattern ') },
    { timestamp: NOW, value: Buffer.alloc(65_536 * 3) },
    { timestamp: NOW, value: mixed(300_000) },
  ],
}

const kinds: Record<string, BatchOptions> = {
  plain: {},
  'in its place in a log': { baseOffset: 2 ** 40, leaderEpoch: 2 ** 31 - 1 },
  idempotent: { producerId: 2 ** 52, producerEpoch: 32_767, baseSequence: 2 ** 31 - 2 },
  transactional: { producerId: 7, producerEpoch: 0, baseSequence: 0, isTransactional: true },
  'with append time': { timestampType: 'LogAppendTime', maxTimestamp: NOW + 77 },
  'with a delete horizon and gone last records': {
    baseOffset: 500,
    lastOffset: 9_999,
    deleteHorizonMs: NOW + 1,
  },
}

const batches = new Map<string, Buffer>()
for (const [set, records] of Object.entries(recordSets)) {
  for (const [kind, options] of Object.entries(kinds)) {
    for (const compression of Object.keys(Compression) as CompressionName[]) {
      batches.set(`${compression}, ${kind}, ${set}`, buildBatch(records, { ...options, compression }))
    }
  }
}
for (const [compression, codec] of Object.entries(Compression)) {
  batches.set(
    `gzip made ${compression}`,
    recompress(batches.get('gzip, idempotent, many small records')!, 0, codec),
  )
}
for (const level of [1, 9]) batches.set(`gzip level ${level}`, levelled('gzip', level))
for (const level of [-5, 22]) batches.set(`zstd level ${level}`, levelled('zstd', level))
batches.set('no records left', buildBatch([], { baseOffset: 3, lastOffset: 8, maxTimestamp: NOW }))
batches.set('stamped', stamped())
const producer = { producerId: 4242, producerEpoch: 5, baseOffset: 77, leaderEpoch: 3 }
batches.set('commit marker', buildEndTransactionMarker(ControlType.COMMIT, 9, NOW, producer))
batches.set('abort marker', buildEndTransactionMarker(ControlType.ABORT, 2 ** 31 - 1, NOW, producer))
batches.set(
  'leader change',
  buildControlBatch({ type: ControlType.LEADER_CHANGE, value: Buffer.alloc(9) }, NOW, { leaderEpoch: 4 }),
)

describe("Kafka's classes", () => {
  let found: string[]

  beforeAll(async () => {
    await ensureKafkaJars()
    const reader = fileURLToPath(new URL('ReadBatches.java', import.meta.url))
    const input = [...batches.values()].map(bytes => `${bytes.toString('hex')}\n`).join('')
    const { code, stdout, stderr } = await run('java', javaArguments(reader, []), {
      input,
      timeoutMs: 100_000,
    })
    expect(code, stderr).toBe(0)
    found = stdout.trimEnd().split('\n')
  })

  test.each([...batches].map(([name, bytes], line) => [name, bytes, line] as const))(
    'read: %s',
    (_, bytes, line) => {
      expect(JSON.parse(found[line]!)).toEqual([describeBatch(bytes)])
    },
  )
})

function describeBatch(bytes: Buffer): object {
  return {
    compression: Object.keys(Compression)[batch.codecOf(bytes, 0)],
    baseOffset: batch.baseOffsetOf(bytes, 0),
    lastOffset: batch.lastOffsetOf(bytes, 0),
    leaderEpoch: batch.leaderEpochOf(bytes, 0),
    timestampType: batch.timestampTypeOf(bytes, 0),
    maxTimestamp: batch.maxTimestampOf(bytes, 0),
    producerId: batch.producerIdOf(bytes, 0),
    producerEpoch: batch.producerEpochOf(bytes, 0),
    baseSequence: batch.baseSequenceOf(bytes, 0),
    lastSequence: batch.lastSequenceOf(bytes, 0),
    transactional: batch.isTransactional(bytes, 0),
    control: batch.isControl(bytes, 0),
    deleteHorizonMs: batch.hasDeleteHorizon(bytes, 0) ? batch.baseTimestampOf(bytes, 0) : -1,
    crc: batch.crcOf(bytes, 0),
    bytes: bytes.length,
    records: readRecords(bytes).map(({ key, value, headers, ...record }) => ({
      ...record,
      key: key?.toString('hex') ?? null,
      value: value?.toString('hex') ?? null,
      headers: headers.map(header => [header.key.toString(), header.value?.toString('hex') ?? null]),
    })),
  }
}

function levelled(compression: CompressionName, compressionLevel: number): Buffer {
  return buildBatch(recordSets['values larger than every block']!, { compression, compressionLevel })
}

function stamped(): Buffer {
  const bytes = buildBatch(recordSets['many small records']!, { compression: 'lz4' })
  batch.stampBatch(bytes, 0, 2 ** 52, 12)
  batch.stampLogAppendTime(bytes, 0, NOW + 5)
  return bytes
}

function twoHeaders() {
  return [
    { key: 'ä', value: '' },
    { key: '', value: Buffer.alloc(300, 'x') },
  ]
}

function mixed(length: number): Buffer {
  const bytes = Buffer.alloc(length, random.bytes(77))
  for (let at = 0; at < length; at += 1 + random.below(100)) bytes[at] = random.below(256)
  return bytes
}
