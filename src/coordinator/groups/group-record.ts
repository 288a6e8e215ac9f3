import { type GroupMember, metadataOf, NO_BYTES } from './group-member.ts'

/** What is stored of a classic group: Kafka's GroupMetadataValue. */
export interface GroupRecord {
  protocolType: string
  generation: number
  protocol: string | null
  leader: string | null
  currentStateTimestamp: number
  members: readonly MemberRecord[]
}

export interface MemberRecord {
  memberId: string
  groupInstanceId: string | null
  clientId: string
  clientHost: string
  rebalanceTimeout: number
  sessionTimeout: number
  subscription: Buffer
  assignment: Buffer
}

export function toMemberRecord(member: GroupMember, protocolName: string | null): MemberRecord {
  return {
    memberId: member.id,
    groupInstanceId: member.groupInstanceId,
    clientId: member.clientId,
    clientHost: member.clientHost,
    rebalanceTimeout: member.rebalanceTimeoutMs,
    sessionTimeout: member.sessionTimeoutMs,
    subscription: metadataOf(member, protocolName),
    assignment: member.assignment,
  }
}

/** Only the protocol that was chosen is stored, so that is all a member is known to support until it joins again. */
export function fromMemberRecord(record: MemberRecord, protocolName: string | null): GroupMember {
  return {
    id: record.memberId,
    groupInstanceId: record.groupInstanceId,
    clientId: record.clientId,
    clientHost: record.clientHost,
    rebalanceTimeoutMs: record.rebalanceTimeout < 0 ? record.sessionTimeout : record.rebalanceTimeout,
    sessionTimeoutMs: record.sessionTimeout,
    protocols: [{ name: protocolName ?? '', metadata: record.subscription }],
    assignment: record.assignment,
    joinRequest: null,
    syncRequest: null,
    isNew: false,
    sessionDeadline: Number.POSITIVE_INFINITY,
  }
}

/** A member as DescribeGroups shows it: what it offers is told of stable groups only, since else no protocol is agreed on. */
export function describeMember(member: GroupMember, protocolName: string | null, stable: boolean) {
  return {
    memberId: member.id,
    groupInstanceId: member.groupInstanceId,
    clientId: member.clientId,
    clientHost: member.clientHost,
    memberMetadata: stable ? metadataOf(member, protocolName) : NO_BYTES,
    memberAssignment: member.assignment,
  }
}

/** No less than the member takes in its group's record: an assignment that can't be stored must be refused beforehand. */
export function recordBytesMax(member: GroupMember, protocolName: string | null): number {
  const { id, groupInstanceId, clientId, clientHost } = member
  const characters = id.length + (groupInstanceId?.length ?? 0) + clientId.length + clientHost.length
  return (
    3 * characters + metadataOf(member, protocolName).length + member.assignment.length + MEMBER_FIXED_BYTES
  )
}

/** Lengths and timeouts of a member, with room to spare. */
const MEMBER_FIXED_BYTES = 64
