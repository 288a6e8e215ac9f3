/** One consumer connection that asks for 1 MiB of a partition at a time, as Kafka's clients do by default. */
import { alternate, type Bench, type Contender } from '../bench.ts'
import type { Finding, Must } from '../finding.ts'
import { type LoadReport, load, type Shape } from '../load.ts'
import { dropCaches } from '../machine.ts'
import type { Row } from './row.ts'

const names: readonly Contender[] = ['kafka', 'synced']
const tailBytes = 64 * 2 ** 20

function findings(what: string, ours: LoadReport[], kafka: LoadReport[], atLeast: number): Finding[] {
  const finding = (unit: string, metric: 'megabytesPerSecond' | 'cpuSecondsPerGB', must?: Must) => ({
    what,
    unit,
    ours: ours.map(report => report[metric]),
    kafka: kafka.map(report => report[metric]),
    ...(must && { must }),
  })
  return [
    finding('MB/s', 'megabytesPerSecond', { of: 'ratio', atLeast }),
    finding('CPU s/GB', 'cpuSecondsPerGB'),
  ]
}

async function cold(bench: Bench, shape: Shape): Promise<Finding[]> {
  const samples: Partial<Record<Contender, LoadReport[]>> = {}
  for (let round = 0; round < bench.rounds; round++) {
    for (const name of names) {
      if (!(await dropCaches(bench.folder))) return []
      const report = await load('fetch', await bench.warm(name), { ...shape, once: true, seconds: 60 })
      samples[name] = [...(samples[name] ?? []), report]
    }
  }
  return findings('cold, after drop_caches', samples.synced!, samples.kafka!, 0.8)
}

export const fetch: Row = {
  id: 'fetch',
  title: 'Fetch, 1 connection, batches of 100 records of 1 kB',
  async measure(bench) {
    const shape: Shape = { topic: 'fetch', records: 100, bytes: 1_000 }
    for (const name of names) {
      const broker = await bench.warm(name)
      await load('ready', broker, { topic: shape.topic!, seconds: 60 })
      await load('produce', broker, { ...shape, seconds: 120, 'bytes-max': bench.quick ? 1e9 : 3e9 })
    }
    const tail = await alternate(bench, names, 'fetch', { ...shape, tail: tailBytes })
    const cached = await alternate(bench, names, 'fetch', shape)
    return [
      ...findings('following the tail (last 64 MiB)', tail.synced, tail.kafka, 1),
      ...findings('from the page cache', cached.synced, cached.kafka, 0.8),
      ...(await cold(bench, shape)),
    ]
  },
}
