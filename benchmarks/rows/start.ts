/** The rows about starting: from nothing, the first seconds, with a thousand partitions, after a crash. */
import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runOrThrow, sleep } from '../../compat-tests/support/process.ts'
import { type Bench, contenders } from '../bench.ts'
import type { Broker, Recipe } from '../brokers.ts'
import type { Finding } from '../finding.ts'
import { node, packageIn } from '../install.ts'
import { load, type Shape } from '../load.ts'
import { fdatasyncP50, settleDisk } from '../machine.ts'
import { smallRequests } from './produce.ts'
import type { Row } from './row.ts'

/** Runs both sides in turn, each time on a new folder. */
async function eachRound<T>(bench: Bench, rounds: number, measure: (broker: Broker) => Promise<T>) {
  const taken = { kafka: [] as T[], ours: [] as T[] }
  const sides = [
    ['kafka', contenders.kafka],
    ['ours', contenders.synced],
  ] as const satisfies [keyof typeof taken, Recipe][]
  for (let round = 0; round < rounds; round++) {
    for (const [side, recipe] of sides) {
      await settleDisk(bench.folder)
      const broker = await bench.fresh(recipe)
      try {
        taken[side].push(await measure(broker))
      } finally {
        await broker.remove()
      }
    }
  }
  return taken
}

async function embeddedStarts(bench: Bench): Promise<Finding[]> {
  if (bench.peerOnly) return []
  const script = fileURLToPath(new URL('../embedded.ts', import.meta.url))
  const taken: { importMs: number; readyMs: number }[] = []
  for (let round = 0; round < bench.rounds; round++) {
    const folder = await mkdtemp(join(bench.folder, 'embedded-'))
    taken.push(JSON.parse(await runOrThrow(node, [script, packageIn(bench.folder), folder])))
    await rm(folder, { recursive: true })
  }
  const finding = (what: string, ours: number[]) => ({ what, unit: 'ms', ours, kafka: [] })
  return [
    {
      ...finding(
        'createBroker() on an empty folder',
        taken.map(each => each.readyMs),
      ),
      must: { of: 'value', atMost: 150 },
    },
    finding(
      'import of the package before that',
      taken.map(each => each.importMs),
    ),
  ]
}

export const ready: Row = {
  id: 'ready',
  title: 'Ready: from the start to the first record acknowledged, its topic created',
  async measure(bench) {
    const embedded = await embeddedStarts(bench)
    const { ours, kafka } = await eachRound(bench, bench.rounds, broker => broker.start())
    return [
      ...embedded,
      { what: '`loggerhead start`', unit: 'ms', ours, kafka, must: { of: 'ratio', atMost: 1 / 8 } },
    ]
  },
}

export const first: Row = {
  id: 'first',
  title: 'The first 4 s after start: 20 connections, 1 record of 100 B a request, 5 in flight, acks=all',
  async measure(bench) {
    const { ours, kafka } = await eachRound(bench, bench.rounds, async broker => {
      await broker.start({ topic: smallRequests.topic! })
      return (await load('produce', broker, { ...smallRequests, seconds: 4 })).requestsPerSecond
    })
    const note = await fdatasyncP50(bench.folder)
    const what = 'synced before the ack'
    return [{ what, unit: 'requests/s', ours, kafka, must: { of: 'ratio', atLeast: 5 }, note }]
  },
}

export const reopen: Row = {
  id: 'reopen',
  title: '1,000 partitions: start after a clean stop, to a record acknowledged in each',
  async measure(bench) {
    const probe: Shape = { topic: 'thousand', partitions: 1_000 }
    const { ours, kafka } = await eachRound(bench, Math.min(bench.rounds, 3), async broker => {
      await broker.start()
      await load('ready', broker, { ...probe, seconds: 120 })
      await broker.stop()
      return broker.start(probe)
    })
    return [{ what: 'start', unit: 'ms', ours, kafka, must: { of: 'value', atMost: 1_000 } }]
  },
}

export const recovery: Row = {
  id: 'recovery',
  title: '10 GB in 100 partitions: start after kill -9, to a record acknowledged in each',
  async measure(bench) {
    const bytes = bench.quick ? 2e9 : 10e9
    const probe: Shape = { topic: 'much', partitions: 100 }
    const fill: Shape = { ...probe, connections: 100, 'in-flight': 1, records: 1_000, bytes: 1_000 }
    const { ours, kafka } = await eachRound(bench, bench.quick ? 1 : 2, async broker => {
      await broker.start(probe)
      await load('produce', broker, { ...fill, seconds: 600, 'bytes-max': bytes })
      await broker.kill()
      return broker.start(probe)
    })
    const must = { of: 'value', atMost: 10_000 } as const
    return [{ what: 'start', unit: 'ms', ours, kafka, must, ...(bench.quick && { note: '2 GB only' }) }]
  },
}

export const idleMemory: Row = {
  id: 'idle',
  title: 'Idle, 10 s after start: resident memory and CPU',
  async measure(bench) {
    const { ours, kafka } = await eachRound(bench, Math.min(bench.rounds, 3), async broker => {
      await broker.start()
      await sleep(10_000)
      const { residentBytesAfter, cpuSeconds } = await load('idle', broker, { seconds: 5 })
      return { megabytes: residentBytesAfter / 1e6, cpuPercent: (cpuSeconds / 5) * 100 }
    })
    const must = { of: 'ratio', atMost: 1 / 4 } as const
    return [
      {
        what: 'resident',
        unit: 'MB',
        ours: ours.map(o => o.megabytes),
        kafka: kafka.map(k => k.megabytes),
        must,
      },
      {
        what: 'CPU',
        unit: '% of a core',
        ours: ours.map(o => o.cpuPercent),
        kafka: kafka.map(k => k.cpuPercent),
      },
    ]
  },
}
