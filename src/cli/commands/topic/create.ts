import type { KafkaClient } from '../../../client/kafka-client.ts'
import { createTopics, settle } from '../../../client/topics.ts'
import type { ClusterOptions } from '../../cluster-options.ts'
import { parseCount } from '../../numbers.ts'
import { printOutcomes } from '../../outcomes.ts'
import { parsePair } from '../../repeated.ts'
import type { Terminal } from '../../terminal.ts'

interface CreateOptions extends ClusterOptions {
  partitions?: string
  replicas?: string
  topicConfig: string[]
  dry?: boolean
  ifNotExists?: boolean
}

const BROKERS_DEFAULT = -1

export async function createTopic(
  client: KafkaClient,
  terminal: Terminal,
  names: readonly string[],
  options: CreateOptions,
): Promise<void> {
  const { partitions, replicas, dry = false, ifNotExists = false } = options
  const shape = {
    partitions: partitions === undefined ? BROKERS_DEFAULT : parseCount(partitions, '--partitions'),
    replicationFactor: replicas === undefined ? BROKERS_DEFAULT : parseCount(replicas, '--replicas'),
    configs: new Map(options.topicConfig.map(pair => parsePair(pair, '--topic-config'))),
  }
  const topics = names.map(name => ({ name, ...shape }))
  const created = await createTopics(client, topics, { validateOnly: dry })
  const made = created.filter(({ error }) => !error).map(({ topic }) => topic)
  // Whoever goes on with the next command finds them there.
  if (!dry)
    await settle(
      client,
      made,
      ({ errorCode, partitions }) => errorCode === 0 && partitions.every(({ leader }) => leader >= 0),
    )
  const outcomes = created.map(({ topic, error }) => {
    const isFine = ifNotExists && error?.error === 'TOPIC_ALREADY_EXISTS'
    return { name: topic, error: isFine ? undefined : error }
  })
  await printOutcomes(terminal, options, outcomes, { kind: 'topic', done: dry ? 'could be created' : 'OK' })
}
