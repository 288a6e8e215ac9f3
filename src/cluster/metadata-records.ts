import { decode, encode } from '../protocol/codec.ts'
import {
  ClientQuotaMetadataKey,
  ClientQuotaMetadataValue,
  ConfigMetadataKey,
  ConfigMetadataValue,
  MetadataRecordType,
  ProducerIdsMetadataKey,
  ProducerIdsMetadataValue,
  TopicMetadataKey,
  TopicMetadataValue,
} from '../protocol/internal/cluster-metadata.ts'
import type { DecodedOf } from '../protocol/schema.ts'
import type { QuotaEntity, QuotaValues } from './client-quotas.ts'

/** What a record of the metadata log says; a null value removes. Bytes: see `protocol/internal/cluster-metadata`. */
export type MetadataChange =
  | { type: 'topic'; topicId: string; value: DecodedOf<typeof TopicMetadataValue> | null }
  | { type: 'config'; resourceType: number; resourceName: string; value: ReadonlyMap<string, string> | null }
  | { type: 'producerIds'; nextProducerId: number }
  | { type: 'clientQuota'; entity: QuotaEntity; value: QuotaValues | null }

export interface KeyedBytes {
  key: Buffer
  value: Buffer | null
}

const VERSION = 0

export function encodeChange(change: MetadataChange): KeyedBytes {
  switch (change.type) {
    case 'topic': {
      const key = tagged(
        MetadataRecordType.TOPIC,
        encode(TopicMetadataKey, VERSION, { topicId: change.topicId }),
      )
      return {
        key,
        value: change.value && tagged(VERSION, encode(TopicMetadataValue, VERSION, change.value)),
      }
    }
    case 'config': {
      const { resourceType, resourceName, value } = change
      const key = tagged(
        MetadataRecordType.CONFIG,
        encode(ConfigMetadataKey, VERSION, { resourceType, resourceName }),
      )
      const configs = value && Array.from(value, ([name, text]) => ({ name, value: text }))
      return { key, value: configs && tagged(VERSION, encode(ConfigMetadataValue, VERSION, { configs })) }
    }
    case 'producerIds': {
      const key = tagged(MetadataRecordType.PRODUCER_IDS, encode(ProducerIdsMetadataKey, VERSION, {}))
      const { nextProducerId } = change
      return { key, value: tagged(VERSION, encode(ProducerIdsMetadataValue, VERSION, { nextProducerId })) }
    }
    case 'clientQuota': {
      const entity = Array.from(change.entity, ([entityType, entityName]) => ({ entityType, entityName }))
      const key = tagged(MetadataRecordType.CLIENT_QUOTA, encode(ClientQuotaMetadataKey, VERSION, { entity }))
      const values = change.value && Array.from(change.value, ([name, value]) => ({ key: name, value }))
      return { key, value: values && tagged(VERSION, encode(ClientQuotaMetadataValue, VERSION, { values })) }
    }
  }
}

/** Throws for a type or version that this program does not know: going on without it would lose what it says. */
export function decodeChange(key: Buffer, value: Buffer | null): MetadataChange {
  const type = key.readInt16BE(0)
  const body = key.subarray(2)
  if (value && value.readInt16BE(0) !== VERSION) {
    throw new Error(
      `a metadata record of type ${type} has version ${value.readInt16BE(0)}, which is newer than this program`,
    )
  }
  const content = value?.subarray(2)
  switch (type) {
    case MetadataRecordType.TOPIC: {
      const { topicId } = decode(TopicMetadataKey, VERSION, body)
      return { type: 'topic', topicId, value: content ? decode(TopicMetadataValue, VERSION, content) : null }
    }
    case MetadataRecordType.CONFIG: {
      const { resourceType, resourceName } = decode(ConfigMetadataKey, VERSION, body)
      const configs = content ? decode(ConfigMetadataValue, VERSION, content).configs : null
      const values = configs && new Map(configs.map(config => [config.name, config.value]))
      return { type: 'config', resourceType, resourceName, value: values }
    }
    case MetadataRecordType.PRODUCER_IDS: {
      const { nextProducerId } = decode(ProducerIdsMetadataValue, VERSION, content ?? Buffer.alloc(0))
      return { type: 'producerIds', nextProducerId }
    }
    case MetadataRecordType.CLIENT_QUOTA: {
      const { entity } = decode(ClientQuotaMetadataKey, VERSION, body)
      const values = content ? decode(ClientQuotaMetadataValue, VERSION, content).values : null
      return {
        type: 'clientQuota',
        entity: new Map(entity.map(({ entityType, entityName }) => [entityType, entityName])),
        value: values && new Map(values.map(one => [one.key, one.value])),
      }
    }
    default:
      throw new Error(`the metadata log holds a record of type ${type}, which this program does not know`)
  }
}

function tagged(number: number, body: Buffer): Buffer {
  const bytes = Buffer.allocUnsafe(2 + body.length)
  bytes.writeInt16BE(number, 0)
  body.copy(bytes, 2)
  return bytes
}
