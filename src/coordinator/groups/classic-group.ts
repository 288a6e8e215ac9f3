import { assert } from '../../base/assert.ts'
import { ErrorCode } from '../../protocol/errors.ts'
import { admit } from './admission.ts'
import { Gathering } from './gathering.ts'
import { acceptedJoin, type GroupOutput, type JoinAnswer, refusedJoin, refusedSync } from './group-answers.ts'
import type { JoinInput, Leaver, MemberClaim, Now, SyncInput } from './group-input.ts'
import { type GroupMember, metadataOf, NO_BYTES, newMember, offersSame } from './group-member.ts'
import {
  describeMember,
  fromMemberRecord,
  type GroupRecord,
  recordBytesMax,
  toMemberRecord,
} from './group-record.ts'
import {
  type GroupSettings,
  NEW_MEMBER_JOIN_TIMEOUT_MS,
  PENDING_MEMBERS_PER_MEMBER,
} from './group-settings.ts'
import type { GroupState } from './group-state.ts'
import { Membership } from './membership.ts'
import { subscribedTopics } from './subscription.ts'

/**
 * A group of the classic protocol (JoinGroup, SyncGroup, Heartbeat, LeaveGroup), as Kafka's coordinator runs it: synchronous,
 * with time handed in. Any protocol type; members are dynamic (KIP-394) or static (KIP-345). Its states are drawn in `group-state`.
 *
 * A step gives back what it asks of the world: a record to append, and answers. An answer may leave only when this record and all
 * earlier ones of the group are durable; so the step need not wait for the log, and is never undone: when an append fails, the
 * group is dropped with all its parked requests and made anew from the log.
 *
 * One file, since every transition touches the same dozen fields. What can be told apart lies beside it: who is in (`membership`),
 * who may come in (`admission`), how long a first generation gathers (`gathering`), what is stored (`group-record`).
 *
 * Invariants: a generation has one protocol and one assignment, both stored before any member hears of the assignment. What is
 * parked is answered exactly once: by the end of the rebalance, by expiry, or by what replaces it. A rebalance ends within the
 * rebalance timeout as long as one member joins.
 */
export class ClassicGroup {
  readonly id: string
  readonly #settings: GroupSettings
  readonly #members = new Membership()
  #state: GroupState = 'Empty'
  #stateTimestamp: number
  #generation = 0
  #protocolType: string | null = null
  #protocolName: string | null = null
  #topics: ReadonlySet<string> | null = null
  /** Members of this generation whose SyncGroup is still to come. */
  readonly #pendingSync = new Set<string>()
  #joinDeadline = Number.POSITIVE_INFINITY
  #syncDeadline = Number.POSITIVE_INFINITY
  /** While a first generation gathers. */
  #gathering: Gathering | null = null
  #now: Now
  #output: GroupOutput = { record: null, answers: [], notes: [] }
  /** No deadline lies before it. It may be early (heartbeats move deadlines away), never late. */
  wakeAt = Number.POSITIVE_INFINITY

  constructor(id: string, settings: GroupSettings, now: Now) {
    this.id = id
    this.#settings = settings
    this.#now = now
    this.#stateTimestamp = now.wall
  }

  /** The group as its last record tells it; every member has a whole session to be heard from again. */
  static restore(id: string, record: GroupRecord, settings: GroupSettings, now: Now): ClassicGroup {
    const group = new ClassicGroup(id, settings, now)
    group.#restore(record)
    return group
  }

  get state(): GroupState {
    return this.#state
  }

  get generation(): number {
    return this.#generation
  }

  get protocolType(): string | null {
    return this.#protocolType
  }

  get size(): number {
    return this.#members.size
  }

  /** Someone is in it, or about to come. */
  get isInUse(): boolean {
    return this.#members.size > 0 || this.#members.pending.size > 0
  }

  /** When the group came into its state, by the wall clock; −1 if an old record does not say. */
  get stateTimestamp(): number {
    return this.#stateTimestamp
  }

  /** A coordinator does not know the topics of other protocol types, and takes none of them for subscribed. */
  isSubscribedTo(topic: string): boolean {
    return this.#topics?.has(topic) ?? this.#protocolType === 'consumer'
  }

  get knowsTopics(): boolean {
    return this.#topics !== null
  }

  join(input: JoinInput, now: Now): GroupOutput {
    return this.#step(now, () => this.#join(input))
  }

  sync(input: SyncInput, now: Now): GroupOutput {
    return this.#step(now, () => this.#sync(input))
  }

  /** The error code of the answer. */
  heartbeat(claim: MemberClaim, now: Now): number {
    const error = this.#check(claim)
    if (error !== ErrorCode.NONE) return error
    this.#now = now
    this.#extendSession(this.#members.find(claim.memberId)!)
    return this.#state === 'PreparingRebalance' ? ErrorCode.REBALANCE_IN_PROGRESS : ErrorCode.NONE
  }

  /** Members leave, or are removed by an administrator, who names static ones without their member id. */
  leave(leavers: readonly Leaver[], now: Now): GroupOutput & { errorCodes: number[] } {
    let errorCodes: number[] = []
    const output = this.#step(now, () => {
      errorCodes = leavers.map(leaver => this.#removeLeaver(leaver.memberId, leaver.groupInstanceId))
      const gone = leavers.filter((_, i) => errorCodes[i] === ErrorCode.NONE)
      if (gone.length === 0) return
      const reasons = gone.map(({ memberId, groupInstanceId, reason }) => {
        return `${memberId || groupInstanceId} left (${reason ?? 'no reason given'})`
      })
      if (this.#state !== 'Empty') this.#rebalanceOrCompleteJoin(reasons.join(', '))
    })
    return { ...output, errorCodes }
  }

  /**
   * Whether these offsets may be committed; a commit also stands for a heartbeat. Generation −1 without a member is the way of
   * consumers that assign their partitions themselves, and of tools; it is for groups without members only.
   */
  checkCommit(claim: MemberClaim, now: Now): number {
    if (claim.generationId < 0 && this.#state === 'Empty') return ErrorCode.NONE
    if (claim.generationId < 0 && claim.memberId === '' && claim.groupInstanceId === null) {
      return ErrorCode.UNKNOWN_MEMBER_ID
    }
    const error = this.#check(claim)
    if (error !== ErrorCode.NONE) return error
    // The member has heard of the generation, but its partitions may already be another's: let it join again first.
    if (this.#state === 'CompletingRebalance') return ErrorCode.REBALANCE_IN_PROGRESS
    this.#now = now
    this.#extendSession(this.#members.find(claim.memberId)!)
    return ErrorCode.NONE
  }

  /** Does what is due. Called at `wakeAt`, or later. */
  tick(now: Now): GroupOutput {
    return this.#step(now, () => {
      for (const [id, deadline] of this.#members.pending) if (deadline <= now.mono) this.#expirePending(id)
      for (const member of [...this.#members.all()]) {
        if (member.sessionDeadline <= now.mono) this.#expireSession(member)
      }
      if (this.#joinDeadline <= now.mono) this.#endJoin()
      if (this.#syncDeadline <= now.mono) this.#expireSync()
      this.#findWakeAt()
    })
  }

  /** The group is deleted; whoever still holds it must not use it. */
  end(): void {
    assert(this.#state === 'Empty', 'only a group without members is deleted')
    this.#state = 'Dead'
    this.wakeAt = Number.POSITIVE_INFINITY
  }

  describe() {
    const stable = this.#state === 'Stable'
    return {
      groupState: this.#state,
      protocolType: this.#protocolType ?? '',
      protocolData: stable ? (this.#protocolName ?? '') : '',
      members: Array.from(this.#members.all(), member => describeMember(member, this.#protocolName, stable)),
    }
  }

  /** The group as it would be stored now. */
  toRecord(): GroupRecord {
    return {
      protocolType: this.#protocolType ?? '',
      generation: this.#generation,
      protocol: this.#protocolName,
      leader: this.#members.leader,
      currentStateTimestamp: this.#stateTimestamp,
      members: Array.from(this.#members.all(), member => toMemberRecord(member, this.#protocolName)),
    }
  }

  #step(now: Now, run: () => void): GroupOutput {
    assert(this.#state !== 'Dead', 'a deleted group is not used')
    const output: GroupOutput = { record: null, answers: [], notes: [] }
    this.#now = now
    this.#output = output
    run()
    return output
  }

  #restore(record: GroupRecord): void {
    this.#generation = record.generation
    this.#protocolType = record.protocolType || null
    this.#protocolName = record.protocol
    this.#stateTimestamp = record.currentStateTimestamp
    this.#state = record.members.length === 0 ? 'Empty' : 'Stable'
    for (const stored of record.members) {
      const member = fromMemberRecord(stored, record.protocol)
      this.#members.add(member)
      this.#extendSession(member)
    }
    this.#members.restoreLeader(record.leader)
    this.#learnTopics()
    // The bound was lowered since: a rebalance lets members commit before some are refused.
    if (this.#members.size > this.#settings.groupMaxSize)
      this.#prepareRebalance('more members than group.max.size')
  }

  #join(input: JoinInput): void {
    const error = admit(input, {
      state: this.#state,
      protocolType: this.#protocolType,
      members: this.#members,
      sizeMax: this.#settings.groupMaxSize,
    })
    if (error !== ErrorCode.NONE) this.#refuseJoin(input, error)
    else if (input.memberId === '') this.#joinNew(input)
    else if (this.#members.pending.has(input.memberId)) this.#addMember(input, input.memberId)
    else this.#rejoin(input, this.#members.find(input.memberId)!)
  }

  #refuseJoin({ requestId, memberId }: JoinInput, error: number): void {
    const isFull = error === ErrorCode.GROUP_MAX_SIZE_REACHED
    this.#answerJoin(requestId, refusedJoin(error, isFull ? '' : memberId))
    if (!isFull) return
    this.#members.remove(memberId)
    if (this.#state === 'PreparingRebalance') this.#completeJoinIfAllJoined()
  }

  #joinNew(input: JoinInput): void {
    if (input.groupInstanceId !== null) {
      const old = this.#members.findStatic(input.groupInstanceId)
      if (old === undefined) this.#addMember(input, input.newMemberId)
      else this.#replaceStatic(input, old)
      return
    }
    if (!input.requiresMemberId) {
      this.#addMember(input, input.newMemberId)
      return
    }
    const { pending } = this.#members
    if (pending.size >= PENDING_MEMBERS_PER_MEMBER * this.#settings.groupMaxSize) {
      pending.delete(pending.keys().next().value!)
    }
    const deadline = this.#now.mono + input.sessionTimeoutMs
    pending.set(input.newMemberId, deadline)
    this.#wake(deadline)
    this.#gathering?.idWasGiven(this.#now.mono)
    this.#followGathering()
    this.#answerJoin(input.requestId, refusedJoin(ErrorCode.MEMBER_ID_REQUIRED, input.newMemberId))
  }

  #addMember(input: JoinInput, id: string): void {
    if (this.#members.size === 0) this.#protocolType = input.protocolType
    const member = newMember(id, input)
    this.#members.add(member)
    this.#extendSession(member, NEW_MEMBER_JOIN_TIMEOUT_MS)
    this.#gathering?.memberCame(this.#now.mono)
    this.#followGathering()
    this.#rebalanceOrCompleteJoin(`${id} joins (${input.reason ?? 'no reason given'})`)
  }

  #rejoin(input: JoinInput, member: GroupMember): void {
    const changed = !offersSame(member, input.protocols)
    // A follower that offers nothing new has only missed an answer. The leader's rejoin means that the world around the group has
    // changed, such as the partitions of a topic, so a stable group rebalances for it.
    const mustRebalance = changed || (this.#state === 'Stable' && this.#members.leader === member.id)
    if (this.#state !== 'PreparingRebalance' && !mustRebalance) {
      this.#answerJoin(input.requestId, this.#generationFor(member))
      return
    }
    this.#update(member, input)
    this.#rebalanceOrCompleteJoin(`${member.id} joins again (${input.reason ?? 'no reason given'})`)
  }

  /** A static member came back without its id, most likely restarted: it takes over, and whoever used its old id is fenced. */
  #replaceStatic(input: JoinInput, old: GroupMember): void {
    const oldLeader = this.#members.leader!
    const parkedJoin = this.#members.unpark(old)
    if (parkedJoin !== null) {
      this.#answerJoin(parkedJoin, refusedJoin(ErrorCode.FENCED_INSTANCE_ID, old.id))
    }
    this.#answerSync(old, ErrorCode.FENCED_INSTANCE_ID)
    this.#expectNoSync(old.id)
    const member = this.#members.replaceStatic(old, input.newMemberId)
    this.#update(member, input)
    this.#extendSession(member)
    const reason = `static member ${input.groupInstanceId} joins as ${member.id}`
    if (this.#state === 'Stable' && this.#members.selectProtocol() === this.#protocolName) {
      this.#members.unpark(member)
      this.#store()
      this.#note(`${reason}; no rebalance`)
      // Before version 9 a leader was kept from assigning anew by hearing a leader's id that is not its own.
      const answer = input.supportsSkippingAssignment
        ? { ...this.#generationFor(member), skipAssignment: this.#members.leader === member.id }
        : { ...this.#generationFor(member), members: [], leader: oldLeader }
      this.#answerJoin(input.requestId, answer)
    } else if (this.#state === 'PreparingRebalance') {
      this.#completeJoinIfAllJoined()
    } else {
      // The leader may be assigning partitions to the old id right now.
      this.#prepareRebalance(reason)
    }
  }

  #update(member: GroupMember, input: JoinInput): void {
    this.#members.updateProtocols(member, input.protocols)
    member.rebalanceTimeoutMs = input.rebalanceTimeoutMs
    member.sessionTimeoutMs = input.sessionTimeoutMs
    if (member.joinRequest !== null) {
      this.#answerJoin(member.joinRequest, refusedJoin(ErrorCode.REBALANCE_IN_PROGRESS, member.id))
    }
    this.#members.park(member, input.requestId)
  }

  #sync(input: SyncInput): void {
    const member = this.#members.find(input.memberId)
    const error = this.#check(input)
    const refuse = (code: number) =>
      this.#output.answers.push({ type: 'sync', requestId: input.requestId, response: refusedSync(code) })
    if (error !== ErrorCode.NONE) refuse(error)
    else if (
      (input.protocolType !== null && input.protocolType !== this.#protocolType) ||
      (input.protocolName !== null && input.protocolName !== this.#protocolName)
    ) {
      refuse(ErrorCode.INCONSISTENT_GROUP_PROTOCOL)
    } else if (this.#state === 'PreparingRebalance') {
      refuse(ErrorCode.REBALANCE_IN_PROGRESS)
    } else {
      this.#answerSync(member!, ErrorCode.REBALANCE_IN_PROGRESS)
      member!.syncRequest = input.requestId
      this.#expectNoSync(input.memberId)
      if (this.#state === 'Stable') this.#answerSync(member!, ErrorCode.NONE)
      else if (input.memberId === this.#members.leader) this.#assign(input.assignments)
    }
  }

  /** The leader has spoken: its word is stored, and everyone who waits hears it. */
  #assign(assignments: SyncInput['assignments']): void {
    const byMember = new Map(assignments.map(({ memberId, assignment }) => [memberId, assignment]))
    let bytes = 0
    for (const member of this.#members.all()) {
      member.assignment = byMember.get(member.id) ?? NO_BYTES
      bytes += recordBytesMax(member, this.#protocolName)
    }
    if (bytes > this.#settings.batchBytesMax) {
      this.#endSync(ErrorCode.UNKNOWN_SERVER_ERROR)
      this.#prepareRebalance(`an assignment of ${bytes} bytes can't be stored`)
      return
    }
    this.#store()
    this.#transition('Stable')
    for (const member of this.#members.all()) this.#answerSync(member, ErrorCode.NONE)
  }

  #check({ memberId, groupInstanceId, generationId }: MemberClaim): number {
    const error = this.#members.check(memberId, groupInstanceId)
    if (error !== ErrorCode.NONE) return error
    return generationId === this.#generation ? ErrorCode.NONE : ErrorCode.ILLEGAL_GENERATION
  }

  #removeLeaver(memberId: string, groupInstanceId: string | null): number {
    if (this.#members.pending.delete(memberId)) return ErrorCode.NONE
    const id = memberId === '' ? (this.#members.findStatic(groupInstanceId)?.id ?? '') : memberId
    const error = this.#members.check(id, groupInstanceId)
    if (error === ErrorCode.NONE) this.#removeMember(this.#members.find(id)!)
    return error
  }

  /** Takes a member out; its parked requests tell a client that is still there to join again. */
  #removeMember(member: GroupMember): void {
    const parkedJoin = this.#members.unpark(member)
    if (parkedJoin !== null) this.#answerJoin(parkedJoin, refusedJoin(ErrorCode.UNKNOWN_MEMBER_ID, ''))
    this.#answerSync(member, ErrorCode.UNKNOWN_MEMBER_ID)
    this.#expectNoSync(member.id)
    this.#members.remove(member.id)
  }

  #expirePending(id: string): void {
    this.#members.remove(id)
    this.#note(`${id} never joined`)
    if (this.#state === 'PreparingRebalance' && this.#members.haveAllJoined) this.#completeJoin()
  }

  #expireSession(member: GroupMember): void {
    member.sessionDeadline = Number.POSITIVE_INFINITY
    if (this.#members.find(member.id) !== member) return
    // A parked request stands for a heartbeat, but a new member can't be told from one whose client has gone.
    if (!member.isNew && (member.joinRequest !== null || member.syncRequest !== null)) return
    this.#removeMember(member)
    const reason = `${member.id} was not heard of for its session timeout`
    if (this.#state !== 'PreparingRebalance') this.#prepareRebalance(reason)
    else if (this.#members.haveAllJoined) this.#completeJoin()
  }

  #rebalanceOrCompleteJoin(reason: string): void {
    if (this.#state === 'PreparingRebalance') this.#completeJoinIfAllJoined()
    else this.#prepareRebalance(reason)
  }

  /** A first generation ends its gathering by time alone. */
  #completeJoinIfAllJoined(): void {
    if (this.#gathering === null && this.#members.haveAllJoined) this.#completeJoin()
  }

  #prepareRebalance(reason: string): void {
    if (this.#state === 'CompletingRebalance') this.#endSync(ErrorCode.REBALANCE_IN_PROGRESS)
    this.#pendingSync.clear()
    this.#syncDeadline = Number.POSITIVE_INFINITY
    const isFirst = this.#state === 'Empty'
    this.#transition('PreparingRebalance')
    this.#note(`rebalance after generation ${this.#generation}: ${reason}`)
    if (isFirst) {
      this.#gathering = new Gathering(this.#settings, this.#members.rebalanceTimeoutMs, this.#now.mono)
      this.#followGathering()
    } else if (this.#members.haveAllJoined) this.#completeJoin()
    else this.#setJoinDeadline(this.#now.mono + this.#members.rebalanceTimeoutMs)
  }

  #followGathering(): void {
    if (this.#gathering !== null) this.#setJoinDeadline(this.#gathering.deadline)
  }

  #endJoin(): void {
    if (this.#gathering?.isOver(this.#now.mono, this.#members.pending.size) === false) this.#followGathering()
    else this.#completeJoin()
  }

  /** Ends the joining: a new generation of those who came, and of static members, who keep their place until their session ends. */
  #completeJoin(): void {
    this.#joinDeadline = Number.POSITIVE_INFINITY
    for (const member of [...this.#members.all()]) {
      if (member.joinRequest !== null || member.groupInstanceId !== null) continue
      this.#note(`${member.id} did not rejoin in time`)
      this.#removeMember(member)
    }
    if (this.#members.size > 0 && !this.#members.electLeader()) {
      this.#note('nobody has rejoined; waiting for one more rebalance timeout')
      this.#setJoinDeadline(this.#now.mono + this.#members.rebalanceTimeoutMs)
      return
    }
    this.#gathering = null
    this.#generation++
    this.#pendingSync.clear()
    if (this.#members.size === 0) this.#becomeEmpty()
    else this.#startSync()
  }

  #becomeEmpty(): void {
    this.#protocolName = null
    this.#learnTopics()
    this.#transition('Empty')
    this.#note(`generation ${this.#generation} is empty`)
    this.#store()
  }

  #startSync(): void {
    this.#protocolName = this.#members.selectProtocol()
    this.#learnTopics()
    this.#transition('CompletingRebalance')
    this.#note(`generation ${this.#generation} of ${this.#members.size}, ${this.#protocolName}`)
    for (const member of this.#members.all()) {
      const parked = this.#members.unpark(member)
      if (parked !== null) this.#answerJoin(parked, this.#generationFor(member))
      member.isNew = false
      this.#pendingSync.add(member.id)
      this.#extendSession(member)
    }
    this.#syncDeadline = this.#now.mono + this.#members.rebalanceTimeoutMs
    this.#wake(this.#syncDeadline)
  }

  #expectNoSync(memberId: string): void {
    this.#pendingSync.delete(memberId)
    if (this.#pendingSync.size === 0) this.#syncDeadline = Number.POSITIVE_INFINITY
  }

  /** Members that joined but never asked for their assignment are removed. */
  #expireSync(): void {
    this.#syncDeadline = Number.POSITIVE_INFINITY
    const missing = [...this.#pendingSync]
    for (const id of missing) this.#removeMember(this.#members.find(id)!)
    this.#prepareRebalance(`no SyncGroup from ${missing.join(', ')}`)
  }

  /** Sends everyone away who waits for an assignment of a generation that ends before it has one. */
  #endSync(errorCode: number): void {
    for (const member of this.#members.all()) {
      member.assignment = NO_BYTES
      this.#answerSync(member, errorCode)
    }
  }

  #generationFor(member: GroupMember): JoinAnswer {
    const generation = { id: this.#generation, type: this.#protocolType, protocol: this.#protocolName }
    return acceptedJoin(member, this.#members, generation)
  }

  #answerJoin(requestId: number, response: JoinAnswer): void {
    this.#output.answers.push({ type: 'join', requestId, response })
  }

  /** Answers the member's parked SyncGroup, if there is one. From here on it must be heard of again. */
  #answerSync(member: GroupMember, errorCode: number): void {
    if (member.syncRequest === null) return
    const response =
      errorCode === ErrorCode.NONE
        ? {
            errorCode,
            protocolType: this.#protocolType,
            protocolName: this.#protocolName,
            assignment: member.assignment,
          }
        : refusedSync(errorCode)
    this.#output.answers.push({ type: 'sync', requestId: member.syncRequest, response })
    member.syncRequest = null
    this.#extendSession(member)
  }

  #extendSession(member: GroupMember, timeoutMs = member.sessionTimeoutMs): void {
    member.sessionDeadline = this.#now.mono + timeoutMs
    this.#wake(member.sessionDeadline)
  }

  #setJoinDeadline(deadline: number): void {
    this.#joinDeadline = deadline
    this.#wake(this.#joinDeadline)
  }

  #wake(deadline: number): void {
    if (deadline < this.wakeAt) this.wakeAt = deadline
  }

  #findWakeAt(): void {
    let earliest = Math.min(this.#joinDeadline, this.#syncDeadline)
    for (const { sessionDeadline } of this.#members.all()) earliest = Math.min(earliest, sessionDeadline)
    for (const deadline of this.#members.pending.values()) earliest = Math.min(earliest, deadline)
    this.wakeAt = earliest
  }

  #transition(state: GroupState): void {
    this.#state = state
    this.#stateTimestamp = this.#now.wall
  }

  #learnTopics(): void {
    this.#topics = null
    if (this.#protocolType !== 'consumer') return
    const metadata = Array.from(this.#members.all(), member => metadataOf(member, this.#protocolName))
    this.#topics = subscribedTopics(metadata)
  }

  #store(): void {
    this.#output.record = this.toRecord()
  }

  #note(text: string): void {
    this.#output.notes.push(text)
  }
}
