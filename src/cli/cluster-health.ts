/** Whether a cluster is well: every broker answers, there is a controller, every partition has its leader and all its replicas. */
import { ConnectionError } from '../client/connection-error.ts'
import type { KafkaClient } from '../client/kafka-client.ts'

export interface ClusterHealth {
  readonly healthy: boolean
  readonly controller: number
  readonly brokers: readonly number[]
  /** Listed, but not to be reached at the address that they advertise. */
  readonly brokersAway: readonly number[]
  /** Partitions, as topic-partition. */
  readonly leaderless: readonly string[]
  readonly underReplicated: readonly string[]
}

export async function readHealth(client: KafkaClient): Promise<ClusterHealth> {
  const topics = await client.refresh(null)
  const brokers = [...client.view.brokers.keys()].sort((a, b) => a - b)
  const reached = await Promise.all(brokers.map(nodeId => isReached(client, nodeId)))
  const brokersAway = brokers.filter((_, at) => !reached[at])
  const partitions = topics.flatMap(({ name, partitions }) =>
    partitions.map(view => ({ ...view, name: `${name}-${view.partition}` })),
  )
  const leaderless = partitions.filter(({ leader }) => leader < 0).map(({ name }) => name)
  const underReplicated = partitions
    .filter(({ replicas, inSync }) => inSync.length < replicas.length)
    .map(({ name }) => name)
  const { controllerId: controller } = client.view
  const healthy = controller >= 0 && brokersAway.length + leaderless.length + underReplicated.length === 0
  return { healthy, controller, brokers, brokersAway, leaderless, underReplicated }
}

async function isReached(client: KafkaClient, nodeId: number): Promise<boolean> {
  try {
    await client.toBroker(nodeId)
    return true
  } catch (error) {
    if (error instanceof ConnectionError) return false
    throw error
  }
}
