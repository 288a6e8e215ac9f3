/** Twenty consumers that start together: one rebalance, from the first JoinGroup to the last SyncGroup answer. */
import { contenders } from '../bench.ts'
import { load } from '../load.ts'
import type { Row } from './row.ts'

export const group: Row = {
  id: 'group',
  title: '20 raw clients already connected: first JoinGroup to last SyncGroup answer, dev mode',
  async measure(bench) {
    const sides = {
      kafka: await bench.fresh(contenders.kafka),
      ours: await bench.fresh({ kind: 'loggerhead', flags: ['--dev'] }),
    }
    const taken = { kafka: [] as number[], ours: [] as number[] }
    const generations = new Set<number>()
    try {
      for (const broker of Object.values(sides)) {
        await broker.start()
        await load('group', broker, { connections: 20, group: 'warm' })
      }
      for (let round = 0; round < bench.rounds; round++) {
        for (const side of ['kafka', 'ours'] as const) {
          const report = await load('group', sides[side], { connections: 20, group: `round-${round}` })
          taken[side].push(report.groupMs)
          if (side === 'ours') for (const generation of report.generations) generations.add(generation)
        }
      }
    } finally {
      for (const broker of Object.values(sides)) await broker.remove()
    }
    return [
      { what: 'time', unit: 'ms', ...taken, must: { of: 'value', atMost: 50 } },
      {
        what: 'generations',
        unit: '',
        ours: [Math.max(...generations)],
        kafka: [],
        must: { of: 'value', atMost: 1 },
        note: 'Kafka waits 3 s for more members by default (`group.initial.rebalance.delay.ms`)',
      },
    ]
  },
}
