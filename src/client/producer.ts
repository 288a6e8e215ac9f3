/**
 * Sends records: gathered into batches, one batch of a partition under way at a time, in the order in which they came.
 *
 * Nothing lingers: what comes in one turn of the event loop leaves at its end, and what comes while a batch is under way is the next
 * batch. A batch is sent again, to the new leader if there is one, until the client's time is over; with acks of all the broker knows a
 * second copy by its producer id and sequence (KIP-98), so nothing is stored twice. The first failure is final: `send` and `flush`
 * throw it from then on.
 */
import type { CompressionName } from '../protocol/compression.ts'
import { ErrorCode, KafkaError } from '../protocol/errors.ts'
import { InitProducerId } from '../protocol/messages/init-producer-id.ts'
import { Produce } from '../protocol/messages/produce.ts'
import { buildBatch } from '../protocol/record.ts'
import type { HeaderInput } from '../protocol/record-writer.ts'
import { ConnectionError } from './connection-error.ts'
import { errorOf, requireSuccess } from './error-answer.ts'
import type { KafkaClient } from './kafka-client.ts'
import { partitionOfKey } from './murmur2.ts'
import { keyOf } from './topic-partition.ts'

export interface OutgoingRecord {
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: readonly HeaderInput[]
  readonly timestamp: number
  /** Chosen by the key, or in turn, when left out. */
  readonly partition?: number
}

export interface DeliveredBatch {
  readonly topic: string
  readonly partition: number
  /** −1 where the broker did not say, as with acks 0. */
  readonly baseOffset: number
  readonly records: readonly OutgoingRecord[]
}

export interface ProducerOptions {
  acks?: -1 | 0 | 1
  compression?: CompressionName
  compressionLevel?: number
  /** A batch is closed when it has so many bytes, before compression. */
  batchBytes?: number
  /** `send` waits while so many bytes are on their way. */
  bufferBytes?: number
  /** Hears of each batch that the broker has acknowledged, in order for each partition. */
  delivered?: (batch: DeliveredBatch) => void
}

const BATCH_BYTES = 256 << 10
const BUFFER_BYTES = 16 << 20
/** Length, attributes, deltas and counts: what a record takes besides its parts, about. */
const RECORD_OVERHEAD_BYTES = 24

interface Queue {
  readonly topic: string
  readonly partition: number
  waiting: { record: OutgoingRecord; bytes: number }[]
  isSending: boolean
  nextSequence: number
}

interface Batch {
  readonly queue: Queue
  readonly records: readonly OutgoingRecord[]
  readonly bytes: Buffer
}

interface ProducerIdentity {
  readonly producerId: number
  readonly producerEpoch: number
}

export class Producer {
  readonly #client: KafkaClient
  readonly #options: ProducerOptions
  readonly #acks: -1 | 0 | 1
  readonly #queues = new Map<string, Queue>()
  readonly #counts = new Map<string, number>()
  #turn: number
  #bufferedBytes = 0
  #sending = 0
  #failure: unknown
  #identity: Promise<ProducerIdentity | undefined> | undefined
  /** Those who wait for room, or for everything to be sent; each looks for itself whether its time has come. */
  #waiters: (() => void)[] = []

  constructor(client: KafkaClient, options: ProducerOptions = {}) {
    this.#client = client
    this.#options = options
    this.#acks = options.acks ?? -1
    this.#turn = client.clock.wall() & 0xffff
  }

  /** Takes a record; resolves when there is room for another one. The topic must exist (`KafkaClient.requireTopic`). */
  async send(topic: string, record: OutgoingRecord): Promise<void> {
    this.#enqueue(topic, record)
    const most = this.#options.bufferBytes ?? BUFFER_BYTES
    await this.#until(() => this.#bufferedBytes < most)
  }

  /** Resolves when everything taken so far is acknowledged. */
  flush(): Promise<void> {
    return this.#until(() => this.#bufferedBytes === 0 && this.#sending === 0)
  }

  #enqueue(topic: string, record: OutgoingRecord): void {
    if (this.#failure !== undefined) throw this.#failure
    const queue = this.#queueFor(topic, this.#choose(topic, record))
    const bytes = sizeOf(record)
    queue.waiting.push({ record, bytes })
    this.#bufferedBytes += bytes
    if (queue.isSending) return
    queue.isSending = true
    this.#sending++
    this.#client.clock.soon(() => void this.#drain(queue))
  }

  #choose(topic: string, { key, partition }: OutgoingRecord): number {
    const count = this.#countOf(topic)
    if (partition !== undefined) {
      if (partition < count) return partition
      const reason = `topic ${topic} has ${count} partitions, so there is none with number ${partition}`
      throw new KafkaError('UNKNOWN_TOPIC_OR_PARTITION', reason)
    }
    return key === null ? this.#turn++ % count : partitionOfKey(key, count)
  }

  #countOf(topic: string): number {
    let count = this.#counts.get(topic)
    if (count === undefined) {
      count = this.#client.view.topics.get(topic)?.partitions.length ?? 0
      if (count === 0) throw new KafkaError('UNKNOWN_TOPIC_OR_PARTITION', `there is no topic ${topic}`)
      this.#counts.set(topic, count)
    }
    return count
  }

  #queueFor(topic: string, partition: number): Queue {
    const key = keyOf({ topic, partition })
    let queue = this.#queues.get(key)
    if (!queue) {
      queue = { topic, partition, waiting: [], isSending: false, nextSequence: 0 }
      this.#queues.set(key, queue)
    }
    return queue
  }

  async #drain(queue: Queue): Promise<void> {
    try {
      while (queue.waiting.length > 0 && this.#failure === undefined) {
        const { taken, bytes } = this.#take(queue)
        await this.#deliver(await this.#build(queue, taken))
        this.#bufferedBytes -= bytes
        this.#wake()
      }
    } catch (error) {
      this.#failure ??= error
    }
    queue.isSending = false
    this.#sending--
    this.#wake()
  }

  #take(queue: Queue): { taken: OutgoingRecord[]; bytes: number } {
    const most = this.#options.batchBytes ?? BATCH_BYTES
    let bytes = 0
    let count = 0
    for (const one of queue.waiting) {
      if (count > 0 && bytes + one.bytes > most) break
      bytes += one.bytes
      count++
    }
    const taken = queue.waiting.slice(0, count).map(({ record }) => record)
    queue.waiting = queue.waiting.slice(count)
    return { taken, bytes }
  }

  async #build(queue: Queue, records: readonly OutgoingRecord[]): Promise<Batch> {
    this.#identity ??= this.#identify()
    const identity = await this.#identity
    const { compression = 'none', compressionLevel } = this.#options
    const bytes = buildBatch(records, {
      compression,
      ...(compressionLevel === undefined ? {} : { compressionLevel }),
      ...(identity && { ...identity, baseSequence: queue.nextSequence }),
    })
    queue.nextSequence = (queue.nextSequence + records.length) % 0x8000_0000
    return { queue, records, bytes }
  }

  /** Undefined where second copies cannot be told: with other acks, or at a broker that gives no ids. */
  async #identify(): Promise<ProducerIdentity | undefined> {
    if (this.#acks !== -1 || !(await this.#client.toAny()).supports(InitProducerId)) return undefined
    return this.#client.retry(async () => {
      const answer = await this.#client.ask(InitProducerId, {
        transactionalId: null,
        transactionTimeoutMs: 0,
      })
      requireSuccess(answer.errorCode)
      return { producerId: answer.producerId, producerEpoch: answer.producerEpoch }
    })
  }

  async #deliver(batch: Batch): Promise<void> {
    const { topic, partition } = batch.queue
    const pauses = this.#client.pauses()
    for (;;) {
      try {
        const baseOffset = await this.#sendOnce(batch)
        this.#options.delivered?.({ topic, partition, baseOffset, records: batch.records })
        return
      } catch (error) {
        if (!this.#mayTryAgain(error) || !(await pauses.next())) throw error
        await this.#client.refresh([topic])
      }
    }
  }

  /** A batch whose fate is unknown is sent again too. A new topic may still be on its way to all brokers. */
  #mayTryAgain(error: unknown): boolean {
    if (error instanceof ConnectionError) return error.isTemporary
    return error instanceof KafkaError && error.isRetriable
  }

  /** Gives the batch's first offset, or −1 where the broker does not say. */
  async #sendOnce({ queue: { topic, partition }, bytes }: Batch): Promise<number> {
    const leader = this.#client.view.findPartition(topic, partition)?.leader
    if (leader === undefined)
      throw new KafkaError('UNKNOWN_TOPIC_OR_PARTITION', `topic ${topic} has no partition ${partition}`)
    if (leader < 0) throw new KafkaError('LEADER_NOT_AVAILABLE', `${topic}-${partition} has no leader`)
    const connection = await this.#client.toBroker(leader)
    const request = {
      acks: this.#acks,
      timeoutMs: this.#client.timeoutMs,
      topicData: [
        {
          name: topic,
          topicId: this.#client.view.topicIdOf(topic),
          partitionData: [{ index: partition, records: bytes }],
        },
      ],
    }
    if (this.#acks === 0) {
      await connection.tell(Produce, request)
      return -1
    }
    const { responses } = await connection.request(Produce, request)
    const answer = responses[0]?.partitionResponses[0]
    if (!answer) throw new KafkaError('UNKNOWN_SERVER_ERROR', 'an answer without the partition')
    if (answer.errorCode === ErrorCode.DUPLICATE_SEQUENCE_NUMBER) return -1
    const error = errorOf(answer.errorCode, reasonIn(answer))
    if (error) throw error
    return answer.baseOffset
  }

  async #until(isTime: () => boolean): Promise<void> {
    while (this.#failure === undefined && !isTime()) {
      await new Promise<void>(resolve => this.#waiters.push(resolve))
    }
    if (this.#failure !== undefined) throw this.#failure
  }

  #wake(): void {
    const waiters = this.#waiters
    this.#waiters = []
    for (const wake of waiters) wake()
  }
}

/** The record's own reason says more than the batch's. */
function reasonIn(answer: {
  readonly errorMessage: string | null
  readonly recordErrors: readonly { readonly batchIndexErrorMessage: string | null }[]
}): string | null {
  return answer.recordErrors[0]?.batchIndexErrorMessage ?? answer.errorMessage
}

function sizeOf({ key, value, headers }: OutgoingRecord): number {
  let bytes = RECORD_OVERHEAD_BYTES + (key?.length ?? 0) + (value?.length ?? 0)
  for (const header of headers) bytes += header.key.length + (header.value?.length ?? 0) + 2
  return bytes
}
