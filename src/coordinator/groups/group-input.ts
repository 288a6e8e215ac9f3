/** What a classic group is asked. */
export interface Now {
  /** For deadlines. */
  mono: number
  /** For what is stored. */
  wall: number
}

export interface MemberClaim {
  memberId: string
  groupInstanceId: string | null
  generationId: number
}

export interface MemberProtocol {
  readonly name: string
  readonly metadata: Buffer
}

export interface JoinInput {
  requestId: number
  memberId: string
  /** Under which the member joins if it has no id yet. */
  newMemberId: string
  groupInstanceId: string | null
  clientId: string
  clientHost: string
  protocolType: string
  protocols: readonly MemberProtocol[]
  sessionTimeoutMs: number
  rebalanceTimeoutMs: number
  /** From JoinGroup 4: a dynamic member must first be given an id (KIP-394). */
  requiresMemberId: boolean
  /** From JoinGroup 9: a static leader that comes back is told to keep the assignment (KIP-814). */
  supportsSkippingAssignment: boolean
  reason: string | null
}

export interface SyncInput extends MemberClaim {
  requestId: number
  protocolType: string | null
  protocolName: string | null
  assignments: readonly { memberId: string; assignment: Buffer }[]
}

export interface Leaver {
  memberId: string
  groupInstanceId: string | null
  reason: string | null
}
