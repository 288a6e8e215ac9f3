import type { Partition } from '../../cluster/partition.ts'
import { Compression } from '../../protocol/compression.ts'
import { ErrorCode, errorName, KafkaError } from '../../protocol/errors.ts'
import {
  Produce,
  type ProducePartition,
  type ProducePartitionResult,
  type ProduceTopic,
  type ProduceTopicResult,
} from '../../protocol/messages/produce.ts'
import { BATCH_HEADER_BYTES, codecOf, recordCountOf } from '../../protocol/record-batch.ts'
import type { RequestOf, ResponseOf } from '../../protocol/schema.ts'
import type { RequestContext } from '../context.ts'
import { handler } from '../handler.ts'
import { wireErrorOf } from '../wire-error.ts'

/**
 * Produce: appends one record batch to each partition named, and answers when it is as safe as the topic's policy says.
 *
 * acks=1 and acks=all both wait for that; acks=0 is not answered at all. v13 names topics by id. Versions 0 to 2 are advertised, because
 * librdkafka takes their lack for a broker without compression (KAFKA-18659), and refused.
 */
type Answer = ResponseOf<typeof Produce>

export const produce = handler(Produce, {
  versions: [0, 13],
  refusedBelow: 3,
  overlaps: true,
  notes: 'Versions 0-2 are advertised and refused, as in Kafka. Transactional batches get INVALID_TXN_STATE.',
  handle(request, context) {
    const waits: Promise<void>[] = []
    const responses = request.topicData.map(topic => appendTopic(topic, request, context, waits))
    const throttleTimeMs = context.broker.throttle.produced(context, context.bytes)
    if (request.acks === 0) {
      if (waits.length === 0) return closeIfRefused(responses)
      return Promise.all(waits).then(() => closeIfRefused(responses))
    }
    const answer: Answer = throttleTimeMs > 0 ? { responses, throttleTimeMs } : { responses }
    if (waits.length === 0) return answer
    if (waits.length === 1) return waits[0]!.then(() => answer)
    return Promise.all(waits).then(() => answer)
  },
})

/** Who asked for no answer learns of an error by losing the connection, and looks up its topics again, as with Kafka. */
function closeIfRefused(responses: readonly ProduceTopicResult[]): null {
  for (const { name, partitionResponses } of responses) {
    const refused = partitionResponses.find(({ errorCode }) => errorCode !== ErrorCode.NONE)
    if (!refused) continue
    const { index, errorCode, errorMessage } = refused
    throw new Error(`acks=0 to ${name}-${index}: ${errorName(errorCode)}, ${errorMessage ?? 'not appended'}`)
  }
  return null
}

type MutableResult = { -readonly [K in keyof ProducePartitionResult]: ProducePartitionResult[K] }

function appendTopic(
  topic: ProduceTopic,
  request: RequestOf<typeof Produce>,
  context: RequestContext,
  waits: Promise<void>[],
): ProduceTopicResult {
  const partitionResponses = topic.partitionData.map(data => {
    const result: MutableResult = { index: data.index, errorCode: 0, baseOffset: -1 }
    let traffic = context.broker.cluster.partitions.strayTraffic
    const failed = (error: unknown) => {
      traffic.failedProduceRequests++
      fail(result, error, context)
    }
    try {
      const partition = findPartition(topic, data.index, context)
      traffic = partition.traffic
      const { pause } = partition // while it changes its directory
      const done = pause
        ? pause.then(() => append(partition, data, request, context, result))
        : append(partition, data, request, context, result)
      if (done) waits.push(done.catch(failed))
    } catch (error) {
      failed(error)
    }
    traffic.produceRequests++
    return result
  })
  return { name: topic.name, topicId: topic.topicId, partitionResponses }
}

function findPartition(topic: ProduceTopic, index: number, { version, broker }: RequestContext): Partition {
  const { partitions } = broker.cluster
  return version >= 13 ? partitions.requireById(topic.topicId, index) : partitions.require(topic.name, index)
}

/** Everything that decides the order of appends happens in this turn; only the disk is waited for, by the promise. */
function append(
  partition: Partition,
  { records }: ProducePartition,
  { acks, transactionalId }: RequestOf<typeof Produce>,
  context: RequestContext,
  result: MutableResult,
): Promise<void> | undefined {
  if (acks < -1 || acks > 1) throw new KafkaError('INVALID_REQUIRED_ACKS')
  if (transactionalId !== null)
    throw new KafkaError('INVALID_TXN_STATE', 'this broker does not serve transactions yet')
  if (records === null || records.length === 0) {
    throw new KafkaError('INVALID_RECORD', 'a partition must be sent exactly one record batch')
  }
  if (context.broker.internalTopics.isInternal(partition.topic) && context.clientId !== ADMIN_CLIENT_ID) {
    throw new KafkaError('INVALID_TOPIC_EXCEPTION', `${partition.topic} is written by the broker only`)
  }
  requireCodecOf(context.version, records)
  const refusal = context.broker.refusesAppends(partition)
  if (refusal) throw new KafkaError('KAFKA_STORAGE_ERROR', refusal)
  const answer = partition.append(records, context.lease)
  result.baseOffset = answer.baseOffset
  result.logAppendTimeMs = answer.logAppendTimeMs
  result.logStartOffset = answer.logStartOffset
  const { traffic } = partition
  traffic.messagesIn += recordCountOf(records, 0)
  traffic.bytesIn += records.length
  if (acks !== 0) return answer.done
  answer.done.catch(() => {}) // nobody waits to hear of it
  return undefined
}

/** Consumers as old as that could not read zstd (KIP-110). */
const ZSTD_SINCE = 7

function requireCodecOf(version: number, records: Buffer): void {
  if (version >= ZSTD_SINCE || records.length < BATCH_HEADER_BYTES) return
  if (codecOf(records, 0) !== Compression.zstd) return
  throw new KafkaError('UNSUPPORTED_COMPRESSION_TYPE', `Produce ${version} is older than zstd`)
}

/** Kafka lets clients of this id write internal topics. */
const ADMIN_CLIENT_ID = '__admin_client'

function fail(result: MutableResult, error: unknown, context: RequestContext): void {
  const { errorCode, errorMessage } = wireErrorOf(error, context.broker.logger)
  result.errorCode = errorCode
  result.errorMessage = errorMessage
  result.baseOffset = -1
  result.logAppendTimeMs = -1
  result.logStartOffset = -1
}
