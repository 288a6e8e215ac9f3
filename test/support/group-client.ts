import { SeededRandom } from '../../src/base/random.ts'
import type { CoordinatorLog } from '../../src/coordinator/coordinator-log.ts'
import { GroupCoordinator } from '../../src/coordinator/group-coordinator.ts'
import type { GroupSettings } from '../../src/coordinator/groups/group-settings.ts'
import { openMemoryEngine } from '../../src/storage/memory-engine.ts'
import { subscription } from './group-script.ts'
import { ManualClock } from './manual-clock.ts'
import { MemoryCoordinatorLog } from './memory-coordinator-log.ts'

export const TOPIC_ID = 'AAAAAAAAAAAAAAAAAAAAAQ'

/** A coordinator of one partition on a log in memory, for topics `t` and `u` of ten partitions; `ids` may be changed. */
export async function openCoordinator(
  options: {
    settings?: Partial<GroupSettings>
    log?: CoordinatorLog
    clock?: ManualClock
    partitions?: number
  } = {},
) {
  const { clock = new ManualClock(), log = new MemoryCoordinatorLog(), partitions = 1 } = options
  const engine = openMemoryEngine()
  const warnings: string[] = []
  const logger = { info() {}, warn: (_: object, text: string) => void warnings.push(text) }
  const ids: Record<string, string | undefined> = { t: TOPIC_ID, u: 'AAAAAAAAAAAAAAAAAAAAAg' }
  const coordinator = new GroupCoordinator({
    partitions: () => partitions,
    clock,
    random: new SeededRandom(1),
    engine,
    logger,
    topics: {
      findTopic(name) {
        const topicId = ids[name]
        return topicId === undefined ? undefined : { topicId, partitions: 10 }
      },
      findTopicName: topicId => Object.keys(ids).find(name => ids[name] === topicId),
    },
    settings: { groupInitialRebalanceDelayMs: 0, ...options.settings },
  })
  await coordinator.lead(0, log)
  return { coordinator, clock, log: log as MemoryCoordinatorLog, engine, warnings, ids }
}

export const client = { version: 9, clientId: 'client', clientHost: '/127.0.0.1' }

export function joinRequest(groupId: string, memberId = '') {
  return {
    groupId,
    memberId,
    groupInstanceId: null,
    sessionTimeoutMs: 10_000,
    rebalanceTimeoutMs: 30_000,
    protocolType: 'consumer',
    protocols: [{ name: 'range', metadata: subscription(['t']) }],
    reason: null,
  }
}

export function syncRequest(
  groupId: string,
  memberId: string,
  generationId: number,
  members: readonly string[] = [],
) {
  return {
    groupId,
    memberId,
    generationId,
    groupInstanceId: null,
    protocolType: 'consumer',
    protocolName: 'range',
    assignments: members.map(member => ({ memberId: member, assignment: Buffer.from(`for ${member}`) })),
  }
}

export function commitRequest(
  groupId: string,
  offsets: Record<number, number>,
  { memberId = '', generation = -1, topic = 't', retentionTimeMs = -1 } = {},
) {
  return {
    groupId,
    memberId,
    generationIdOrMemberEpoch: generation,
    groupInstanceId: null,
    retentionTimeMs,
    topics: [
      {
        name: topic,
        topicId: TOPIC_ID,
        partitions: Object.entries(offsets).map(([partition, committedOffset]) => ({
          partitionIndex: Number(partition),
          committedOffset,
          committedLeaderEpoch: 4,
          committedMetadata: null as string | null,
        })),
      },
    ],
  }
}

export function fetchRequest(groupId: string, requireStable = false) {
  return {
    groupId: '',
    topics: [],
    groups: [{ groupId, memberId: null, memberEpoch: -1, topics: null }],
    requireStable,
  }
}

/** All committed offsets of a group, as `topic-partition` → offset. */
export async function committed(
  coordinator: GroupCoordinator,
  groupId: string,
): Promise<Record<string, number>> {
  const { groups = [] } = await coordinator.fetchOffsets(fetchRequest(groupId), { version: 9 })
  const entries = groups[0]!.topics.flatMap(({ name, partitions }) =>
    partitions.map(partition => [`${name}-${partition.partitionIndex}`, partition.committedOffset] as const),
  )
  return Object.fromEntries(entries)
}

/** One member that has joined and been assigned its partitions. */
export async function joinAlone(
  coordinator: GroupCoordinator,
  clock: ManualClock,
  groupId: string,
): Promise<string> {
  const { memberId } = await coordinator.join(joinRequest(groupId), client)
  const joining = coordinator.join(joinRequest(groupId, memberId), client)
  await clock.advance(1)
  const { generationId = -1 } = await joining
  await coordinator.sync(syncRequest(groupId, memberId, generationId, [memberId]), { version: 5 })
  return memberId
}
