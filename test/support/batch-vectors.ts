/** Record batches that Kafka's own classes built, with what stands in them; bytes are hex. */
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import type { CompressionName } from '../../src/protocol/compression.ts'
import type { TimestampType } from '../../src/protocol/record-batch.ts'

export interface BatchVector {
  compression: CompressionName
  baseOffset: number
  lastOffset: number
  leaderEpoch: number
  timestampType: TimestampType
  maxTimestamp: number
  producerId: number
  producerEpoch: number
  baseSequence: number
  transactional: boolean
  control: boolean
  crc: number
  records: VectorRecord[]
  hex: string
}

export interface VectorRecord {
  offset: number
  timestamp: number
  key: string | null
  value: string | null
  headers: [key: string, value: string | null][]
}

const file = new URL('../../src/protocol/testdata/batches/batch-vectors.jsonl.gz', import.meta.url)

export function batchVectors(): BatchVector[] {
  const lines = gunzipSync(readFileSync(file)).toString().trimEnd().split('\n')
  return lines.map(line => JSON.parse(line))
}

/** For `test.each`, named so that a failure says which line it was. */
export function namedBatchVectors(): [name: string, vector: BatchVector][] {
  return batchVectors().map((vector, line) => {
    const kind = vector.control ? 'control' : vector.transactional ? 'transactional' : vector.timestampType
    return [`line ${line + 1}: ${vector.records.length} records, ${vector.compression}, ${kind}`, vector]
  })
}
