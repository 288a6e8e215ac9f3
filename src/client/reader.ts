/**
 * Reads partitions from given offsets on, from their leaders, all brokers at once and each partition in its order.
 *
 * A partition with an end is left when it is reached; without one it is followed. A leader that has moved or a broker that starts again
 * is waited for until the client's time is over. A position below the log start (retention was faster) goes on at the log start; one
 * beyond the end is an error.
 */
import { ErrorCode, KafkaError } from '../protocol/errors.ts'
import { Fetch } from '../protocol/messages/fetch.ts'
import type { DecodedResponseOf } from '../protocol/schema.ts'
import { ConnectionError } from './connection-error.ts'
import { errorOf } from './error-answer.ts'
import { type FetchedRecord, readFetched } from './fetched-records.ts'
import type { KafkaClient } from './kafka-client.ts'
import { type Isolation, isolationLevel, Place, requireOffsets } from './offsets.ts'
import { isTemporary, type Pauses } from './retry.ts'
import { byTopic, keyOf, type TopicPartition } from './topic-partition.ts'

export interface ReadPosition extends TopicPartition {
  readonly offset: number
  /** The first offset that is not read; followed when left out. */
  readonly endOffset?: number
}

export interface ReaderOptions {
  isolation?: Isolation
  maxWaitMs?: number
  minBytes?: number
  maxBytes?: number
  partitionBytesMax?: number
  /** Lets the leader name a replica that is nearer (KIP-392). */
  rackId?: string
}

export interface ReadBatch extends TopicPartition {
  readonly records: readonly FetchedRecord[]
  readonly logStartOffset: number
  readonly lastStableOffset: number
  readonly highWatermark: number
  /** Where the partition goes on. */
  readonly nextOffset: number
}

const MAX_WAIT_MS = 500
const MAX_BYTES = 50 << 20
const PARTITION_BYTES_MAX = 1 << 20
/** What a fetch may take beyond the time that it waits. */
const ANSWER_MS = 10_000

interface Progress extends TopicPartition {
  offset: number
  readonly endOffset: number
  /** A broker that the leader has named in its place; −1: the leader. */
  replica: number
}

type Answer = DecodedResponseOf<typeof Fetch>
type PartitionAnswer = Answer['responses'][number]['partitions'][number]

interface Arrival {
  readonly asked: readonly Progress[]
  readonly answer: Answer | Error
}

export class Reader {
  readonly #client: KafkaClient
  readonly #options: ReaderOptions
  readonly #progress = new Map<string, Progress>()
  readonly #busy = new Set<number>()
  readonly #arrivals: Arrival[] = []
  #pauses: Pauses | undefined
  #wake = () => {}
  #isStopped = false

  constructor(client: KafkaClient, positions: readonly ReadPosition[], options: ReaderOptions = {}) {
    this.#client = client
    this.#options = options
    for (const { topic, partition, offset, endOffset = Infinity } of positions)
      if (offset < endOffset)
        this.#progress.set(keyOf({ topic, partition }), { topic, partition, offset, endOffset, replica: -1 })
  }

  /** Ends when every partition has reached its end, or after `stop`. */
  async *batches(): AsyncGenerator<ReadBatch, void> {
    await this.#learn()
    while (this.#progress.size > 0 && !this.#isStopped) {
      this.#fetchIdle()
      const arrival = await this.#next()
      if (!arrival) return
      yield* this.#take(arrival)
    }
  }

  /** Ends the batches, also while one is waited for. */
  stop(): void {
    this.#isStopped = true
    this.#wake()
  }

  async #next(): Promise<Arrival | undefined> {
    while (!this.#isStopped) {
      const arrival = this.#arrivals.shift()
      if (arrival) return arrival
      await new Promise<void>(resolve => {
        this.#wake = resolve
      })
    }
    return undefined
  }

  /** Every broker that leads one of our partitions is asked, unless it owes us an answer. */
  #fetchIdle(): void {
    const bySource = new Map<number, Progress[]>()
    for (const one of this.#progress.values()) {
      const source = this.#sourceOf(one)
      const part = bySource.get(source)
      if (part) part.push(one)
      else bySource.set(source, [one])
    }
    for (const [source, asked] of bySource) {
      if (this.#busy.has(source)) continue
      this.#busy.add(source)
      this.#fetch(source, asked).then(answer => {
        this.#busy.delete(source)
        this.#arrivals.push({ asked, answer })
        this.#wake()
      })
    }
  }

  #sourceOf({ topic, partition, replica }: Progress): number {
    if (replica >= 0) return replica
    return this.#client.view.findPartition(topic, partition)?.leader ?? -1
  }

  /** Never rejects: what goes wrong is the answer. */
  async #fetch(source: number, asked: readonly Progress[]): Promise<Answer | Error> {
    const { isolation = 'read-uncommitted', maxWaitMs = MAX_WAIT_MS } = this.#options
    const { partitionBytesMax = PARTITION_BYTES_MAX } = this.#options
    const { view } = this.#client
    try {
      if (source < 0) throw new KafkaError('LEADER_NOT_AVAILABLE', 'a partition has no leader')
      const connection = await this.#client.toBroker(source)
      const request = {
        maxWaitMs,
        minBytes: this.#options.minBytes ?? 1,
        maxBytes: this.#options.maxBytes ?? MAX_BYTES,
        isolationLevel: isolationLevel(isolation),
        rackId: this.#options.rackId ?? '',
        topics: [...byTopic(asked)].map(([topic, partitions]) => ({
          topic,
          topicId: view.topicIdOf(topic),
          partitions: partitions.map(({ partition, offset }) => ({
            partition,
            currentLeaderEpoch: view.findPartition(topic, partition)?.leaderEpoch ?? -1,
            fetchOffset: offset,
            partitionMaxBytes: partitionBytesMax,
          })),
        })),
      }
      return await connection.request(Fetch, request, { timeoutMs: maxWaitMs + ANSWER_MS })
    } catch (error) {
      return error as Error
    }
  }

  async *#take({ asked, answer }: Arrival): AsyncGenerator<ReadBatch, void> {
    const failure = answer instanceof Error ? answer : errorOf(answer.errorCode)
    if (failure) return this.#recover(failure, asked)
    let isWell = true
    for (const { topic, topicId, partitions } of (answer as Answer).responses) {
      const name = this.#client.view.nameOf(topic, topicId)
      for (const part of partitions) {
        const progress = this.#progress.get(keyOf({ topic: name, partition: part.partitionIndex }))
        if (!progress || this.#isStopped) continue
        if (part.preferredReadReplica >= 0) progress.replica = part.preferredReadReplica
        if (part.errorCode === ErrorCode.NONE) {
          const read = this.#advance(progress, part)
          if (read) yield read
        } else {
          isWell = false
          await this.#recoverPartition(progress, part)
        }
      }
    }
    if (isWell) this.#pauses = undefined
  }

  #advance(progress: Progress, part: PartitionAnswer): ReadBatch | undefined {
    const { topic, partition, endOffset } = progress
    const before = progress.offset
    const found = readFetched(part.records ?? Buffer.alloc(0), before, part.abortedTransactions ?? [])
    const records = found.records.filter(({ offset }) => offset < endOffset)
    progress.offset = found.nextOffset
    if (progress.offset >= endOffset) this.#progress.delete(keyOf(progress))
    if (progress.offset === before) return undefined
    return {
      topic,
      partition,
      records,
      logStartOffset: part.logStartOffset,
      lastStableOffset: part.lastStableOffset,
      highWatermark: part.highWatermark,
      nextOffset: Math.min(progress.offset, endOffset),
    }
  }

  async #recoverPartition(progress: Progress, { errorCode }: PartitionAnswer): Promise<void> {
    if (errorCode === ErrorCode.OFFSET_OUT_OF_RANGE) {
      if (progress.replica >= 0) progress.replica = -1
      else await this.#returnToRange(progress)
      return
    }
    await this.#recover(errorOf(errorCode, `${progress.topic}-${progress.partition}`)!, [progress])
  }

  /** Throws what time does not heal. */
  async #recover(error: Error, asked: readonly Progress[]): Promise<void> {
    if (this.#isStopped) return
    const mayHeal = isTemporary(error) || (error instanceof KafkaError && error.isRetriable)
    this.#pauses ??= this.#client.pauses()
    if (!mayHeal || !(await this.#pauses.next())) throw error
    for (const one of asked) one.replica = -1
    if (!(error instanceof ConnectionError)) await this.#learn()
    else await this.#learn().catch(() => {})
  }

  async #returnToRange(progress: Progress): Promise<void> {
    const [start] = await requireOffsets(this.#client, [progress], Place.START)
    const [end] = await requireOffsets(this.#client, [progress], Place.END)
    if (progress.offset > end!) {
      const { topic, partition, offset } = progress
      const reason = `${topic}-${partition} has offsets ${start} to ${end}, so there is no ${offset}`
      throw new KafkaError('OFFSET_OUT_OF_RANGE', reason)
    }
    progress.offset = Math.max(progress.offset, start!)
  }

  /** Learns anew who leads our partitions. */
  async #learn(): Promise<void> {
    const topics = new Set([...this.#progress.values()].map(({ topic }) => topic))
    if (topics.size > 0) await this.#client.refresh([...topics])
  }
}
