import type { BrokerContext } from '../broker/context.ts'
import { decode } from '../protocol/codec.ts'
import { ErrorCode } from '../protocol/errors.ts'
import { ConsumerProtocolAssignment } from '../protocol/internal/consumer-protocol.ts'
import type { DescribedGroup } from '../protocol/messages/describe-groups.ts'
import { DecodeError } from '../protocol/reader.ts'

/** Consumer groups of a broker in this process, to look at. */
export interface GroupView {
  readonly id: string
  /** As Kafka calls it: `Empty`, `PreparingRebalance`, `CompletingRebalance`, `Stable`. */
  readonly state: string
  /** `consumer` for consumers of topics. */
  readonly protocolType: string
  /** The assignor that the members agreed on, while the group is stable. */
  readonly assignor: string
  readonly members: readonly GroupMemberView[]
  /** What was committed, in the order of topics and partitions. */
  readonly offsets: readonly GroupOffset[]
  /** Records that the group has still to read, of the partitions for which it has committed. */
  readonly lag: number
}

export interface GroupMemberView {
  readonly id: string
  readonly clientId: string
  readonly clientHost: string
  /** Of a static member. */
  readonly instanceId: string | undefined
  /** Empty for groups of other protocol types, whose assignments only their clients understand. */
  readonly assignment: readonly { readonly topic: string; readonly partition: number }[]
}

export interface GroupOffset {
  readonly topic: string
  readonly partition: number
  /** Offset of the next record that the group will read. */
  readonly offset: number
  readonly metadata: string
  readonly lag: number
}

/** The first version of DescribeGroups that tells an unknown group from a dead one, and of OffsetFetch that takes several groups. */
const DESCRIBE_VERSION = 6
const FETCH_VERSION = 8

export async function viewGroups(context: BrokerContext): Promise<GroupView[]> {
  const { groups } = await context.groups.list({ statesFilter: [], typesFilter: [] })
  const ids = groups.map(({ groupId }) => groupId).sort()
  const views = await Promise.all(ids.map(id => findGroup(context, id)))
  return views.filter(view => view !== undefined)
}

/** Undefined when there is no such group. */
export async function findGroup(context: BrokerContext, id: string): Promise<GroupView | undefined> {
  const request = { groups: [id], includeAuthorizedOperations: false }
  const { groups } = await context.groups.describe(request, { version: DESCRIBE_VERSION })
  const group = groups[0]!
  if (group.errorCode !== ErrorCode.NONE) return undefined
  const offsets = await offsetsOf(context, id)
  return {
    id,
    state: group.groupState,
    protocolType: group.protocolType,
    assignor: group.protocolData,
    members: group.members.map(member => ({
      id: member.memberId,
      clientId: member.clientId,
      clientHost: member.clientHost.replace(/^\//, ''),
      instanceId: member.groupInstanceId ?? undefined,
      assignment: assignmentOf(group, member.memberAssignment),
    })),
    offsets,
    lag: offsets.reduce((sum, { lag }) => sum + lag, 0),
  }
}

async function offsetsOf({ groups, cluster }: BrokerContext, groupId: string): Promise<GroupOffset[]> {
  const all = { groupId, memberId: null, memberEpoch: -1, topics: null }
  const request = { groupId: '', topics: [], groups: [all], requireStable: false }
  const answer = await groups.fetchOffsets(request, { version: FETCH_VERSION })
  return answer.groups![0]!.topics.flatMap(({ name: topic = '', partitions }) =>
    partitions.flatMap(({ partitionIndex, committedOffset, metadata }) => {
      const partition = cluster.partitions.find(topic, partitionIndex)
      if (!partition) return [] // deleted, and soon forgotten
      return {
        topic,
        partition: partitionIndex,
        offset: committedOffset,
        metadata: metadata ?? '',
        lag: Math.max(0, partition.highWatermark - committedOffset),
      }
    }),
  )
}

/** The bytes are between clients: what cannot be read is shown as nothing. */
function assignmentOf({ protocolType }: DescribedGroup, bytes: Buffer): GroupMemberView['assignment'] {
  if (protocolType !== 'consumer' || bytes.length < 2) return []
  const [, newest] = ConsumerProtocolAssignment.versions
  const version = Math.max(0, Math.min(bytes.readInt16BE(0), newest))
  try {
    const { assignedPartitions } = decode(ConsumerProtocolAssignment, version, bytes.subarray(2))
    return assignedPartitions.flatMap(({ topic, partitions }) =>
      [...partitions].sort((a, b) => a - b).map(partition => ({ topic, partition })),
    )
  } catch (error) {
    if (error instanceof DecodeError) return []
    throw error
  }
}
