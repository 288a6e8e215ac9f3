import { canonicalIp } from '../base/ip-address.ts'
import { QuotaKey } from '../cluster/client-quota-alteration.ts'
import {
  addressNamed,
  type ClientQuota,
  type ClientQuotas,
  QuotaEntityType,
} from '../cluster/client-quotas.ts'

/**
 * Which quota applies to a client: the most specific one, in Kafka's order. It also says who shares the account: a quota for a user counts
 * all clients of the user together, every other one counts each user and client id, or each client id, for itself.
 *
 *   user and client id → user, any client id → user → any user and client id → any user, any client id → any user → client id → any client id
 *
 * Kept in step with the cluster's quotas, so that a look is two maps deep and a kind without quotas costs nothing.
 */
export type ClientQuotaKey = Exclude<
  (typeof QuotaKey)[keyof typeof QuotaKey],
  typeof QuotaKey.CONNECTION_CREATION_RATE
>

export interface Limit {
  /** A second. */
  readonly limit: number
  /** Whose use is counted together. */
  readonly account: string
}

/** A name, null for the default, undefined where the entity has no such component. */
type Name = string | null | undefined

export class QuotaLimits {
  readonly #clients: Record<ClientQuotaKey, ClientLimits> = {
    [QuotaKey.PRODUCER_BYTE_RATE]: new ClientLimits(),
    [QuotaKey.CONSUMER_BYTE_RATE]: new ClientLimits(),
    [QuotaKey.REQUEST_PERCENTAGE]: new ClientLimits(),
    [QuotaKey.CONTROLLER_MUTATION_RATE]: new ClientLimits(),
  }
  readonly #addresses = new Map<string | null, number>()
  /** Called when nobody has a quota of a kind any more. */
  onNone: (key: string) => void = () => {}

  constructor(quotas: ClientQuotas) {
    for (const quota of quotas.all) this.#add(quota)
    quotas.onChange = (before, after) => {
      if (before) this.#remove(before)
      if (after) this.#add(after)
      for (const key of before?.values.keys() ?? []) if (!this.#isUsed(key)) this.onNone(key)
    }
  }

  /** Whether any client has such a quota. */
  has(key: ClientQuotaKey): boolean {
    return this.#clients[key].size > 0
  }

  find(key: ClientQuotaKey, user: string, clientId: string): Limit | undefined {
    return this.#clients[key].find(user, clientId)
  }

  /** New connections a second from an address. */
  connectionsFrom(host: string): Limit | undefined {
    if (this.#addresses.size === 0) return undefined
    const account = canonicalIp(host) ?? host
    const limit = this.#addresses.get(account) ?? this.#addresses.get(null)
    return limit === undefined ? undefined : { limit, account }
  }

  #add({ entity, values }: ClientQuota): void {
    const address = entity.get(QuotaEntityType.IP)
    for (const [key, value] of values) {
      if (address !== undefined) this.#addresses.set(address && (addressNamed(address) ?? address), value)
      else this.#clients[key as ClientQuotaKey]?.set(userOf(entity), clientIdOf(entity), value)
    }
  }

  #remove({ entity, values }: ClientQuota): void {
    const address = entity.get(QuotaEntityType.IP)
    for (const key of values.keys()) {
      if (address !== undefined) this.#addresses.delete(address && (addressNamed(address) ?? address))
      else this.#clients[key as ClientQuotaKey]?.delete(userOf(entity), clientIdOf(entity))
    }
  }

  #isUsed(key: string): boolean {
    if (key === QuotaKey.CONNECTION_CREATION_RATE) return this.#addresses.size > 0
    return (this.#clients[key as ClientQuotaKey]?.size ?? 0) > 0
  }
}

const userOf = (entity: ClientQuota['entity']): Name => entity.get(QuotaEntityType.USER)
const clientIdOf = (entity: ClientQuota['entity']): Name => entity.get(QuotaEntityType.CLIENT_ID)

/** The limits of one kind. */
class ClientLimits {
  readonly #byUser = new Map<Name, Map<Name, number>>()

  get size(): number {
    return this.#byUser.size
  }

  set(user: Name, clientId: Name, limit: number): void {
    const ofUser = this.#byUser.get(user)
    if (ofUser) ofUser.set(clientId, limit)
    else this.#byUser.set(user, new Map([[clientId, limit]]))
  }

  delete(user: Name, clientId: Name): void {
    const ofUser = this.#byUser.get(user)
    if (ofUser?.delete(clientId) && ofUser.size === 0) this.#byUser.delete(user)
  }

  find(user: string, clientId: string): Limit | undefined {
    for (const name of [user, null]) {
      const ofUser = this.#byUser.get(name)
      if (!ofUser) continue
      // A client without an id has only its user's quota, as in Kafka.
      const ofBoth = clientId === '' ? undefined : (ofUser.get(clientId) ?? ofUser.get(null))
      if (ofBoth !== undefined) return { limit: ofBoth, account: `both ${user.length} ${user} ${clientId}` }
      const ofAll = ofUser.get(undefined)
      if (ofAll !== undefined) return { limit: ofAll, account: `user ${user}` }
    }
    if (clientId === '') return undefined
    const ofClients = this.#byUser.get(undefined)
    const limit = ofClients?.get(clientId) ?? ofClients?.get(null)
    return limit === undefined ? undefined : { limit, account: `client ${clientId}` }
  }
}
