import { fetchCommitted } from '../../../client/group-offsets.ts'
import type { DescribedGroup } from '../../../client/groups.ts'
import type { KafkaClient } from '../../../client/kafka-client.ts'
import { findOffsets, Place } from '../../../client/offsets.ts'
import { inOrder, keyOf, type TopicPartition } from '../../../client/topic-partition.ts'
import { KafkaError } from '../../../protocol/errors.ts'
import type { ClusterOptions } from '../../cluster-options.ts'
import { requireGroup } from '../../group-names.ts'
import { printResult } from '../../results.ts'
import { pairLines, tableLines } from '../../table.ts'
import type { Terminal } from '../../terminal.ts'

interface PartitionLag extends TopicPartition {
  /** Null where nothing is committed. */
  readonly committed: number | null
  /** Null where the partition is gone, or has no leader. */
  readonly start: number | null
  readonly end: number | null
  readonly lag: number | null
  readonly memberId: string | null
  readonly clientId: string | null
  readonly host: string | null
}

interface Description {
  readonly group: DescribedGroup
  readonly partitions: readonly PartitionLag[]
  readonly totalLag: number
}

export async function describeGroups(
  client: KafkaClient,
  terminal: Terminal,
  names: readonly string[],
  options: ClusterOptions,
): Promise<void> {
  const descriptions: Description[] = []
  for (const name of names) descriptions.push(await describe(client, name))
  await printResult(terminal, options, descriptions.map(descriptionJson), () =>
    descriptions.flatMap((one, at) => [...(at > 0 ? [''] : []), ...descriptionLines(one)]),
  )
}

async function describe(client: KafkaClient, name: string): Promise<Description> {
  const group = await requireGroup(client, name)
  const committed = await fetchCommitted(client, name)
  const offsets = new Map(committed.map(one => [keyOf(one), one.offset]))
  const owners = new Map(
    group.members.flatMap(member => member.assigned.map(one => [keyOf(one), member] as const)),
  )
  const assigned = group.members.flatMap(member => member.assigned)
  const all = inOrder(new Map([...committed, ...assigned].map(one => [keyOf(one), one])).values())
  const starts = await offsetsOf(client, all, Place.START)
  const ends = await offsetsOf(client, all, Place.END)
  const partitions = all.map(({ topic, partition }, at) => {
    const key = keyOf({ topic, partition })
    const offset = offsets.get(key) ?? null
    const [start, end, owner] = [starts[at]!, ends[at]!, owners.get(key)]
    return {
      topic,
      partition,
      committed: offset,
      start,
      end,
      lag: lagOf(offset, start, end),
      memberId: owner?.memberId ?? null,
      clientId: owner?.clientId ?? null,
      host: owner?.host ?? null,
    }
  })
  const totalLag = partitions.reduce((sum, { lag }) => sum + (lag ?? 0), 0)
  return { group, partitions, totalLag }
}

/** Where nothing is committed, everything is still to be read. */
function lagOf(offset: number | null, start: number | null, end: number | null): number | null {
  if (end === null) return null
  return Math.max(0, end - Math.max(offset ?? start ?? 0, 0))
}

async function offsetsOf(client: KafkaClient, partitions: readonly TopicPartition[], timestamp: number) {
  const questions = partitions.map(({ topic, partition }) => ({ topic, partition, timestamp }))
  const outcomes = await findOffsets(client, questions)
  return outcomes.map(outcome => (outcome instanceof KafkaError ? null : outcome))
}

function descriptionJson({ group, partitions, totalLag }: Description) {
  return {
    group: group.group,
    state: group.state,
    type: group.type,
    balancer: group.assignor,
    coordinator: group.coordinator,
    totalLag,
    members: group.members,
    partitions: partitions.map(({ topic, partition, committed, start, end, lag, memberId }) => ({
      topic,
      partition,
      committedOffset: committed,
      logStartOffset: start,
      endOffset: end,
      lag,
      memberId,
    })),
  }
}

function* descriptionLines({ group, partitions, totalLag }: Description): Generator<string> {
  yield* pairLines([
    ['GROUP', group.group],
    ['STATE', group.state],
    ['TYPE', group.type],
    ['BALANCER', group.assignor],
    ['COORDINATOR', group.coordinator],
    ['MEMBERS', group.members.length],
    ['TOTAL LAG', totalLag],
  ])
  if (partitions.length === 0) return
  yield ''
  yield* tableLines(
    ['TOPIC', 'PARTITION', 'COMMITTED', 'START', 'END', 'LAG', 'MEMBER', 'CLIENT', 'HOST'],
    partitions.map(({ topic, partition, committed, start, end, lag, memberId, clientId, host }) => [
      topic,
      partition,
      committed,
      start,
      end,
      lag,
      memberId,
      clientId,
      host,
    ]),
  )
}
