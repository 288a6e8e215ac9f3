/** Starts the brokers that all suites share, once a run. COMPAT_BROKERS picks them: `kafka`, `loggerhead` or both. */
import type { TestProject } from 'vitest/node'
import { type BrokerKind, type BrokerProcess, brokerKinds, startBroker } from './broker.ts'
import { until } from './process.ts'
import { committedOffset, findCoordinator } from './requests.ts'
import type {} from './scenario.ts'
import { Connection } from './wire.ts'

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

/**
 * Apache Kafka makes the topic of committed offsets when the first group asks, and refuses groups until each of its
 * partitions is loaded. Scenarios are about what comes after that.
 */
async function warmUp({ host, port, kind }: BrokerProcess): Promise<void> {
  const connection = await Connection.open(host, port)
  const isReady = async (group: string) =>
    (await findCoordinator(connection, group)) === 0 &&
    ![14, 15, 16].includes(
      (await committedOffset(connection, group, { topic: 'none', partition: 0 })).errorCode,
    )
  for (let group = 0; group < 200; group++)
    await until(`${kind} to serve groups`, () => isReady(`warm-up-${group}`), 60_000)
  connection.close()
}
