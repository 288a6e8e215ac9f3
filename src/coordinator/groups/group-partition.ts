import type { Random } from '../../base/random.ts'
import { ErrorCode, KafkaError } from '../../protocol/errors.ts'
import type { KeyedRecord } from '../coordinator-log.ts'
import type { Sleeper } from '../deadlines.ts'
import type { RecordWriter } from '../record-writer.ts'
import type { PartitionContext, PartitionCoordinator } from '../runtime.ts'
import { ClassicGroup } from './classic-group.ts'
import {
  type GroupOutput,
  type JoinAnswer,
  refusedJoin,
  refusedSync,
  type SyncAnswer,
} from './group-answers.ts'
import type { JoinInput, Leaver, MemberClaim, Now, SyncInput } from './group-input.ts'
import type { GroupSettings } from './group-settings.ts'
import type { GroupStore } from './group-store.ts'
import { groupRecord } from './record-codec.ts'

/**
 * The groups of one partition of `__consumer_offsets`: finds the group a request is for, runs it, appends what it wants stored,
 * and sends answers when they may leave.
 *
 * Groups live in memory, with their undecided joins; committed offsets live in the store. What is in memory may be ahead of the
 * log by the appends under way. If one fails, all of this is dropped, whoever waits is told, and the runtime opens it anew.
 */
export class GroupPartition implements PartitionCoordinator {
  readonly store: GroupStore
  readonly settings: GroupSettings
  readonly #writer: RecordWriter
  readonly #context: PartitionContext
  readonly #random: Random
  readonly #groups = new Map<string, GroupEntry>()
  readonly #parked = new Map<number, Parked>()
  #lastRequestId = 0
  #isDropped = false

  constructor(options: {
    context: PartitionContext
    store: GroupStore
    writer: RecordWriter
    settings: GroupSettings
    random: Random
  }) {
    this.store = options.store
    this.settings = options.settings
    this.#writer = options.writer
    this.#context = options.context
    this.#random = options.random
  }

  /** Groups as the store has them: those with a record, and those that only ever committed offsets. */
  async load(): Promise<void> {
    const now = this.now()
    for await (const { groupId, record } of this.store.groups()) {
      this.#add(ClassicGroup.restore(groupId, record, this.settings, now))
    }
    for await (const groupId of this.store.groupsWithOffsets()) {
      if (!this.#groups.has(groupId)) this.#add(new ClassicGroup(groupId, this.settings, now))
    }
  }

  get size(): number {
    return this.#groups.size
  }

  groups(): IterableIterator<GroupEntry> {
    return this.#groups.values()
  }

  find(groupId: string): GroupEntry | undefined {
    return this.#groups.get(groupId)
  }

  now(): Now {
    const { clock } = this.#context
    return { mono: clock.mono(), wall: clock.wall() }
  }

  join(
    groupId: string,
    input: Omit<JoinInput, 'requestId' | 'newMemberId'>,
    sizeElsewhere: number,
  ): Promise<JoinAnswer> {
    this.#requireRoom()
    const known = this.#groups.get(groupId)
    if (known === undefined) {
      // Whoever has a member id had a group; that it is gone tells the member to begin anew.
      if (input.memberId !== '') {
        return Promise.resolve(refusedJoin(ErrorCode.UNKNOWN_MEMBER_ID, input.memberId))
      }
      if (this.size + sizeElsewhere >= this.settings.groupsMax) {
        return Promise.resolve(refusedJoin(ErrorCode.GROUP_MAX_SIZE_REACHED, ''))
      }
    }
    const group = known?.group ?? new ClassicGroup(groupId, this.settings, this.now())
    const before = group.toRecord()
    const newMemberId = `${input.groupInstanceId ?? input.clientId}-${uuid(this.#random)}`
    return this.#park('join', input.memberId, requestId => {
      const output = group.join({ ...input, requestId, newMemberId }, this.now())
      // A refused join leaves no trace of a group that was not there before.
      if (known === undefined && !group.isInUse) return this.#send(output.answers)
      const entry = known ?? this.#add(group)
      if (known === undefined) this.#save(entry, [groupRecord(groupId, before)])
      this.#carryOut(entry, output)
    })
  }

  sync(groupId: string, input: Omit<SyncInput, 'requestId'>): Promise<SyncAnswer> {
    this.#requireRoom()
    const entry = this.#groups.get(groupId)
    if (entry === undefined) return Promise.resolve(refusedSync(ErrorCode.UNKNOWN_MEMBER_ID))
    return this.#park('sync', input.memberId, requestId =>
      this.#carryOut(entry, entry.group.sync({ ...input, requestId }, this.now())),
    )
  }

  async heartbeat(groupId: string, claim: MemberClaim): Promise<number> {
    const entry = this.#groups.get(groupId)
    if (entry === undefined) return ErrorCode.UNKNOWN_MEMBER_ID
    const errorCode = entry.group.heartbeat(claim, this.now())
    await entry.saved
    return errorCode
  }

  /** An error code for each who leaves. */
  async leave(groupId: string, leavers: readonly Leaver[]): Promise<number[]> {
    this.#requireRoom()
    const entry = this.#groups.get(groupId)
    if (entry === undefined) return leavers.map(() => ErrorCode.UNKNOWN_MEMBER_ID)
    const output = entry.group.leave(leavers, this.now())
    this.#carryOut(entry, output)
    await entry.saved
    return output.errorCodes
  }

  /** The group that commits, when it may. One that only ever commits needs no members: it comes into being here. */
  requireCommitter(
    groupId: string,
    claim: MemberClaim,
    knowsGroupIdNotFound: boolean,
    sizeElsewhere: number,
  ) {
    this.#requireRoom()
    const entry = this.#groups.get(groupId)
    if (entry === undefined) {
      if (claim.generationId >= 0) {
        throw new KafkaError(knowsGroupIdNotFound ? 'GROUP_ID_NOT_FOUND' : 'ILLEGAL_GENERATION')
      }
      if (this.size + sizeElsewhere >= this.settings.groupsMax) throw new KafkaError('GROUP_MAX_SIZE_REACHED')
      return new GroupEntry(new ClassicGroup(groupId, this.settings, this.now()), this)
    }
    const errorCode = entry.group.checkCommit(claim, this.now())
    return errorCode === ErrorCode.NONE ? entry : errorCode
  }

  /** Appends changes of a group's offsets; resolves when they are durable and can be fetched. */
  async appendOffsets(entry: GroupEntry, records: readonly KeyedRecord[]): Promise<void> {
    if (!this.#groups.has(entry.group.id)) this.#groups.set(entry.group.id, entry)
    entry.changes++
    await this.#writer.append(records)
  }

  /**
   * Reads from the store and acts on it, in between no offset of the group having changed: `act` runs in the same turn as the
   * check, so what it appends is based on all commits before it.
   */
  async settle<T>(
    entry: GroupEntry,
    read: () => Promise<T>,
    act: (found: T) => KeyedRecord[],
  ): Promise<void> {
    for (let attempt = 0; attempt < SETTLE_ATTEMPTS_MAX; attempt++) {
      // Counted before the wait: what is appended meanwhile may not be in the store when it is read.
      const { changes } = entry
      await this.#writer.settled()
      const found = await read()
      if (this.#isDropped) throw new KafkaError('NOT_COORDINATOR')
      if (entry.changes !== changes) continue
      const records = act(found)
      if (records.length === 0) return
      entry.changes++
      await this.#writer.appendAll(records)
      return
    }
    throw new KafkaError('COORDINATOR_NOT_AVAILABLE', 'the group commits too fast to be changed')
  }

  /** Takes a group without members out; the caller appends its tombstone. */
  remove(entry: GroupEntry): void {
    entry.group.end()
    this.#context.deadlines.forget(entry)
    this.#groups.delete(entry.group.id)
  }

  /** Gathers what is under way, then reads like everyone else: for those who must not miss an offset that is being committed. */
  settled(): Promise<void> {
    return this.#writer.settled()
  }

  drop(errorCode: number): void {
    this.#isDropped = true
    this.#writer.close()
    for (const entry of this.#groups.values()) this.#context.deadlines.forget(entry)
    this.#groups.clear()
    for (const { memberId, type, resolve } of this.#parked.values()) {
      resolve(type === 'join' ? refusedJoin(errorCode, memberId) : refusedSync(errorCode))
    }
    this.#parked.clear()
  }

  /** A group's deadline has come. */
  wake(entry: GroupEntry): void {
    this.#carryOut(entry, entry.group.tick(this.now()))
  }

  #add(group: ClassicGroup): GroupEntry {
    const entry = new GroupEntry(group, this)
    this.#groups.set(group.id, entry)
    this.#context.deadlines.watch(entry)
    return entry
  }

  #requireRoom(): void {
    if (!this.#writer.hasRoom) throw new KafkaError('COORDINATOR_NOT_AVAILABLE', 'too much waits for the log')
  }

  #park<A extends JoinAnswer | SyncAnswer>(
    type: Parked['type'],
    memberId: string,
    run: (requestId: number) => void,
  ): Promise<A> {
    const requestId = ++this.#lastRequestId
    return new Promise<A>(resolve => {
      this.#parked.set(requestId, { type, memberId, resolve: resolve as Parked['resolve'] })
      run(requestId)
    })
  }

  #carryOut(entry: GroupEntry, { record, answers, notes }: GroupOutput): void {
    for (const note of notes) this.#context.logger.info({ group: entry.group.id }, note)
    if (record !== null) this.#save(entry, [groupRecord(entry.group.id, record)])
    this.#context.deadlines.watch(entry)
    if (entry.saved === null) this.#send(answers)
    else if (answers.length > 0) entry.saved.then(() => this.#send(answers), ignore)
  }

  /** A failure is told to those who wait by `drop`: without its record the group must not go on. */
  #save(entry: GroupEntry, records: readonly KeyedRecord[]): void {
    const saved = this.#writer.append(records)
    entry.saved = saved
    const done = () => {
      if (entry.saved === saved) entry.saved = null
    }
    saved.then(done, error => this.#isDropped || this.#context.fail(error))
  }

  #send(answers: GroupOutput['answers']): void {
    for (const { requestId, response } of answers) {
      this.#parked.get(requestId)?.resolve(response)
      this.#parked.delete(requestId)
    }
  }
}

/** A group, and what its partition must know of it. */
export class GroupEntry implements Sleeper {
  readonly group: ClassicGroup
  readonly #partition: GroupPartition
  /** Pending while a record of the group is being made durable; its answers wait for it. */
  saved: Promise<void> | null = null
  /** Counts appends that changed the group's offsets. */
  changes = 0

  constructor(group: ClassicGroup, partition: GroupPartition) {
    this.group = group
    this.#partition = partition
  }

  get wakeAt(): number {
    return this.group.wakeAt
  }

  wake(): void {
    this.#partition.wake(this)
  }
}

interface Parked {
  type: 'join' | 'sync'
  memberId: string
  resolve: (answer: JoinAnswer | SyncAnswer) => void
}

/** A group that commits all the time gives way at last, or its caller tries again later. */
const SETTLE_ATTEMPTS_MAX = 32

function ignore(): void {}

/** A random uuid (version 4), as Kafka appends it to member ids. */
function uuid(random: Random): string {
  const bytes = random.bytes(16)
  bytes[6] = (bytes[6]! & 0x0f) | 0x40
  bytes[8] = (bytes[8]! & 0x3f) | 0x80
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}
