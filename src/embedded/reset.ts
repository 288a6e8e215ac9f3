import type { BrokerContext } from '../broker/context.ts'
import { ConfigResource } from '../cluster/metadata.ts'
import { deleteTopics } from './topics.ts'

/**
 * Empties a broker: what was stored or set goes, as if it had never been. Producer ids alone go on counting, since none is ever given
 * twice.
 */
export async function emptyBroker(context: BrokerContext): Promise<void> {
  const { metadata } = context.cluster
  await Promise.all([
    deleteTopics(context, [...metadata.topics]),
    removeQuotas(context),
    removeSettings(context),
  ])
}

/** Those of topics go with them. */
async function removeSettings({ cluster }: BrokerContext): Promise<void> {
  const types = Object.values(ConfigResource).filter(type => type !== ConfigResource.TOPIC)
  const resources = types.flatMap(type =>
    Array.from(cluster.metadata.resourcesOf(type), name => ({ type, name })),
  )
  const nothing: ReadonlyMap<string, string> = new Map()
  await Promise.all(resources.map(({ type, name }) => cluster.alterConfigs(type, name, () => nothing, false)))
}

async function removeQuotas({ cluster }: BrokerContext): Promise<void> {
  const alterations = Array.from(cluster.metadata.clientQuotas.all, ({ entity, values }) => ({
    entity,
    ops: Array.from(values.keys(), key => ({ key, value: 0, remove: true })),
  }))
  if (alterations.length > 0) await cluster.alterClientQuotas(alterations, false)
}
