/** Resident memory of the brokers that have served the rows before this one. */
import { alternate } from '../bench.ts'
import { load } from '../load.ts'
import { smallRequests } from './produce.ts'
import type { Row } from './row.ts'

export const memory: Row = {
  id: 'memory',
  title: 'Resident memory after the loads above',
  async measure(bench) {
    if (bench.running.size < 3)
      await alternate(bench, ['kafka', 'synced', 'unsynced'], 'produce', smallRequests)
    const megabytes: Record<string, number> = {}
    for (const [name, broker] of bench.running) {
      megabytes[name] = (await load('idle', broker, { seconds: 1 })).residentBytesAfter / 1e6
    }
    const ours = [Math.max(megabytes.synced!, megabytes.unsynced!)]
    const must = { of: 'ratio', atMost: 1 / 3 } as const
    return [{ what: 'the larger of ours', unit: 'MB', ours, kafka: [megabytes.kafka!], must }]
  },
}
