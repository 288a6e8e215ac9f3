import { KafkaError } from '../protocol/errors.ts'
import {
  addressNamed,
  type ClientQuotas,
  type QuotaEntity,
  QuotaEntityType,
  quotaEntityKey,
  sortedEntity,
} from './client-quotas.ts'
import type { MetadataChange } from './metadata-records.ts'

/**
 * Decides what AlterClientQuotas changes: pure. An entity is changed as a whole or refused as a whole; the refusals are Kafka's.
 */
const CLIENT_QUOTAS_MAX = 10_000

/** What can be limited. */
export const QuotaKey = {
  PRODUCER_BYTE_RATE: 'producer_byte_rate',
  CONSUMER_BYTE_RATE: 'consumer_byte_rate',
  REQUEST_PERCENTAGE: 'request_percentage',
  CONTROLLER_MUTATION_RATE: 'controller_mutation_rate',
  CONNECTION_CREATION_RATE: 'connection_creation_rate',
} as const

type Kind = 'DOUBLE' | 'INT' | 'LONG'

const CLIENT_KEYS: ReadonlyMap<string, Kind> = new Map([
  [QuotaKey.PRODUCER_BYTE_RATE, 'LONG'],
  [QuotaKey.CONSUMER_BYTE_RATE, 'LONG'],
  [QuotaKey.REQUEST_PERCENTAGE, 'DOUBLE'],
  [QuotaKey.CONTROLLER_MUTATION_RATE, 'DOUBLE'],
])
const IP_KEYS: ReadonlyMap<string, Kind> = new Map([[QuotaKey.CONNECTION_CREATION_RATE, 'INT']])

const LARGEST = { INT: 2 ** 31 - 1, LONG: 2 ** 63 }
/** How far a whole number may be off as a double. */
const EPSILON = 1e-6

export interface QuotaAlteration {
  /** As it was sent. */
  readonly entity: QuotaEntity
  readonly ops: readonly { readonly key: string; readonly value: number; readonly remove: boolean }[]
}

export interface AlteredQuota {
  readonly entity: QuotaEntity
  readonly error: KafkaError | null
}

/** One result for each entity. One that comes twice is changed as it was asked first, and refused: what was meant is not known. */
export function alterClientQuotas(
  quotas: ClientQuotas,
  alterations: readonly QuotaAlteration[],
): { changes: MetadataChange[]; results: AlteredQuota[] } {
  const changes: MetadataChange[] = []
  const results = new Map<string, AlteredQuota>()
  let count = quotas.count
  for (const { entity: sent, ops } of alterations) {
    const entity = sortedEntity(sent)
    const key = quotaEntityKey(entity)
    try {
      // Kafka has the same words for both.
      if (results.has(key) || new Set(ops.map(op => op.key)).size < ops.length) {
        throw new KafkaError('INVALID_REQUEST', `Ignoring duplicate entity ${entityText(entity)}`)
      }
      const change = alterOne(quotas, { entity, ops })
      if (change) {
        const added = Number(change.value !== null) - Number(quotas.valuesOf(entity).size > 0)
        requireRoom(count + added, added)
        count += added
        changes.push(change)
      }
      results.set(key, { entity, error: null })
    } catch (error) {
      if (!(error instanceof KafkaError)) throw error
      results.set(key, { entity, error })
    }
  }
  return { changes, results: [...results.values()] }
}

type QuotaChange = Extract<MetadataChange, { type: 'clientQuota' }>

/** Undefined when everything is as it should be already. */
function alterOne(quotas: ClientQuotas, { entity, ops }: QuotaAlteration): QuotaChange | undefined {
  const kinds = keysFor(entity)
  const values = new Map(quotas.valuesOf(entity))
  let isChanged = false
  for (const { key, value, remove } of ops) {
    if (!remove) checkValue(key, value, kinds.get(key))
    if (remove ? values.delete(key) : values.get(key) !== value) isChanged = true
    if (!remove) values.set(key, value)
  }
  if (!isChanged) return undefined
  return { type: 'clientQuota', entity, value: values.size > 0 ? values : null }
}

/** The keys that an entity may have a quota for. */
function keysFor(entity: QuotaEntity): ReadonlyMap<string, Kind> {
  if (entity.size === 0) throw new KafkaError('INVALID_REQUEST', 'Invalid empty client quota entity')
  for (const [type, name] of entity) {
    if (!Object.values<string>(QuotaEntityType).includes(type)) {
      throw new KafkaError('INVALID_REQUEST', `Unhandled client quota entity type: ${type}`)
    }
    if (name === '') throw new KafkaError('INVALID_REQUEST', `Empty ${type} not supported`)
  }
  if (!entity.has(QuotaEntityType.IP)) return CLIENT_KEYS
  if (entity.size > 1) {
    throw new KafkaError(
      'INVALID_REQUEST',
      'Invalid quota entity combination, IP entity shouldnot be combined with User or ClientId',
    )
  }
  const ip = entity.get(QuotaEntityType.IP) ?? null
  if (ip !== null && addressNamed(ip) === undefined) {
    throw new KafkaError('INVALID_REQUEST', `${ip} is not a valid IP or resolvable host.`)
  }
  return IP_KEYS
}

function checkValue(key: string, value: number, kind: Kind | undefined): void {
  if (!kind) throw new KafkaError('INVALID_REQUEST', `Invalid configuration key ${key}`)
  if (!(value > 0)) throw new KafkaError('INVALID_REQUEST', `Quota ${key} must be greater than 0`)
  if (kind === 'DOUBLE') return
  if (value > LARGEST[kind]) {
    const article = kind === 'INT' ? 'an' : 'a'
    throw new KafkaError('INVALID_REQUEST', `Proposed value for ${key} is too large for ${article} ${kind}.`)
  }
  if (value % 1 > EPSILON) {
    throw new KafkaError('INVALID_REQUEST', `${key} cannot be a fractional value.`)
  }
}

function requireRoom(count: number, added: number): void {
  if (added <= 0 || count <= CLIENT_QUOTAS_MAX) return
  throw new KafkaError(
    'POLICY_VIOLATION',
    `there are quotas for ${CLIENT_QUOTAS_MAX} clients already, which is the limit`,
  )
}

/** As Kafka prints it. */
function entityText(entity: QuotaEntity): string {
  return `ClientQuotaEntity(entries={${Array.from(entity, ([type, name]) => `${type}=${name}`).join(', ')}})`
}
