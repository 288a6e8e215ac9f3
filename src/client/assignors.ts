/** How the leader of a group hands out partitions: pure functions of members and topics, the same as the Java client's of these names. */
import type { TopicPartition } from './topic-partition.ts'

export interface Subscriber {
  readonly memberId: string
  readonly topics: readonly string[]
}

export type Assignor = (
  members: readonly Subscriber[],
  partitionCounts: ReadonlyMap<string, number>,
) => Map<string, TopicPartition[]>

export const assignors = { range: assignRanges, roundrobin: assignInTurn } as const
export type AssignorName = keyof typeof assignors

/** Of each topic every subscriber gets a run of partitions; the first ones get one more where it does not divide. */
function assignRanges(
  members: readonly Subscriber[],
  partitionCounts: ReadonlyMap<string, number>,
): Map<string, TopicPartition[]> {
  const assigned = nothingFor(members)
  for (const topic of topicsOf(members)) {
    const count = partitionCounts.get(topic) ?? 0
    const subscribers = sorted(members.filter(({ topics }) => topics.includes(topic)))
    const share = Math.floor(count / subscribers.length)
    const larger = count % subscribers.length
    let next = 0
    for (const [index, { memberId }] of subscribers.entries()) {
      const end = next + share + (index < larger ? 1 : 0)
      for (; next < end; next++) assigned.get(memberId)!.push({ topic, partition: next })
    }
  }
  return assigned
}

/** All partitions of all topics go round, to the next member that subscribes to the topic. */
function assignInTurn(
  members: readonly Subscriber[],
  partitionCounts: ReadonlyMap<string, number>,
): Map<string, TopicPartition[]> {
  const assigned = nothingFor(members)
  const ring = sorted(members)
  let turn = 0
  for (const topic of topicsOf(members)) {
    for (let partition = 0; partition < (partitionCounts.get(topic) ?? 0); partition++) {
      while (!ring[turn % ring.length]!.topics.includes(topic)) turn++
      assigned.get(ring[turn % ring.length]!.memberId)!.push({ topic, partition })
      turn++
    }
  }
  return assigned
}

function nothingFor(members: readonly Subscriber[]): Map<string, TopicPartition[]> {
  return new Map(members.map(({ memberId }) => [memberId, []]))
}

function topicsOf(members: readonly Subscriber[]): string[] {
  return [...new Set(members.flatMap(({ topics }) => topics))].sort()
}

function sorted(members: readonly Subscriber[]): Subscriber[] {
  return [...members].sort((a, b) => (a.memberId < b.memberId ? -1 : 1))
}
