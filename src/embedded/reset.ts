import type { BrokerContext } from '../broker/context.ts'
import { deleteTopics } from './topics.ts'

/**
 * Empties a broker: what was stored or set goes, as if it had never been. Producer ids alone go on counting, since none is ever given
 * twice.
 */
export async function emptyBroker(context: BrokerContext): Promise<void> {
  const { metadata } = context.cluster
  await Promise.all([deleteTopics(context, [...metadata.topics]), removeQuotas(context)])
}

async function removeQuotas({ cluster }: BrokerContext): Promise<void> {
  const alterations = Array.from(cluster.metadata.clientQuotas.all, ({ entity, values }) => ({
    entity,
    ops: Array.from(values.keys(), key => ({ key, value: 0, remove: true })),
  }))
  if (alterations.length > 0) await cluster.alterClientQuotas(alterations, false)
}
