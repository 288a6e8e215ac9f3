import type { Clock } from '../base/clock.ts'
import type { Random } from '../base/random.ts'
import { KafkaError } from '../protocol/errors.ts'
import type { Fetch, FetchPartition } from '../protocol/messages/fetch.ts'
import type { RequestOf } from '../protocol/schema.ts'

/**
 * Incremental fetch sessions (KIP-227): a client names its partitions once, then only what changes, and gets only what is new.
 *
 * Sessions are few (`max.incremental.fetch.session.cache.slots`); when all slots are taken, the one unused for longest gives way if it
 * has been idle for two minutes, else the client is served without a session.
 */
const EVICTABLE_AFTER_MS = 120_000
const FINAL_EPOCH = -1
const INITIAL_EPOCH = 0

/** What is fetched of one partition, with what the client was told last. */
export interface SessionPartition {
  readonly topic: string
  readonly topicId: string
  readonly index: number
  request: FetchPartition
  highWatermark: number
  logStartOffset: number
  /** Told with an error last time: then it is told again, whatever comes. */
  hadError: boolean
}

export interface FetchPlan {
  /** 0: no session. */
  sessionId: number
  partitions: SessionPartition[]
  /** Partitions without news are left out of the answer. */
  isIncremental: boolean
  /** Puts a partition that gave data behind the others, so that each gets its turn. */
  rotate(partition: SessionPartition): void
}

interface Session {
  id: number
  epoch: number
  partitions: Map<string, SessionPartition>
  usedAt: number
}

export class FetchSessions {
  readonly #slots: number
  readonly #clock: Clock
  readonly #random: Random
  /** In order of last use. */
  readonly #sessions = new Map<number, Session>()

  constructor(slots: number, clock: Clock, random: Random) {
    this.#slots = slots
    this.#clock = clock
    this.#random = random
  }

  get count(): number {
    return this.#sessions.size
  }

  /** Throws FETCH_SESSION_ID_NOT_FOUND or INVALID_FETCH_SESSION_EPOCH: the client then begins anew. */
  plan(request: RequestOf<typeof Fetch>): FetchPlan {
    const { sessionId, sessionEpoch } = request
    if (sessionEpoch === INITIAL_EPOCH || sessionEpoch === FINAL_EPOCH) {
      if (sessionId !== 0) this.#sessions.delete(sessionId)
      const partitions = partitionsOf(request)
      const session = sessionEpoch === INITIAL_EPOCH ? this.#open(partitions) : undefined
      return planOf(session?.id ?? 0, session?.partitions ?? partitions, false)
    }
    const session = this.#sessions.get(sessionId)
    if (!session) throw new KafkaError('FETCH_SESSION_ID_NOT_FOUND')
    if (session.epoch !== sessionEpoch) throw new KafkaError('INVALID_FETCH_SESSION_EPOCH')
    session.epoch = session.epoch === 0x7fffffff ? 1 : session.epoch + 1
    session.usedAt = this.#clock.mono()
    this.#sessions.delete(sessionId)
    this.#sessions.set(sessionId, session)
    for (const [key, partition] of partitionsOf(request)) {
      const known = session.partitions.get(key)
      if (known) known.request = partition.request
      else session.partitions.set(key, partition)
    }
    for (const topic of request.forgottenTopicsData) {
      for (const index of topic.partitions) session.partitions.delete(keyOf(topic, index))
    }
    return planOf(sessionId, session.partitions, true)
  }

  close(sessionId: number): void {
    this.#sessions.delete(sessionId)
  }

  #open(partitions: Map<string, SessionPartition>): Session | undefined {
    if (this.#slots === 0 || partitions.size === 0) return undefined
    const now = this.#clock.mono()
    if (this.#sessions.size >= this.#slots) {
      const [oldest] = this.#sessions.values()
      if (!oldest || now - oldest.usedAt < EVICTABLE_AFTER_MS) return undefined
      this.#sessions.delete(oldest.id)
    }
    let id = 0
    while (id === 0 || this.#sessions.has(id)) id = this.#random.u32() & 0x7fffffff
    const session = { id, epoch: 1, partitions, usedAt: now }
    this.#sessions.set(id, session)
    return session
  }
}

function planOf(
  sessionId: number,
  partitions: Map<string, SessionPartition>,
  isIncremental: boolean,
): FetchPlan {
  return {
    sessionId,
    partitions: [...partitions.values()],
    isIncremental,
    rotate(partition) {
      const key = keyOf(partition, partition.index)
      if (!partitions.delete(key)) return
      partitions.set(key, partition)
    },
  }
}

function partitionsOf(request: RequestOf<typeof Fetch>): Map<string, SessionPartition> {
  const partitions = new Map<string, SessionPartition>()
  for (const { topic, topicId, partitions: requested } of request.topics) {
    for (const one of requested) {
      partitions.set(keyOf({ topic, topicId }, one.partition), {
        topic,
        topicId,
        index: one.partition,
        request: one,
        highWatermark: -1,
        logStartOffset: -1,
        hadError: false,
      })
    }
  }
  return partitions
}

/** The name or the id is empty, by version. */
function keyOf({ topic, topicId }: { topic: string; topicId: string }, index: number): string {
  return `${topicId} ${topic} ${index}`
}
