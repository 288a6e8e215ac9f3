import { ErrorCode } from '../../protocol/errors.ts'
import type { JoinInput } from './group-input.ts'
import type { GroupState } from './group-state.ts'
import type { Membership } from './membership.ts'

/** What admission looks at; a `ClassicGroup` hands in its own. */
export interface Door {
  state: GroupState
  protocolType: string | null
  members: Membership
  sizeMax: number
}

/** The error that keeps a JoinGroup out, or NONE. Nothing is changed. */
export function admit(input: JoinInput, door: Door): number {
  if (!hasRoom(input, door)) return ErrorCode.GROUP_MAX_SIZE_REACHED
  if (!supportsProtocols(input, door)) return ErrorCode.INCONSISTENT_GROUP_PROTOCOL
  if (input.memberId === '') return ErrorCode.NONE
  if (door.members.pending.has(input.memberId) && input.groupInstanceId === null) return ErrorCode.NONE
  return door.members.check(input.memberId, input.groupInstanceId)
}

function hasRoom(input: JoinInput, { state, members, sizeMax }: Door): boolean {
  if (state === 'Empty') return true
  const member = members.find(input.memberId) ?? members.findStatic(input.groupInstanceId)
  if (state !== 'PreparingRebalance') return member !== undefined || members.size < sizeMax
  // While joining, those count who will be in the next generation: who came, and static members. Others lose their place to
  // whoever comes first.
  if (members.size < sizeMax || members.staying < sizeMax) return true
  return member !== undefined && (member.joinRequest !== null || member.groupInstanceId !== null)
}

function supportsProtocols(input: JoinInput, { state, protocolType, members }: Door): boolean {
  if (state === 'Empty') return input.protocolType !== '' && input.protocols.length > 0
  return input.protocolType === protocolType && members.supportsAny(input.protocols)
}
