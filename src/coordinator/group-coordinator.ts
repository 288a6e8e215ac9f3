import type { Clock, Timer } from '../base/clock.ts'
import type { Random } from '../base/random.ts'
import { ErrorCode, errorCodeOf } from '../protocol/errors.ts'
import type { DeleteGroups } from '../protocol/messages/delete-groups.ts'
import type { DescribedGroup, DescribeGroups } from '../protocol/messages/describe-groups.ts'
import type { Heartbeat } from '../protocol/messages/heartbeat.ts'
import type { JoinGroup, JoinGroupProtocol } from '../protocol/messages/join-group.ts'
import type { LeaveGroup } from '../protocol/messages/leave-group.ts'
import type { ListGroups } from '../protocol/messages/list-groups.ts'
import type { OffsetCommit } from '../protocol/messages/offset-commit.ts'
import type { OffsetDelete } from '../protocol/messages/offset-delete.ts'
import type {
  OffsetFetch,
  OffsetFetchGroup,
  OffsetFetchGroupResult,
} from '../protocol/messages/offset-fetch.ts'
import type { SyncGroup } from '../protocol/messages/sync-group.ts'
import { type RequestOf, type ResponseOf, ZERO_UUID } from '../protocol/schema.ts'
import type { KeyValueEngine } from '../storage/engine.ts'
import type { CoordinatorLog } from './coordinator-log.ts'
import { refusedJoin, refusedSync } from './groups/group-answers.ts'
import type { GroupPartition } from './groups/group-partition.ts'
import { GROUP_SETTINGS, type GroupSettings } from './groups/group-settings.ts'
import { commitAnswer, hasPartition, planCommit, type TopicDirectory } from './groups/offset-commit.ts'
import { fetchOffsets, refusedOffsets } from './groups/offset-fetch.ts'
import { deleteGroup, deleteOffsets, expireOffsets, forgetTopic } from './groups/offset-removal.ts'
import { openGroupPartition } from './groups/open-partition.ts'
import { appendErrorCode, type CoordinatorLogger, CoordinatorRuntime } from './runtime.ts'

/**
 * The group coordinator as handlers see it: one method per API, from decoded request to response. Here is what Kafka does before
 * and after a group is asked: checks of the request, the partition a group belongs to, errors in the shape each API and version
 * has for them.
 */
export interface GroupRequestContext {
  version: number
  clientId: string
  /** As Kafka prints an address: `/127.0.0.1`. */
  clientHost: string
}

export interface GroupCoordinatorOptions {
  /** Tells how many partitions `__consumer_offsets` has, or will have when it is created. */
  partitions: () => number
  clock: Clock
  random: Random
  engine: KeyValueEngine
  logger: CoordinatorLogger
  topics: TopicDirectory
  settings?: Partial<GroupSettings>
}

export class GroupCoordinator {
  readonly #partitions: () => number
  readonly #clock: Clock
  readonly #topics: TopicDirectory
  readonly #settings: GroupSettings
  readonly #runtime: CoordinatorRuntime<GroupPartition>
  readonly #logger: CoordinatorLogger
  #expiryTimer: Timer | null = null
  #isClosed = false

  constructor(options: GroupCoordinatorOptions) {
    const { clock, logger, engine, random } = options
    const settings = { ...GROUP_SETTINGS, ...options.settings }
    this.#partitions = options.partitions
    this.#clock = clock
    this.#topics = options.topics
    this.#settings = settings
    this.#logger = logger
    this.#runtime = new CoordinatorRuntime({
      clock,
      logger,
      open: context => openGroupPartition(context, engine, settings, random),
    })
    this.#scheduleExpiry()
  }

  /** This node leads a partition of `__consumer_offsets`. Resolves when its groups are loaded. */
  lead(partitionIndex: number, log: CoordinatorLog): Promise<void> {
    return this.#runtime.lead(partitionIndex, log)
  }

  resign(partitionIndex: number): void {
    this.#runtime.resign(partitionIndex)
  }

  /** Members that wait are answered NOT_COORDINATOR; no timer is left. */
  close(): void {
    this.#isClosed = true
    this.#expiryTimer?.cancel()
    this.#runtime.close()
  }

  /** What is loaded and what is not yet, for who looks at all groups. */
  get runtime(): CoordinatorRuntime<GroupPartition> {
    return this.#runtime
  }

  coordinatorPartition(groupId: string): number {
    return coordinatorPartition(groupId, this.#partitions())
  }

  async join(
    request: RequestOf<typeof JoinGroup>,
    { version, clientId, clientHost }: GroupRequestContext,
  ): Promise<ResponseOf<typeof JoinGroup>> {
    const { groupId, memberId, sessionTimeoutMs } = request
    const { groupMinSessionTimeoutMs, groupMaxSessionTimeoutMs } = this.#settings
    let answer = refusedJoin(ErrorCode.INVALID_GROUP_ID, memberId)
    if (sessionTimeoutMs < groupMinSessionTimeoutMs || sessionTimeoutMs > groupMaxSessionTimeoutMs) {
      if (groupId !== '') answer = refusedJoin(ErrorCode.INVALID_SESSION_TIMEOUT, memberId)
    } else if (groupId !== '') {
      const input = {
        ...request,
        protocols: firstOfEachName(request.protocols),
        clientId,
        clientHost,
        // Version 0 has no rebalance timeout of its own.
        rebalanceTimeoutMs: version === 0 ? sessionTimeoutMs : request.rebalanceTimeoutMs,
        requiresMemberId: version >= 4,
        supportsSkippingAssignment: version >= 9,
      }
      try {
        const partition = this.#require(groupId)
        answer = await partition.join(groupId, input, this.#groupsBeside(partition))
      } catch (error) {
        answer = refusedJoin(appendErrorCode(error), memberId)
      }
    }
    // Null came with version 7.
    return version < 7 ? { ...answer, protocolName: answer.protocolName ?? '' } : answer
  }

  async sync(
    request: RequestOf<typeof SyncGroup>,
    { version }: Pick<GroupRequestContext, 'version'>,
  ): Promise<ResponseOf<typeof SyncGroup>> {
    if (version >= 5 && (request.protocolType === null || request.protocolName === null)) {
      return refusedSync(ErrorCode.INCONSISTENT_GROUP_PROTOCOL)
    }
    if (request.groupId === '') return refusedSync(ErrorCode.INVALID_GROUP_ID)
    try {
      return await this.#require(request.groupId).sync(request.groupId, request)
    } catch (error) {
      return refusedSync(appendErrorCode(error))
    }
  }

  async heartbeat(request: RequestOf<typeof Heartbeat>): Promise<ResponseOf<typeof Heartbeat>> {
    if (request.groupId === '') return { errorCode: ErrorCode.INVALID_GROUP_ID }
    try {
      return { errorCode: await this.#require(request.groupId).heartbeat(request.groupId, request) }
    } catch (error) {
      const errorCode = appendErrorCode(error)
      // The group is most likely there: its member just goes on.
      return { errorCode: errorCode === ErrorCode.COORDINATOR_LOAD_IN_PROGRESS ? ErrorCode.NONE : errorCode }
    }
  }

  async leave(
    request: RequestOf<typeof LeaveGroup>,
    { version }: Pick<GroupRequestContext, 'version'>,
  ): Promise<ResponseOf<typeof LeaveGroup>> {
    if (request.groupId === '') return { errorCode: ErrorCode.INVALID_GROUP_ID }
    const leavers =
      version >= 3 ? request.members : [{ memberId: request.memberId, groupInstanceId: null, reason: null }]
    try {
      const errorCodes = await this.#require(request.groupId).leave(request.groupId, leavers)
      if (version < 3) return { errorCode: errorCodes[0]! }
      const members = leavers.map(({ memberId, groupInstanceId }, i) => {
        return { memberId, groupInstanceId, errorCode: errorCodes[i]! }
      })
      return { errorCode: ErrorCode.NONE, members }
    } catch (error) {
      return { errorCode: appendErrorCode(error) }
    }
  }

  async commitOffsets(
    request: RequestOf<typeof OffsetCommit>,
    { version }: Pick<GroupRequestContext, 'version'>,
  ): Promise<ResponseOf<typeof OffsetCommit>> {
    const { groupId, memberId, groupInstanceId, generationIdOrMemberEpoch: generationId } = request
    const now = this.#clock.wall()
    const plan = planCommit(request, version, this.#topics, this.#settings.offsetMetadataMaxBytes, now)
    try {
      const partition = this.#require(groupId)
      const claim = { memberId, groupInstanceId, generationId }
      const committer = partition.requireCommitter(
        groupId,
        claim,
        version >= 9,
        this.#groupsBeside(partition),
      )
      if (typeof committer === 'number') return commitAnswer(request, committer, plan.errorCodes)
      if (plan.records.length > 0) await partition.appendOffsets(committer, plan.records)
      return commitAnswer(request, ErrorCode.NONE, plan.errorCodes)
    } catch (error) {
      const isTooLarge = isSizeError(errorCodeOf(error))
      const errorCode = isTooLarge ? ErrorCode.INVALID_COMMIT_OFFSET_SIZE : appendErrorCode(error)
      return commitAnswer(request, errorCode, plan.errorCodes)
    }
  }

  async fetchOffsets(
    request: RequestOf<typeof OffsetFetch>,
    { version }: Pick<GroupRequestContext, 'version'>,
  ): Promise<ResponseOf<typeof OffsetFetch>> {
    if (version >= 8) {
      const groups = request.groups.map(group => this.#fetchGroup(group, version, request.requireStable))
      return { groups: await Promise.all(groups) }
    }
    const { groupId } = request
    const topics = request.topics?.map(topic => ({ ...topic, topicId: ZERO_UUID })) ?? null
    const group = { groupId, memberId: null, memberEpoch: -1, topics }
    const { topics: found, errorCode = ErrorCode.NONE } = await this.#fetchGroup(
      group,
      version,
      request.requireStable,
    )
    if (version >= 2 || errorCode === ErrorCode.NONE) return { topics: found.map(named), errorCode }
    // Version 1 has no error of its own, so each partition carries it.
    return {
      topics: (topics ?? []).map(topic => ({
        name: topic.name,
        partitions: refusedOffsets(topic, errorCode),
      })),
    }
  }

  async describe(
    request: RequestOf<typeof DescribeGroups>,
    { version }: Pick<GroupRequestContext, 'version'>,
  ): Promise<ResponseOf<typeof DescribeGroups>> {
    return { groups: request.groups.map(groupId => this.#describeGroup(groupId, version)) }
  }

  async list(request: RequestOf<typeof ListGroups>): Promise<ResponseOf<typeof ListGroups>> {
    if (this.#runtime.isLoading) return { errorCode: ErrorCode.COORDINATOR_LOAD_IN_PROGRESS, groups: [] }
    const states = new Set(request.statesFilter.map(state => state.toLowerCase()))
    const types = new Set(request.typesFilter.map(type => type.toLowerCase()))
    const groups = []
    if (types.size === 0 || types.has('classic')) {
      for (const partition of this.#runtime.coordinators()) {
        for (const { group } of partition.groups()) {
          if (states.size > 0 && !states.has(group.state.toLowerCase())) continue
          const { id: groupId, state: groupState } = group
          groups.push({ groupId, protocolType: group.protocolType ?? '', groupState, groupType: 'classic' })
        }
      }
    }
    return { errorCode: ErrorCode.NONE, groups }
  }

  async delete(request: RequestOf<typeof DeleteGroups>): Promise<ResponseOf<typeof DeleteGroups>> {
    const results = [...new Set(request.groupsNames)].map(async groupId => {
      try {
        return { groupId, errorCode: await deleteGroup(this.#require(groupId), groupId) }
      } catch (error) {
        return { groupId, errorCode: appendErrorCode(error) }
      }
    })
    return { results: await Promise.all(results) }
  }

  async deleteOffsets(request: RequestOf<typeof OffsetDelete>): Promise<ResponseOf<typeof OffsetDelete>> {
    const { groupId } = request
    if (groupId === '') return { errorCode: ErrorCode.INVALID_GROUP_ID, topics: [] }
    const asked = request.topics.flatMap(({ name, partitions }) =>
      partitions.map(({ partitionIndex }) => ({ topic: name, partitionIndex })),
    )
    const wanted = asked.filter(({ topic, partitionIndex }) =>
      hasPartition(this.#topics, topic, partitionIndex),
    )
    try {
      const errorCodes = await deleteOffsets(this.#require(groupId), groupId, wanted)
      const codes = new Map(wanted.map((offset, i) => [offset, errorCodes[i]!]))
      const all = asked.map(offset => codes.get(offset) ?? ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
      let next = 0
      const topics = request.topics.map(({ name, partitions }) => ({
        name,
        partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode: all[next++]! })),
      }))
      return { errorCode: ErrorCode.NONE, topics }
    } catch (error) {
      return { errorCode: appendErrorCode(error), topics: [] }
    }
  }

  /** All groups that this node coordinates forget their offsets of the topic. */
  async onTopicDeleted(topic: { name: string; topicId: string }): Promise<void> {
    for (const partition of [...this.#runtime.coordinators()]) {
      await this.#tend(partition, 'offsets of a deleted topic stay', () => forgetTopic(partition, topic))
    }
  }

  /** One round of offset expiry, which also runs by itself every `offsets.retention.check.interval.ms`. */
  async expireOffsets(): Promise<void> {
    const pause = () =>
      new Promise<void>(resolve => void this.#clock.after(0, resolve, 'offset expiry, next slice'))
    for (const partition of [...this.#runtime.coordinators()]) {
      await this.#tend(partition, 'offset expiry was cut short', () =>
        expireOffsets(partition, this.#topics, pause),
      )
    }
  }

  #require(groupId: string): GroupPartition {
    return this.#runtime.require(this.coordinatorPartition(groupId))
  }

  #groupsBeside(partition: GroupPartition): number {
    let count = -partition.size
    for (const { size } of this.#runtime.coordinators()) count += size
    return count
  }

  async #fetchGroup(
    group: OffsetFetchGroup,
    version: number,
    requireStable: boolean,
  ): Promise<OffsetFetchGroupResult> {
    try {
      const partition = this.#require(group.groupId)
      if (requireStable) await partition.settled()
      return await fetchOffsets(group, version >= 10, partition.store, this.#topics)
    } catch (error) {
      return { groupId: group.groupId, topics: [], errorCode: appendErrorCode(error) }
    }
  }

  #describeGroup(groupId: string, version: number): DescribedGroup {
    const nothing = { groupId, groupState: '', protocolType: '', protocolData: '', members: [] }
    try {
      const entry = this.#require(groupId).find(groupId)
      if (entry !== undefined) return { errorCode: ErrorCode.NONE, groupId, ...entry.group.describe() }
      const dead = { ...nothing, groupState: 'Dead' }
      if (version < 6) return { ...dead, errorCode: ErrorCode.NONE }
      return { ...dead, errorCode: ErrorCode.GROUP_ID_NOT_FOUND, errorMessage: `Group ${groupId} not found.` }
    } catch (error) {
      return { ...nothing, errorCode: appendErrorCode(error) }
    }
  }

  /** Work nobody waits for: a partition that goes away meanwhile takes it up again when it is next due. */
  async #tend(partition: GroupPartition, failure: string, run: () => Promise<void>): Promise<void> {
    try {
      await run()
    } catch (error) {
      this.#logger.warn({ groups: partition.size, err: error }, failure)
    }
  }

  #scheduleExpiry(): void {
    const again = async () => {
      await this.expireOffsets()
      if (!this.#isClosed) this.#scheduleExpiry()
    }
    this.#expiryTimer = this.#clock.after(
      this.#settings.offsetsRetentionCheckIntervalMs,
      () => void again(),
      'offset expiry',
    )
  }
}

/** Java's `Utils.abs(groupId.hashCode()) % partitions`: clients and tools compute it too, so it never changes. */
export function coordinatorPartition(groupId: string, partitions: number): number {
  let hash = 0
  for (let i = 0; i < groupId.length; i++) hash = (Math.imul(31, hash) + groupId.charCodeAt(i)) | 0
  return (hash === -0x8000_0000 ? 0 : Math.abs(hash)) % partitions
}

/** A name offered twice would count as two supporters. */
function firstOfEachName(protocols: readonly JoinGroupProtocol[]): readonly JoinGroupProtocol[] {
  const names = new Set(protocols.map(({ name }) => name))
  if (names.size === protocols.length) return protocols
  return protocols.filter(({ name }) => names.delete(name))
}

function isSizeError(code: number): boolean {
  return (
    code === ErrorCode.RECORD_LIST_TOO_LARGE ||
    code === ErrorCode.MESSAGE_TOO_LARGE ||
    code === ErrorCode.INVALID_FETCH_SIZE
  )
}

function named({ name = '', partitions }: OffsetFetchGroupResult['topics'][number]) {
  return { name, partitions }
}
