import { ErrorCode } from '../../protocol/errors.ts'
import { type GroupMember, metadataOf, NO_BYTES } from './group-member.ts'
import type { GroupRecord } from './group-record.ts'
import type { Membership } from './membership.ts'

/** What a classic group asks of the world. Answers have the field names of Kafka's schemas, before a version shapes them. */
export interface JoinAnswer {
  errorCode: number
  generationId: number
  protocolType: string | null
  protocolName: string | null
  leader: string
  skipAssignment: boolean
  memberId: string
  members: { memberId: string; groupInstanceId: string | null; metadata: Buffer }[]
}

export interface SyncAnswer {
  errorCode: number
  protocolType: string | null
  protocolName: string | null
  assignment: Buffer
}

export type GroupAnswer =
  | { type: 'join'; requestId: number; response: JoinAnswer }
  | { type: 'sync'; requestId: number; response: SyncAnswer }

export interface GroupOutput {
  /** To be appended; null if nothing that outlives a crash has changed. */
  record: GroupRecord | null
  /** To be sent when the record, and all earlier ones of the group, are durable. */
  answers: GroupAnswer[]
  /** What happened, for the log. */
  notes: string[]
}

/** What a member learns of its generation. Only the leader, who assigns, hears of the others. */
export function acceptedJoin(
  member: GroupMember,
  members: Membership,
  generation: { id: number; type: string | null; protocol: string | null },
): JoinAnswer {
  const others = members.leader === member.id ? Array.from(members.all()) : []
  return {
    errorCode: ErrorCode.NONE,
    generationId: generation.id,
    protocolType: generation.type,
    protocolName: generation.protocol,
    leader: members.leader ?? '',
    skipAssignment: false,
    memberId: member.id,
    members: others.map(one => ({
      memberId: one.id,
      groupInstanceId: one.groupInstanceId,
      metadata: metadataOf(one, generation.protocol),
    })),
  }
}

export function refusedJoin(errorCode: number, memberId: string): JoinAnswer {
  return {
    errorCode,
    generationId: -1,
    protocolType: null,
    protocolName: null,
    leader: '',
    skipAssignment: false,
    memberId,
    members: [],
  }
}

export function refusedSync(errorCode: number): SyncAnswer {
  return { errorCode, protocolType: null, protocolName: null, assignment: NO_BYTES }
}
