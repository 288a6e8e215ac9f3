import type { JoinInput, MemberProtocol } from './group-input.ts'

/** One member of a classic group: what it joined with, what it was given, and which of its requests wait. */
export interface GroupMember {
  readonly id: string
  readonly groupInstanceId: string | null
  readonly clientId: string
  readonly clientHost: string
  rebalanceTimeoutMs: number
  sessionTimeoutMs: number
  protocols: readonly MemberProtocol[]
  assignment: Buffer
  /** The JoinGroup request that is parked, if any. */
  joinRequest: number | null
  /** The SyncGroup request that is parked, if any. */
  syncRequest: number | null
  /** True until its first JoinGroup is answered. Such a member can't send heartbeats yet, and is let go though it waits. */
  isNew: boolean
  /** When it is taken for gone, on the monotonic clock. Infinity while its parked request stands for a heartbeat. */
  sessionDeadline: number
}

export const NO_BYTES: Buffer = Buffer.alloc(0)

/** A member whose first JoinGroup is parked. */
export function newMember(id: string, input: JoinInput): GroupMember {
  return {
    id,
    groupInstanceId: input.groupInstanceId,
    clientId: input.clientId,
    clientHost: input.clientHost,
    rebalanceTimeoutMs: input.rebalanceTimeoutMs,
    sessionTimeoutMs: input.sessionTimeoutMs,
    protocols: input.protocols,
    assignment: NO_BYTES,
    joinRequest: input.requestId,
    syncRequest: null,
    isNew: true,
    sessionDeadline: Number.POSITIVE_INFINITY,
  }
}

export function metadataOf(member: GroupMember, protocolName: string | null): Buffer {
  return member.protocols.find(({ name }) => name === protocolName)?.metadata ?? NO_BYTES
}

/** The same protocols, in the same order, with the same metadata: a rejoin that changes nothing. */
export function offersSame(member: GroupMember, protocols: readonly MemberProtocol[]): boolean {
  return (
    member.protocols.length === protocols.length &&
    member.protocols.every(
      ({ name, metadata }, i) => name === protocols[i]!.name && metadata.equals(protocols[i]!.metadata),
    )
  )
}
