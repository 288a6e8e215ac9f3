/**
 * `node_modules/.bin/node benchmarks/micro.ts`: what the steps of a produce and a fetch request cost by themselves,
 * with nothing else on the loop. For a step that a profile shows to be hot, before and after a change.
 */
import { crc32c } from '../src/base/crc32c.ts'
import { decode, encode } from '../src/protocol/codec.ts'
import { Fetch } from '../src/protocol/messages/fetch.ts'
import { Produce } from '../src/protocol/messages/produce.ts'
import { buildBatch } from '../src/protocol/record.ts'
import { stampBatch } from '../src/protocol/record-batch.ts'
import { checkBatch, walkRecords } from '../src/protocol/record-batch-check.ts'
import { median } from './finding.ts'

const sampleMs = 100
const samples = 7

/** Median nanoseconds of one call. */
function time(step: () => unknown): number {
  let calls = 1
  const run = () => {
    const from = performance.now()
    for (let call = 0; call < calls; call++) step()
    return performance.now() - from
  }
  while (run() < sampleMs) calls *= 2
  return median(Array.from({ length: samples }, () => (run() / calls) * 1e6))
}

const rules = {
  batchBytesMax: 2 ** 21,
  requireKeys: false,
  timestampBeforeMaxMs: Number.POSITIVE_INFINITY,
  timestampAfterMaxMs: Number.POSITIVE_INFINITY,
}

function print(step: string, nanoseconds: number, bytes?: number): void {
  const rate = bytes ? `${(bytes / nanoseconds).toFixed(2)} GB/s` : ''
  console.log(`${step.padEnd(44)} ${(nanoseconds / 1_000).toFixed(3).padStart(10)} µs  ${rate}`)
}

for (const [records, valueBytes] of [
  [1, 100],
  [100, 100],
  [1_000, 1_000],
] as const) {
  const value = Buffer.alloc(valueBytes, 'x')
  const batch = buildBatch(Array.from({ length: records }, () => ({ value })))
  const topicData = [{ name: 'orders', partitionData: [{ index: 0, records: batch }] }]
  const request = encode(Produce.request, 9, { acks: -1, timeoutMs: 30_000, topicData })
  const nowMs = Date.now()
  const name = `${records} × ${valueBytes} B`
  print(
    `${name}: CRC32C`,
    time(() => crc32c(batch, 21, batch.length)),
    batch.length,
  )
  print(
    `${name}: decode Produce v9`,
    time(() => decode(Produce.request, 9, request)),
  )
  print(
    `${name}: check the batch (CRC included)`,
    time(() => checkBatch(batch, 0, batch.length, rules, nowMs)),
  )
  print(
    `${name}: walk the records`,
    time(() => walkRecords(batch, 0, rules, nowMs)),
  )
  print(
    `${name}: stamp`,
    time(() => stampBatch(batch, 0, 1_000_000, 3)),
  )
}

const partitionResponses = [{ index: 0, errorCode: 0, baseOffset: 1_000_000 }]
const produced = { responses: [{ name: 'orders', partitionResponses }] }
print(
  'encode the answer to Produce v9',
  time(() => encode(Produce.response, 9, produced)),
)
const partitions = Array.from({ length: 10 }, (_, partition) => ({
  partition,
  fetchOffset: 1_000_000,
  partitionMaxBytes: 2 ** 20,
}))
const fetched = encode(Fetch.request, 12, {
  maxWaitMs: 500,
  minBytes: 1,
  topics: [{ topic: 'orders', partitions }],
})
print(
  'decode Fetch v12, 10 partitions',
  time(() => decode(Fetch.request, 12, fetched)),
)
