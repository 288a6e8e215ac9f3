/** What a sync policy costs: the same two loads under each, Kafka's own flush settings beside ours. */

import type { Bench } from '../bench.ts'
import type { Recipe } from '../brokers.ts'
import { unsynced } from '../brokers.ts'
import type { Finding } from '../finding.ts'
import { load, type Shape } from '../load.ts'
import { fdatasyncP50, settleDisk } from '../machine.ts'
import type { Row } from './row.ts'

const settingsOf = {
  'sync every record': { 'log.flush.interval.messages': '1' },
  'sync every 1,000 records': { 'log.flush.interval.messages': '1000' },
  'sync every 100 ms': { ...unsynced, 'log.flush.interval.ms': '100' },
  'sync left to the operating system': unsynced,
}

const shapes: Record<string, Shape> = {
  '20 × 1 × 100 B': { topic: 'small', connections: 20, records: 1, bytes: 100 },
  '1 × 100 × 100 B': { topic: 'batches', connections: 1, records: 100, bytes: 100 },
}

async function measure(bench: Bench, recipe: Recipe): Promise<number[]> {
  const broker = await bench.fresh(recipe)
  try {
    await broker.start()
    const rates: number[] = []
    for (const shape of Object.values(shapes)) {
      await load('ready', broker, { topic: shape.topic!, seconds: 60 })
      await load('produce', broker, { ...shape, seconds: recipe.kind === 'kafka' && !bench.quick ? 15 : 3 })
      await settleDisk(bench.folder)
      rates.push((await load('produce', broker, { ...shape, seconds: bench.seconds })).requestsPerSecond)
    }
    return rates
  } finally {
    await broker.remove()
  }
}

export const policies: Row = {
  id: 'policies',
  title: 'Sync policies, 5 in flight, acks=all (requests/s)',
  async measure(bench) {
    const findings: Finding[] = []
    const note = await fdatasyncP50(bench.folder)
    for (const [policy, settings] of Object.entries(settingsOf)) {
      const kafkaSettings = Object.entries(settings).filter(([name]) => !name.startsWith('loggerhead.'))
      const kafka = await measure(bench, { kind: 'kafka', settings: Object.fromEntries(kafkaSettings) })
      const ours = await measure(bench, { kind: 'loggerhead', settings })
      for (const [index, shape] of Object.keys(shapes).entries()) {
        const what = `${policy}, ${shape}`
        findings.push({ what, unit: 'requests/s', ours: [ours[index]!], kafka: [kafka[index]!], note })
      }
    }
    return findings
  },
}
