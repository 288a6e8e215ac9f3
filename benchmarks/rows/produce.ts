/** The rows in which warm brokers take records: small requests, many partitions, batches, and a fixed rate. */
import { alternate, type Bench, type Contender, type Samples } from '../bench.ts'
import type { Finding, Must } from '../finding.ts'
import type { LoadReport, Shape } from '../load.ts'
import { fdatasyncP50 } from '../machine.ts'
import type { Row } from './row.ts'

type Metric =
  | 'requestsPerSecond'
  | 'megabytesPerSecond'
  | 'cpuSecondsPerGB'
  | 'cpuMicrosecondsPerRequest'
  | 'p99Ms'

const units = {
  requestsPerSecond: 'requests/s',
  megabytesPerSecond: 'MB/s',
  cpuSecondsPerGB: 'CPU s/GB',
  cpuMicrosecondsPerRequest: 'CPU µs/request',
  p99Ms: 'ms',
} as const satisfies Record<Metric, string>

const of = (reports: LoadReport[], metric: Metric) => reports.map(report => report[metric])

function compare(
  samples: Samples,
  contender: Contender,
  metric: Metric,
  must?: Must,
  note?: string,
): Finding {
  return {
    what: contender === 'synced' ? 'synced before the ack' : 'unsynced, as Kafka',
    unit: units[metric],
    ours: of(samples[contender], metric),
    kafka: of(samples.kafka, metric),
    ...(must && { must }),
    ...(note && { note }),
  }
}

async function requestRates(bench: Bench, shape: Shape, synced: number, plain: number): Promise<Finding[]> {
  const samples = await alternate(bench, ['kafka', 'synced', 'unsynced'], 'produce', shape)
  const sync = await fdatasyncP50(bench.folder)
  return [
    compare(samples, 'synced', 'requestsPerSecond', { of: 'ratio', atLeast: synced }, sync),
    compare(samples, 'unsynced', 'requestsPerSecond', { of: 'ratio', atLeast: plain }),
    compare(samples, 'synced', 'cpuMicrosecondsPerRequest'),
    compare(samples, 'unsynced', 'cpuMicrosecondsPerRequest'),
  ]
}

export const smallRequests: Shape = {
  topic: 'small',
  connections: 20,
  records: 1,
  bytes: 100,
  'in-flight': 5,
}

export const small: Row = {
  id: 'small',
  title: 'Warm: 20 connections, 1 record of 100 B a request, 5 in flight, acks=all',
  measure: bench => requestRates(bench, smallRequests, 2, 2.5),
}

export const partitions: Row = {
  id: 'partitions',
  title: '100 connections on 100 partitions, 1 record of 100 B, 1 in flight, acks=all',
  measure: bench => {
    const shape = { topic: 'wide', connections: 100, partitions: 100, records: 1, bytes: 100, 'in-flight': 1 }
    return requestRates(bench, shape, 1.5, 1.5)
  },
}

export const batches: Row = {
  id: 'batches',
  title: '1 connection, 5 in flight, 100 records of 100 B a request, acks=all',
  measure: bench =>
    requestRates(bench, { topic: 'batches', records: 100, bytes: 100, 'in-flight': 5 }, 0.8, 2),
}

export const bulk: Row = {
  id: 'bulk',
  title: '1 connection, 5 in flight, 1000 records of 1 kB a request, acks=all',
  async measure(bench) {
    const shape = { topic: 'bulk', records: 1_000, bytes: 1_000, 'in-flight': 5, 'bytes-max': 2e9 }
    const samples = await alternate(bench, ['kafka', 'unsynced'], 'produce', shape)
    return [
      compare(samples, 'unsynced', 'megabytesPerSecond', { of: 'ratio', atLeast: 1.3 }),
      compare(samples, 'unsynced', 'cpuSecondsPerGB', { of: 'ratio', atMost: 1 }),
    ]
  },
}

export const latency: Row = {
  id: 'latency',
  title: '1,000 requests/s whatever the broker does, 1 record of 100 B each, acks=all: p99 since it was due',
  async measure(bench) {
    const shape = { topic: 'latency', connections: 1, records: 1, bytes: 100, rate: 1_000 }
    const samples = await alternate(bench, ['kafka', 'unsynced'], 'latency', shape)
    return [compare(samples, 'unsynced', 'p99Ms', { of: 'ratio', atMost: 1 })]
  },
}
