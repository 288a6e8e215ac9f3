/**
 * The crash loops: `node test/crash/run.ts [--long] [--only kill|power|control|storage|inject] [--rounds N] [--broker kafka]
 * [--seed N]`. The short form takes a few minutes. Last line: `N passed, N failed`; what this machine cannot do is
 * reported as skipped, loudly.
 */
import { parseArgs } from 'node:util'
import type { BrokerKind } from '../../compat-tests/support/broker.ts'
import { drawFrom } from './draw.ts'
import { fullStorage, injectedFailures } from './failed-sync.ts'
import { killLoop } from './kill-loop.ts'
import { negativeControl, powerCutLoop } from './power-cut-loop.ts'
import { Report } from './report.ts'
import { Volume } from './volume.ts'

const { values } = parseArgs({
  options: {
    long: { type: 'boolean', default: false },
    only: { type: 'string' },
    rounds: { type: 'string' },
    broker: { type: 'string', default: 'loggerhead' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
  },
})

const broker = values.broker as BrokerKind
const draw = drawFrom(Number(values.seed))
const report = new Report()
const rounds = (short: number, long: number) => Number(values.rounds ?? (values.long ? long : short))

console.log(`crash loops against ${broker}, seed ${values.seed}`)

const loops: Record<string, { needsVolume: boolean; play: () => Promise<void> }> = {
  kill: { needsVolume: false, play: () => killLoop(broker, rounds(20, 200), draw, report) },
  power: { needsVolume: true, play: () => powerCutLoop(broker, rounds(10, 200), draw, report) },
  control: { needsVolume: true, play: () => negativeControl(broker, rounds(2, 10), draw, report) },
  storage: { needsVolume: true, play: () => fullStorage(broker, report) },
  inject: { needsVolume: false, play: () => injectedFailures(broker, report) },
}

const obstacle = await Volume.obstacle()
for (const [name, { needsVolume, play }] of Object.entries(loops)) {
  if (values.only && values.only !== name) continue
  if (needsVolume && obstacle) {
    report.skip(name, `no loop-mounted ext4 here (${obstacle})`)
    continue
  }
  const began = performance.now()
  await play().catch(error =>
    report.fail(name, [error instanceof Error ? (error.stack ?? error.message) : String(error)]),
  )
  console.log(`        ${name}: ${Math.round((performance.now() - began) / 1000)} s`)
}
process.exit(report.finish())
