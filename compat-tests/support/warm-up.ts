import type { Endpoint } from './broker.ts'
import { until } from './process.ts'
import { committedOffset, findCoordinator } from './requests.ts'
import { Connection } from './wire.ts'

/**
 * Apache Kafka makes the topic of committed offsets when the first group asks, and refuses groups until each of its
 * partitions is loaded. Scenarios are about what comes after that.
 */
export async function warmUp({ host, port, kind }: Endpoint): Promise<void> {
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
