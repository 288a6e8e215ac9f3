import type { TopicView } from '../../../client/cluster-view.ts'
import type { KafkaClient } from '../../../client/kafka-client.ts'
import type { ClusterOptions } from '../../cluster-options.ts'
import { printResult } from '../../results.ts'
import { tableLines } from '../../table.ts'
import type { Terminal } from '../../terminal.ts'
import { listTopics, requireTopics } from '../../topic-names.ts'

interface ListOptions extends ClusterOptions {
  regex?: boolean
  internal?: boolean
}

export async function listAll(
  client: KafkaClient,
  terminal: Terminal,
  names: readonly string[],
  options: ListOptions,
): Promise<void> {
  const topics =
    names.length === 0
      ? await listTopics(client, { internal: options.internal ?? false })
      : await requireTopics(client, names, { regex: options.regex })
  await printResult(terminal, options, topics.map(topicJson), () =>
    tableLines(
      ['NAME', 'PARTITIONS', 'REPLICAS'],
      topics.map(topic => [topic.name, topic.partitions.length, replicasOf(topic)]),
    ),
  )
}

function topicJson(topic: TopicView) {
  const { name, topicId, isInternal, partitions } = topic
  return { name, topicId, internal: isInternal, partitions: partitions.length, replicas: replicasOf(topic) }
}

function replicasOf({ partitions }: TopicView): number {
  return partitions[0]?.replicas.length ?? 0
}
