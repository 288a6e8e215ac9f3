/** Starts the brokers that all suites share, once a run. COMPAT_BROKERS picks them: `kafka`, `loggerhead` or both. */
import type { TestProject } from 'vitest/node'
import { type BrokerKind, type BrokerProcess, brokerKinds, startBroker } from './broker.ts'
import type {} from './scenario.ts'
import { warmUp } from './warm-up.ts'

export default async function startBrokers(project: TestProject): Promise<() => Promise<void>> {
  const chosen = (process.env.COMPAT_BROKERS ?? brokerKinds.join(',')).split(',')
  const kinds = brokerKinds.filter((kind): kind is BrokerKind => chosen.includes(kind))
  const brokers: BrokerProcess[] = await Promise.all(kinds.map(kind => startBroker(kind)))
  await Promise.all(brokers.map(warmUp))
  project.provide(
    'endpoints',
    brokers.map(({ kind, host, port, bootstrap }) => ({ kind, host, port, bootstrap })),
  )
  return async () => {
    await Promise.all(
      brokers.map(async broker => {
        const diedAlone = !broker.isRunning
        await broker.stop()
        if (diedAlone) throw new Error(`${broker.kind} ended during the suites; see ${broker.logFile}`)
        await broker.remove()
      }),
    )
  }
}
