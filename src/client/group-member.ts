/**
 * A member of a classic group: joins, shares out the partitions when it leads, keeps itself alive by heartbeats, commits, leaves.
 *
 * Rebalances are eager: when the group rebalances, `rebalancing` is called once, and whoever uses the member stops reading, commits and
 * joins again.
 */
import type { Timer } from '../base/clock.ts'
import { KafkaError } from '../protocol/errors.ts'
import { Heartbeat } from '../protocol/messages/heartbeat.ts'
import { JoinGroup } from '../protocol/messages/join-group.ts'
import { LeaveGroup } from '../protocol/messages/leave-group.ts'
import { SyncGroup } from '../protocol/messages/sync-group.ts'
import type { DecodedResponseOf } from '../protocol/schema.ts'
import { type AssignorName, assignors } from './assignors.ts'
import {
  CONSUMER_PROTOCOL,
  decodeAssignment,
  decodeSubscription,
  encodeAssignment,
  encodeSubscription,
} from './consumer-protocol.ts'
import { errorOf } from './error-answer.ts'
import { commitOffsets, type PartitionOffset } from './group-offsets.ts'
import type { KafkaClient } from './kafka-client.ts'
import type { TopicPartition } from './topic-partition.ts'

export interface MemberOptions {
  group: string
  topics: readonly string[]
  assignor?: AssignorName
  sessionTimeoutMs?: number
  rebalanceTimeoutMs?: number
  rebalancing?: () => void
}

const SESSION_TIMEOUT_MS = 10_000
const REBALANCE_TIMEOUT_MS = 30_000
/** Often enough that a rebalance is heard of soon. */
const HEARTBEAT_MS = 1_000
/** Three may be lost before the session ends. */
const HEARTBEATS_IN_SESSION = 4
/** A join is answered when all members have come, at the latest when the rebalance times out. */
const JOIN_ANSWER_MS = 5_000

/** The group goes on without us, or without our generation: the next join begins anew. */
const lost = new Set(['UNKNOWN_MEMBER_ID', 'ILLEGAL_GENERATION', 'FENCED_INSTANCE_ID'])

export class GroupMember {
  readonly #client: KafkaClient
  readonly #options: MemberOptions
  readonly #sessionTimeoutMs: number
  #memberId = ''
  #generationId = -1
  #heartbeat: Timer | undefined

  constructor(client: KafkaClient, options: MemberOptions) {
    this.#client = client
    this.#options = options
    this.#sessionTimeoutMs = options.sessionTimeoutMs ?? SESSION_TIMEOUT_MS
  }

  /** Enters the group, or its next generation; gives the partitions that are ours in it. */
  async join(): Promise<TopicPartition[]> {
    this.#stopHeartbeats()
    for (;;) {
      try {
        const joined = await this.#askToJoin()
        this.#memberId = joined.memberId
        this.#generationId = joined.generationId
        const assigned = await this.#sync(joined)
        this.#beatLater()
        return assigned
      } catch (error) {
        this.#beginAnewOrThrow(error)
      }
    }
  }

  /** Commits as this member; throws when the group has gone on without it. */
  async commit(offsets: readonly PartitionOffset[]): Promise<void> {
    // Without an id the offsets would be stored as those of somebody outside.
    if (this.#memberId === '') throw new KafkaError('UNKNOWN_MEMBER_ID', 'the group goes on without us')
    const committer = { memberId: this.#memberId, generationId: this.#generationId }
    await commitOffsets(this.#client, this.#options.group, offsets, committer)
  }

  /** Leaves, so that the others need not wait for the end of the session. */
  async leave(): Promise<void> {
    this.#stopHeartbeats()
    if (this.#memberId === '') return
    const { group } = this.#options
    const memberId = this.#memberId
    this.#memberId = ''
    const body = { groupId: group, memberId, members: [{ memberId }] }
    await this.#client.askCoordinator(group, LeaveGroup, body, ({ errorCode, members }) => {
      const error = errorOf(errorCode || (members[0]?.errorCode ?? 0))
      return error && lost.has(error.error) ? undefined : error
    })
  }

  async #askToJoin(): Promise<DecodedResponseOf<typeof JoinGroup>> {
    const { group, topics, assignor = 'range', rebalanceTimeoutMs = REBALANCE_TIMEOUT_MS } = this.#options
    return this.#client.askCoordinator(
      group,
      JoinGroup,
      {
        groupId: group,
        sessionTimeoutMs: this.#sessionTimeoutMs,
        rebalanceTimeoutMs,
        memberId: this.#memberId,
        protocolType: CONSUMER_PROTOCOL,
        protocols: [{ name: assignor, metadata: encodeSubscription(topics) }],
      },
      ({ errorCode, memberId }) => {
        const error = errorOf(errorCode)
        // The first answer only gives us the id with which we are to come again (KIP-394).
        if (error?.error === 'MEMBER_ID_REQUIRED') this.#memberId = memberId
        return error
      },
      { timeoutMs: rebalanceTimeoutMs + JOIN_ANSWER_MS },
    )
  }

  async #sync(joined: DecodedResponseOf<typeof JoinGroup>): Promise<TopicPartition[]> {
    const { group, rebalanceTimeoutMs = REBALANCE_TIMEOUT_MS } = this.#options
    const isLeader = joined.leader === joined.memberId && !joined.skipAssignment
    const answer = await this.#client.askCoordinator(
      group,
      SyncGroup,
      {
        groupId: group,
        generationId: joined.generationId,
        memberId: joined.memberId,
        protocolType: CONSUMER_PROTOCOL,
        protocolName: joined.protocolName,
        assignments: isLeader ? await this.#assign(joined) : [],
      },
      ({ errorCode }) => errorOf(errorCode),
      { timeoutMs: rebalanceTimeoutMs + JOIN_ANSWER_MS },
    )
    return decodeAssignment(answer.assignment)
  }

  async #assign({ members, protocolName }: DecodedResponseOf<typeof JoinGroup>) {
    const subscribers = members.map(({ memberId, metadata }) => ({
      memberId,
      topics: decodeSubscription(metadata),
    }))
    const topics = [...new Set(subscribers.flatMap(({ topics }) => topics))]
    const views = await this.#client.refresh(topics)
    const counts = new Map(views.map(({ name, partitions }) => [name, partitions.length]))
    const assign = assignors[(protocolName ?? 'range') as AssignorName]
    return [...assign(subscribers, counts)].map(([memberId, partitions]) => ({
      memberId,
      assignment: encodeAssignment(partitions),
    }))
  }

  /** What a join may try again after; everything else is thrown. */
  #beginAnewOrThrow(error: unknown): void {
    if (!(error instanceof KafkaError)) throw error
    if (error.error === 'MEMBER_ID_REQUIRED' || error.error === 'REBALANCE_IN_PROGRESS') return
    if (!lost.has(error.error)) throw error
    this.#forget()
  }

  #forget(): void {
    this.#memberId = ''
    this.#generationId = -1
  }

  #beatLater(): void {
    const everyMs = Math.min(HEARTBEAT_MS, this.#sessionTimeoutMs / HEARTBEATS_IN_SESSION)
    this.#heartbeat = this.#client.clock.after(everyMs, () => void this.#beat(), 'client-heartbeat')
  }

  async #beat(): Promise<void> {
    const { group, rebalancing } = this.#options
    const beating = this.#heartbeat
    try {
      await this.#client.askCoordinator(
        group,
        Heartbeat,
        { groupId: group, generationId: this.#generationId, memberId: this.#memberId },
        ({ errorCode }) => errorOf(errorCode),
      )
      if (this.#heartbeat === beating) this.#beatLater()
    } catch (error) {
      // Somebody has joined or left in the meantime: this beat was of an earlier membership.
      if (this.#heartbeat !== beating) return
      this.#heartbeat = undefined
      if (error instanceof KafkaError && lost.has(error.error)) this.#forget()
      // Whatever else went wrong, joining again shows it to whoever uses the member.
      rebalancing?.()
    }
  }

  #stopHeartbeats(): void {
    this.#heartbeat?.cancel()
    this.#heartbeat = undefined
  }
}
