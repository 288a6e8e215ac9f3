import { alterConfigs } from '../../../client/configs.ts'
import type { KafkaClient } from '../../../client/kafka-client.ts'
import type { ClusterOptions } from '../../cluster-options.ts'
import { type ChangeOptions, changesFrom } from '../../config-changes.ts'
import { type NamedOutcome, printOutcomes } from '../../outcomes.ts'
import type { Terminal } from '../../terminal.ts'
import { requireTopics } from '../../topic-names.ts'

export async function alterTopics(
  client: KafkaClient,
  terminal: Terminal,
  names: readonly string[],
  options: ClusterOptions & ChangeOptions,
): Promise<void> {
  const changes = changesFrom(options)
  const { dry = false } = options
  const topics = await requireTopics(client, names)
  const outcomes: NamedOutcome[] = []
  for (const { name } of topics) {
    const error = await alterConfigs(client, { type: 'topic', name }, changes, { validateOnly: dry })
    outcomes.push({ name, error })
  }
  await printOutcomes(terminal, options, outcomes, { kind: 'topic', done: dry ? 'could be altered' : 'OK' })
}
