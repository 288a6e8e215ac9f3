import { canonicalIp } from '../base/ip-address.ts'
import { KafkaError } from '../protocol/errors.ts'

/**
 * The quotas of clients that the cluster has agreed on, by whom they are for, and the look-up of DescribeClientQuotas. Which of them
 * applies to a client, and what follows, is the broker's (`broker/quota-limits`).
 */

/** Whom a quota is for: a name for each type, in the order of the types; null is the default of that type. */
export type QuotaEntity = ReadonlyMap<string, string | null>
export type QuotaValues = ReadonlyMap<string, number>

export interface ClientQuota {
  readonly entity: QuotaEntity
  readonly values: QuotaValues
}

export const QuotaEntityType = { USER: 'user', CLIENT_ID: 'client-id', IP: 'ip' } as const

/** How a component of a filter matches, as on the wire. */
const QuotaMatch = { EXACT: 0, DEFAULT: 1, ANY: 2 } as const

export interface QuotaFilterComponent {
  readonly entityType: string
  readonly matchType: number
  readonly match: string | null
}

const NO_VALUES: QuotaValues = new Map()

export class ClientQuotas {
  readonly #quotas = new Map<string, ClientQuota>()
  /** Called with what was and what is, for whoever enforces them. */
  onChange: (before: ClientQuota | undefined, after: ClientQuota | undefined) => void = () => {}

  get all(): Iterable<ClientQuota> {
    return this.#quotas.values()
  }

  get count(): number {
    return this.#quotas.size
  }

  valuesOf(entity: QuotaEntity): QuotaValues {
    return this.#quotas.get(quotaEntityKey(entity))?.values ?? NO_VALUES
  }

  replay(entity: QuotaEntity, values: QuotaValues | null): void {
    const key = quotaEntityKey(entity)
    const before = this.#quotas.get(key)
    const after = values && values.size > 0 ? { entity, values } : undefined
    if (after) this.#quotas.set(key, after)
    else this.#quotas.delete(key)
    this.onChange(before, after)
  }

  /**
   * Those that have every component asked for; with `strict` no other ones. A filter that cannot be meant is refused as Kafka does.
   */
  find(components: readonly QuotaFilterComponent[], strict: boolean): ClientQuota[] {
    checkFilter(components)
    return [...this.#quotas.values()].filter(
      ({ entity }) =>
        components.every(component => matches(entity, component)) &&
        (!strict || entity.size === components.length),
    )
  }
}

/** The address that an entity of type `ip` is named by, in its one spelling; undefined for what is none. Names are not looked up. */
export function addressNamed(name: string): string | undefined {
  return name === 'localhost' ? '127.0.0.1' : canonicalIp(name)
}

/** The same text for the same entity, whatever the order of its components. */
export function quotaEntityKey(entity: QuotaEntity): string {
  return JSON.stringify([...sortedEntity(entity)])
}

export function sortedEntity(entity: QuotaEntity): QuotaEntity {
  return new Map([...entity].sort(([a], [b]) => (a < b ? -1 : 1)))
}

function matches(entity: QuotaEntity, { entityType, matchType, match }: QuotaFilterComponent): boolean {
  if (matchType === QuotaMatch.ANY) return entity.has(entityType)
  // A default is null in both.
  return entity.get(entityType) === match
}

function checkFilter(components: readonly QuotaFilterComponent[]): void {
  const types = new Set<string>()
  for (const component of components) {
    const { entityType } = component
    if (entityType === '') throw new KafkaError('INVALID_REQUEST', 'Invalid empty entity type.')
    if (types.has(entityType)) {
      throw new KafkaError(
        'INVALID_REQUEST',
        `Entity type ${entityType} cannot appear more than once in the filter.`,
      )
    }
    if (!Object.values<string>(QuotaEntityType).includes(entityType)) {
      throw new KafkaError('UNSUPPORTED_VERSION', `Unsupported entity type ${entityType}`)
    }
    checkMatch(component)
    types.add(entityType)
  }
  if (types.has(QuotaEntityType.IP) && types.size > 1) {
    throw new KafkaError(
      'INVALID_REQUEST',
      'Invalid entity filter component combination. ' +
        'IP filter component should not be used with user or clientId filter component.',
    )
  }
}

function checkMatch({ matchType, match }: QuotaFilterComponent): void {
  if (matchType === QuotaMatch.EXACT) {
    if (match !== null) return
    throw new KafkaError(
      'INVALID_REQUEST',
      'Request specified MATCH_TYPE_EXACT, but set match string to null.',
    )
  }
  const name = { [QuotaMatch.DEFAULT]: 'MATCH_TYPE_DEFAULT', [QuotaMatch.ANY]: 'MATCH_TYPE_SPECIFIED' }[
    matchType
  ]
  if (name === undefined) throw new KafkaError('INVALID_REQUEST', `Unknown match type ${matchType}`)
  if (match !== null) {
    throw new KafkaError('INVALID_REQUEST', `Request specified ${name}, but also specified a match string.`)
  }
}
