import { assert } from '../../base/assert.ts'
import { ErrorCode } from '../../protocol/errors.ts'
import type { MemberProtocol } from './group-input.ts'
import type { GroupMember } from './group-member.ts'

/**
 * Who is in a classic group: members in the order they came, static ones by their instance id, ids that were given out and not
 * yet used, the leader, and how many members support each protocol. It knows nothing of states, time or answers.
 *
 * Invariants: the leader is a member, and there is one whenever there are members; an instance id names a member that carries
 * it; `awaitingJoin` counts the members with a parked JoinGroup.
 */
export class Membership {
  readonly #members = new Map<string, GroupMember>()
  readonly #staticIds = new Map<string, string>()
  /** Member id → when it expires, oldest first. */
  readonly pending = new Map<string, number>()
  readonly #supporters = new Map<string, number>()
  #leader: string | null = null
  #awaitingJoin = 0

  get size(): number {
    return this.#members.size
  }

  get leader(): string | null {
    return this.#leader
  }

  /** Members that the end of the joining leaves in: those who came, and static ones, who are waited for a session long. */
  get staying(): number {
    let count = this.#awaitingJoin
    for (const member of this.#members.values()) {
      if (member.joinRequest === null && member.groupInstanceId !== null) count++
    }
    return count
  }

  /** Everybody waits for the answer of a JoinGroup, and nobody is about to come. */
  get haveAllJoined(): boolean {
    return this.#members.size === this.#awaitingJoin && this.pending.size === 0
  }

  /** The longest of the members' own, as each must have the time it asked for. */
  get rebalanceTimeoutMs(): number {
    let longest = 0
    for (const member of this.#members.values()) longest = Math.max(longest, member.rebalanceTimeoutMs)
    return longest
  }

  find(id: string): GroupMember | undefined {
    return this.#members.get(id)
  }

  findStatic(groupInstanceId: string | null): GroupMember | undefined {
    const id = groupInstanceId === null ? undefined : this.#staticIds.get(groupInstanceId)
    return id === undefined ? undefined : this.#members.get(id)
  }

  /** Whether the caller is who it says: the error code that tells it otherwise, or NONE. */
  check(memberId: string, groupInstanceId: string | null): number {
    if (groupInstanceId !== null) {
      const known = this.findStatic(groupInstanceId)
      if (known === undefined) return ErrorCode.UNKNOWN_MEMBER_ID
      if (known.id !== memberId) return ErrorCode.FENCED_INSTANCE_ID
    }
    return this.#members.has(memberId) ? ErrorCode.NONE : ErrorCode.UNKNOWN_MEMBER_ID
  }

  all(): IterableIterator<GroupMember> {
    return this.#members.values()
  }

  add(member: GroupMember): void {
    assert(!this.#members.has(member.id), 'a member is added once')
    this.#members.set(member.id, member)
    if (member.groupInstanceId !== null) this.#staticIds.set(member.groupInstanceId, member.id)
    this.#count(member.protocols, +1)
    this.#leader ??= member.id
    if (member.joinRequest !== null) this.#awaitingJoin++
    this.pending.delete(member.id)
  }

  /** Removes a member, or an id that was given out. The next in line leads if the leader goes. */
  remove(id: string): GroupMember | undefined {
    this.pending.delete(id)
    const member = this.#members.get(id)
    if (member === undefined) return undefined
    this.#members.delete(id)
    if (member.groupInstanceId !== null) this.#staticIds.delete(member.groupInstanceId)
    this.#count(member.protocols, -1)
    if (member.joinRequest !== null) this.#awaitingJoin--
    if (this.#leader === id) this.#leader = this.#members.keys().next().value ?? null
    return member
  }

  /** A static member came back under a new id: everything else stays, the leadership too. */
  replaceStatic(old: GroupMember, newId: string): GroupMember {
    const leads = this.#leader === old.id
    this.remove(old.id)
    const member: GroupMember = { ...old, id: newId, joinRequest: null, syncRequest: null, isNew: false }
    this.add(member)
    if (leads) this.#leader = newId
    return member
  }

  updateProtocols(member: GroupMember, protocols: readonly MemberProtocol[]): void {
    this.#count(member.protocols, -1)
    member.protocols = protocols
    this.#count(protocols, +1)
  }

  park(member: GroupMember, joinRequest: number): void {
    if (member.joinRequest === null) this.#awaitingJoin++
    member.joinRequest = joinRequest
  }

  /** Takes the parked JoinGroup out, to answer it. */
  unpark(member: GroupMember): number | null {
    const request = member.joinRequest
    if (request !== null) this.#awaitingJoin--
    member.joinRequest = null
    return request
  }

  restoreLeader(leader: string | null): void {
    if (leader !== null && this.#members.has(leader)) this.#leader = leader
  }

  /** Leaves the lead with the leader if it rejoined, else with the first who did. False if nobody did. */
  electLeader(): boolean {
    if (this.#leader === null) return false
    if (this.#members.get(this.#leader)!.joinRequest !== null) return true
    for (const member of this.#members.values()) {
      if (member.joinRequest === null) continue
      this.#leader = member.id
      return true
    }
    return false
  }

  supportsAny(protocols: readonly MemberProtocol[]): boolean {
    return protocols.some(({ name }) => this.#supporters.get(name) === this.#members.size)
  }

  /** Each member votes for the first of its protocols that all support; the most votes win, the earliest vote breaks a tie. */
  selectProtocol(): string {
    const votes = new Map<string, number>()
    for (const { protocols } of this.#members.values()) {
      const vote = protocols.find(({ name }) => this.#supporters.get(name) === this.#members.size)
      assert(vote, 'members were admitted only with a protocol that all support')
      votes.set(vote.name, (votes.get(vote.name) ?? 0) + 1)
    }
    const [first, ...others] = votes
    assert(first, 'a protocol is selected among members')
    return others.reduce((best, candidate) => (candidate[1] > best[1] ? candidate : best), first)[0]
  }

  #count(protocols: readonly MemberProtocol[], change: number): void {
    for (const { name } of protocols) {
      const count = (this.#supporters.get(name) ?? 0) + change
      if (count === 0) this.#supporters.delete(name)
      else this.#supporters.set(name, count)
    }
  }
}
