import { arrayOf, float64, int32, int64, message, string, uuid, ZERO_UUID } from '../schema.ts'

/**
 * Records of the metadata log, `__cluster_metadata-0`: one for each thing, under a key of its own, so that the log is compacted like
 * any other and needs no snapshots. A topic's record holds all its partitions: a topic is there as a whole or not at all. A
 * record without a value removes its thing. On disk a key starts with an int16 type, a value with an int16 version.
 */
export const MetadataRecordType = { TOPIC: 1, CONFIG: 2, PRODUCER_IDS: 3, CLIENT_QUOTA: 4 } as const

export const TopicMetadataKey = message('TopicMetadataKey', {
  versions: [0, 0],
  flexibleSince: 1,
  fields: { topicId: uuid },
})

export const TopicMetadataValue = message('TopicMetadataValue', {
  versions: [0, 0],
  flexibleSince: 0,
  fields: {
    name: string,
    partitions: arrayOf({
      /** Counts forced recoveries of the partition's group. */
      incarnation: int32.default(0),
      replicas: arrayOf({ nodeId: int32, directoryId: uuid.default(ZERO_UUID) }),
    }),
  },
})

export const ConfigMetadataKey = message('ConfigMetadataKey', {
  versions: [0, 0],
  flexibleSince: 1,
  fields: { resourceType: int32, resourceName: string },
})

export const ConfigMetadataValue = message('ConfigMetadataValue', {
  versions: [0, 0],
  flexibleSince: 0,
  fields: { configs: arrayOf({ name: string, value: string }) },
})

export const ProducerIdsMetadataKey = message('ProducerIdsMetadataKey', {
  versions: [0, 0],
  flexibleSince: 1,
  fields: {},
})

export const ProducerIdsMetadataValue = message('ProducerIdsMetadataValue', {
  versions: [0, 0],
  flexibleSince: 0,
  fields: { nextProducerId: int64 },
})

/** A name is null where the quota is the default of its type. Components stand in the order of their types. */
export const ClientQuotaMetadataKey = message('ClientQuotaMetadataKey', {
  versions: [0, 0],
  flexibleSince: 1,
  fields: { entity: arrayOf({ entityType: string, entityName: string.nullable() }) },
})

export const ClientQuotaMetadataValue = message('ClientQuotaMetadataValue', {
  versions: [0, 0],
  flexibleSince: 0,
  fields: { values: arrayOf({ key: string, value: float64 }) },
})
