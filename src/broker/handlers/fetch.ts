import type { Lease } from '../../base/buffer-pool.ts'
import { IsolationLevel, type Partition } from '../../cluster/partition.ts'
import type { TopicTraffic } from '../../cluster/topic-traffic.ts'
import { KafkaError } from '../../protocol/errors.ts'
import { Fetch, type FetchPartitionResult, type FetchTopicResult } from '../../protocol/messages/fetch.ts'
import type { RequestOf, ResponseOf } from '../../protocol/schema.ts'
import type { RequestContext } from '../context.ts'
import type { FetchPlan, SessionPartition } from '../fetch-sessions.ts'
import { handler } from '../handler.ts'
import { waitForAppend } from '../waiting-fetches.ts'
import { wireErrorOf } from '../wire-error.ts'

/**
 * Fetch: record batches from offsets on, waiting for `minBytes` of them if need be.
 *
 * v7 incremental sessions (KIP-227), v9 leader epochs, v12 says where logs diverge (KIP-595), v13 names topics by id (KIP-516), v15 moves
 * the replica id, which only brokers send. Batches are never split: the first one is sent whole at any size, even when the offset lies in
 * its middle. The answer holds slices of the log's memory, not copies.
 */
const PARTITIONS_MAX = 10_000

type Request = RequestOf<typeof Fetch>
type Response = ResponseOf<typeof Fetch>

export const fetch = handler(Fetch, {
  versions: [4, 18],
  notes: 'A replica id from a client gets CLUSTER_AUTHORIZATION_FAILED.',
  async handle(request, context) {
    const { broker } = context
    try {
      refuseReplicas(request)
      const plan = broker.fetchSessions.plan(request)
      if (plan.partitions.length > PARTITIONS_MAX) {
        throw new KafkaError('INVALID_REQUEST', `at most ${PARTITIONS_MAX} partitions can be fetched at once`)
      }
      const fetched = await fetchAll(plan, request, context)
      const throttleTimeMs = broker.throttle.fetched(context, bytesOf(fetched))
      if (throttleTimeMs > 0) return withoutRecords(plan, fetched, throttleTimeMs, context)
      for (const one of fetched) count(one)
      context.holder.held = fetched.flatMap(({ leases }) => leases)
      return answerOf(plan, fetched)
    } catch (error) {
      const { errorCode } = wireErrorOf(error, broker.logger)
      return context.version >= 7 ? { errorCode, responses: [] } : refuseEach(request, errorCode)
    }
  },
})

/** What was read of one partition. */
interface Fetched {
  partition: SessionPartition
  result: FetchPartitionResult
  bytes: number
  leases: readonly Lease[]
  /** Where it is counted when it is sent. */
  traffic: TopicTraffic
}

async function fetchAll(plan: FetchPlan, request: Request, context: RequestContext): Promise<Fetched[]> {
  const { clock } = context.broker
  let deadline = clock.mono() + request.maxWaitMs
  const bytesMax = context.broker.throttle.fetchBytesMax(context)
  const bytesMin = Math.min(request.minBytes, bytesMax)
  for (;;) {
    const waitable = new Map<Partition, number>()
    const fetched = await readAll(plan, request, context, bytesMax, waitable)
    const remainingMs = deadline - clock.mono()
    const isEnough = bytesOf(fetched) >= bytesMin || fetched.some(one => one.result.errorCode !== 0)
    if (isEnough || remainingMs <= 0 || waitable.size === 0) return fetched
    releaseAll(fetched)
    const why = await waitForAppend(waitable, remainingMs, context.session, clock)
    if (context.session.isClosed) return []
    if (why === 'closed') deadline = Number.NEGATIVE_INFINITY // about to be: the client gets what there is
  }
}

function bytesOf(fetched: readonly Fetched[]): number {
  return fetched.reduce((sum, { bytes }) => sum + bytes, 0)
}

function releaseAll(fetched: readonly Fetched[]): void {
  for (const { leases } of fetched) for (const lease of leases) lease.release()
}

/**
 * The client is over its quota: it gets nothing now, and will ask again for the same. One that asked for a session takes an answer without
 * partitions for no session (KIP-219).
 */
function withoutRecords(
  { sessionId, isIncremental }: FetchPlan,
  fetched: readonly Fetched[],
  throttleTimeMs: number,
  { broker }: RequestContext,
): Response {
  releaseAll(fetched)
  if (!isIncremental) broker.fetchSessions.close(sessionId)
  return { sessionId: isIncremental ? sessionId : 0, responses: [], throttleTimeMs }
}

/** Once for each partition of an answer, however often a long poll looked at it. */
function count({ traffic, bytes, result }: Fetched): void {
  traffic.fetchRequests++
  traffic.bytesOut += bytes
  if (result.errorCode !== 0) traffic.failedFetchRequests++
}

async function readAll(
  plan: FetchPlan,
  request: Request,
  context: RequestContext,
  bytesMax: number,
  waitable: Map<Partition, number>,
): Promise<Fetched[]> {
  const fetched: Fetched[] = []
  let bytesLeft = Math.min(request.maxBytes, context.broker.config.value('fetch.max.bytes'), bytesMax)
  let hasData = false
  for (const partition of plan.partitions) {
    const one = await readOne(partition, request, context, bytesLeft, !hasData, waitable)
    if (one.bytes > 0) hasData = true
    bytesLeft -= one.bytes
    fetched.push(one)
  }
  return fetched
}

async function readOne(
  wanted: SessionPartition,
  { isolationLevel }: Request,
  context: RequestContext,
  bytesLeft: number,
  needsOne: boolean,
  waitable: Map<Partition, number>,
): Promise<Fetched> {
  const { broker, version } = context
  const { fetchOffset, partitionMaxBytes, currentLeaderEpoch, lastFetchedEpoch } = wanted.request
  const { partitions } = broker.cluster
  let traffic = partitions.strayTraffic
  try {
    const partition =
      version >= 13
        ? partitions.requireById(wanted.topicId, wanted.index)
        : partitions.require(wanted.topic, wanted.index)
    traffic = partition.traffic
    partition.requireLeader(currentLeaderEpoch)
    const marks = marksOf(partition, wanted.index, isolationLevel)
    const diverging = findDivergence(partition, lastFetchedEpoch, fetchOffset)
    if (diverging)
      return {
        partition: wanted,
        bytes: 0,
        leases: [],
        traffic,
        result: { ...marks, divergingEpoch: diverging, records: NOTHING },
      }
    const bytesMax = Math.max(0, Math.min(partitionMaxBytes, bytesLeft))
    const reading = partition.read(fetchOffset, bytesMax, isolationLevel, needsOne)
    const slice = reading instanceof Promise ? await reading : reading
    waitable.set(partition, marks.highWatermark)
    const records = slice.parts.length === 0 ? NOTHING : slice.parts
    const result = { ...marks, records }
    return { partition: wanted, bytes: slice.bytes, leases: slice.leases, traffic, result }
  } catch (error) {
    const { errorCode } = wireErrorOf(error, broker.logger)
    const result = { ...NO_MARKS, partitionIndex: wanted.index, errorCode, records: NOTHING }
    return { partition: wanted, bytes: 0, leases: [], traffic, result }
  }
}

const NOTHING = Buffer.alloc(0)
const NO_MARKS = { highWatermark: -1, lastStableOffset: -1, logStartOffset: -1, abortedTransactions: null }

function marksOf(partition: Partition, partitionIndex: number, isolationLevel: number) {
  return {
    partitionIndex,
    errorCode: 0,
    highWatermark: partition.highWatermark,
    lastStableOffset: partition.lastStableOffset,
    logStartOffset: partition.logStartOffset,
    abortedTransactions: isolationLevel === IsolationLevel.READ_COMMITTED ? [] : null,
  }
}

/** Where the caller's log and ours part, when it last read an epoch that ended earlier here. */
function findDivergence(partition: Partition, lastFetchedEpoch: number, fetchOffset: number) {
  if (lastFetchedEpoch < 0) return undefined
  const end = partition.endOffsetForEpoch(lastFetchedEpoch)
  if (end.epoch < 0) throw new KafkaError('OFFSET_OUT_OF_RANGE')
  return end.epoch < lastFetchedEpoch || end.endOffset < fetchOffset ? end : undefined
}

/** In a session only partitions with news are told. */
function answerOf(plan: FetchPlan, fetched: readonly Fetched[]): Response {
  const topics = new Map<string, { topic: string; topicId: string; partitions: FetchPartitionResult[] }>()
  for (const { partition, result, bytes } of fetched) {
    const { highWatermark, logStartOffset = -1, errorCode } = result
    const isNews =
      bytes > 0 ||
      errorCode !== 0 ||
      partition.hadError ||
      result.divergingEpoch !== undefined ||
      highWatermark !== partition.highWatermark ||
      logStartOffset !== partition.logStartOffset
    partition.highWatermark = highWatermark
    partition.logStartOffset = logStartOffset
    partition.hadError = errorCode !== 0
    if (bytes > 0) plan.rotate(partition)
    if (plan.isIncremental && !isNews) continue
    const { topic, topicId } = partition
    const key = `${topicId} ${topic}`
    const entry = topics.get(key)
    if (entry) entry.partitions.push(result)
    else topics.set(key, { topic, topicId, partitions: [result] })
  }
  const responses: FetchTopicResult[] = [...topics.values()]
  return { sessionId: plan.sessionId, responses }
}

/** Replica fetches are between brokers only; a client that claims to be one could pass the high watermark (CVE-2018-1288). */
function refuseReplicas({ replicaId, replicaState }: Request): void {
  if (replicaId < 0 && (replicaState?.replicaId ?? -1) < 0) return
  throw new KafkaError('CLUSTER_AUTHORIZATION_FAILED', 'only brokers fetch as replicas')
}

/** Before v7 there is no error for the whole answer. */
function refuseEach(request: Request, errorCode: number): Response {
  const responses = request.topics.map(({ topic, partitions }) => ({
    topic,
    partitions: partitions.map(({ partition }) => ({
      ...NO_MARKS,
      partitionIndex: partition,
      errorCode,
      records: NOTHING,
    })),
  }))
  return { responses }
}
