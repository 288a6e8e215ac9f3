import { deleteGroup, listGroups } from '../../../client/groups.ts'
import type { KafkaClient } from '../../../client/kafka-client.ts'
import type { ClusterOptions } from '../../cluster-options.ts'
import { type NamedOutcome, printOutcomes } from '../../outcomes.ts'
import { printResult } from '../../results.ts'
import { tableLines } from '../../table.ts'
import type { Terminal } from '../../terminal.ts'

export async function listAll(
  client: KafkaClient,
  terminal: Terminal,
  options: ClusterOptions,
): Promise<void> {
  const groups = await listGroups(client)
  await printResult(terminal, options, groups, () =>
    tableLines(
      ['GROUP', 'STATE', 'TYPE', 'PROTOCOL', 'COORDINATOR'],
      groups.map(({ group, state, type, protocolType, coordinator }) => [
        group,
        state,
        type,
        protocolType,
        coordinator,
      ]),
    ),
  )
}

export async function removeGroups(
  client: KafkaClient,
  terminal: Terminal,
  names: readonly string[],
  options: ClusterOptions,
): Promise<void> {
  const outcomes: NamedOutcome[] = []
  for (const name of names) outcomes.push({ name, error: await deleteGroup(client, name) })
  await printOutcomes(terminal, options, outcomes, { kind: 'group', done: 'OK' })
}
