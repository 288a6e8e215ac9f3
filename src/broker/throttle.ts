import type { Clock } from '../base/clock.ts'
import { QuotaKey } from '../cluster/client-quota-alteration.ts'
import type { ClientQuotas } from '../cluster/client-quotas.ts'
import type { Charge } from '../cluster/controller.ts'
import { KafkaError } from '../protocol/errors.ts'
import { QuotaAccounts } from './quota-accounts.ts'
import { type ClientQuotaKey, type Limit, QuotaLimits } from './quota-limits.ts'
import { type QuotaWindows, RateMeter, TokenBucket } from './quota-meter.ts'

/**
 * Slows down who uses more than a quota allows, or writes to a disk that is nearly full.
 *
 * As Kafka does since KIP-219: the answer leaves at once and tells the time, and for that time nothing more of the connection is read. So
 * it holds for every client, whether it knows of throttling or not. Each method gives the milliseconds for the answer, and has muted the
 * connection already.
 */
export interface ThrottleOptions {
  quotas: ClientQuotas
  windows: QuotaWindows
  mutationWindows: QuotaWindows
  clock: Clock
  /** How long a producer should wait because a disk is nearly full. */
  diskMs: () => number
}

export type ThrottleKind = 'produce' | 'fetch' | 'request' | 'controller-mutation' | 'connection' | 'disk'

/** The largest answer to a fetch, as a part of what its quota allows in a window: small enough that it comes steadily. */
const FETCH_SHARE = 1 / 4
/** The longest time that an answer can tell. */
const THROTTLE_MS_MAX = 2 ** 31 - 1

/** Who sent a request, and over which connection. */
interface Caller {
  readonly clientId: string | null
  readonly session: { readonly user: string; mute(ms: number): void }
}

export class Throttle {
  readonly #options: ThrottleOptions
  readonly #limits: QuotaLimits
  readonly #produced: QuotaAccounts<RateMeter>
  readonly #fetched: QuotaAccounts<RateMeter>
  readonly #worked: QuotaAccounts<RateMeter>
  readonly #connected: QuotaAccounts<RateMeter>
  readonly #mutated: QuotaAccounts<TokenBucket>
  readonly counters: Record<ThrottleKind, { times: number; ms: number }> = {
    produce: { times: 0, ms: 0 },
    fetch: { times: 0, ms: 0 },
    request: { times: 0, ms: 0 },
    'controller-mutation': { times: 0, ms: 0 },
    connection: { times: 0, ms: 0 },
    disk: { times: 0, ms: 0 },
  }

  constructor(options: ThrottleOptions) {
    this.#options = options
    this.#limits = new QuotaLimits(options.quotas)
    const newMeter = () => new RateMeter(options.windows)
    this.#produced = new QuotaAccounts(newMeter)
    this.#fetched = new QuotaAccounts(newMeter)
    this.#worked = new QuotaAccounts(newMeter)
    this.#connected = new QuotaAccounts(newMeter)
    this.#mutated = new QuotaAccounts(() => new TokenBucket(options.mutationWindows))
    const accounts: { [key: string]: { clear(): void } } = {
      [QuotaKey.PRODUCER_BYTE_RATE]: this.#produced,
      [QuotaKey.CONSUMER_BYTE_RATE]: this.#fetched,
      [QuotaKey.REQUEST_PERCENTAGE]: this.#worked,
      [QuotaKey.CONNECTION_CREATION_RATE]: this.#connected,
      [QuotaKey.CONTROLLER_MUTATION_RATE]: this.#mutated,
    }
    this.#limits.onNone = key => accounts[key]?.clear()
  }

  /** Accounts that are kept, of all kinds. */
  get accountCount(): number {
    const kinds = [this.#produced, this.#fetched, this.#worked, this.#connected, this.#mutated]
    return kinds.reduce((sum, { count }) => sum + count, 0)
  }

  /** A produce request of so many bytes was taken. */
  produced(caller: Caller, bytes: number): number {
    const diskMs = this.#options.diskMs()
    const quotaMs = this.#limits.has(QuotaKey.PRODUCER_BYTE_RATE) ? this.#recordProduced(caller, bytes) : 0
    if (diskMs === 0 && quotaMs === 0) return 0
    return diskMs > quotaMs ? this.#mute(caller, 'disk', diskMs) : this.#mute(caller, 'produce', quotaMs)
  }

  /** The most bytes of records that an answer to a fetch may have. */
  fetchBytesMax(caller: Caller): number {
    if (!this.#limits.has(QuotaKey.CONSUMER_BYTE_RATE)) return Number.POSITIVE_INFINITY
    const found = this.#find(QuotaKey.CONSUMER_BYTE_RATE, caller)
    if (!found) return Number.POSITIVE_INFINITY
    return Math.max(1, Math.floor(((found.limit * this.#options.windows.ms) / 1_000) * FETCH_SHARE))
  }

  /** An answer with so many bytes of records is about to be sent; when this is not 0 it must be sent without them. */
  fetched(caller: Caller, bytes: number): number {
    if (bytes === 0 || !this.#limits.has(QuotaKey.CONSUMER_BYTE_RATE)) return 0
    const found = this.#find(QuotaKey.CONSUMER_BYTE_RATE, caller)
    if (!found) return 0
    const delayMs = this.#fetched.of(found.account).take(bytes, found.limit, this.#now)
    return this.#mute(caller, 'fetch', delayMs)
  }

  /** Whether the time that requests take is limited for anybody. */
  get countsTime(): boolean {
    return this.#limits.has(QuotaKey.REQUEST_PERCENTAGE)
  }

  /** A request kept the event loop busy for so long. */
  worked(caller: Caller, busyMs: number): number {
    const found = this.#find(QuotaKey.REQUEST_PERCENTAGE, caller)
    if (!found) return 0
    const meter = this.#worked.of(found.account)
    meter.record(busyMs, this.#now)
    const delayMs = meter.delayMs(found.limit * 10, this.#now) // a hundredth of a second is 10 ms
    // As in Kafka: what is counted here is too rough to make somebody wait for longer.
    return this.#mute(caller, 'request', Math.min(delayMs, this.#options.windows.ms))
  }

  /** What creates and deletes partitions asks before, and settles behind. */
  mutations(caller: Caller, isStrict: boolean): MutationCharge {
    const found = this.#limits.has(QuotaKey.CONTROLLER_MUTATION_RATE)
      ? this.#find(QuotaKey.CONTROLLER_MUTATION_RATE, caller)
      : undefined
    if (!found) return NO_CHARGE
    const { limit } = found
    const bucket = this.#mutated.of(found.account)
    let delayMs = 0
    return {
      take: partitions => {
        if (isStrict) {
          delayMs = Math.max(delayMs, bucket.delayMs(limit, this.#now))
          if (delayMs > 0) throw new KafkaError('THROTTLING_QUOTA_EXCEEDED', MUTATION_REFUSED)
        }
        bucket.record(partitions, limit, this.#now)
        if (!isStrict) delayMs = Math.max(delayMs, bucket.delayMs(limit, this.#now))
      },
      settle: () => this.#mute(caller, 'controller-mutation', delayMs),
    }
  }

  /** A connection came from an address; when this is not 0 it is one too many, to be closed after this time. */
  connected(host: string): number {
    const found = this.#limits.connectionsFrom(host)
    if (!found) return 0
    const delayMs = this.#connected.of(found.account).take(1, found.limit, this.#now)
    return this.#count('connection', Math.min(delayMs, this.#options.windows.ms))
  }

  get #now(): number {
    return this.#options.clock.mono()
  }

  #find(key: ClientQuotaKey, { session, clientId }: Caller): Limit | undefined {
    return this.#limits.find(key, session.user, clientId ?? '')
  }

  #recordProduced(caller: Caller, bytes: number): number {
    const found = this.#find(QuotaKey.PRODUCER_BYTE_RATE, caller)
    if (!found) return 0
    const meter = this.#produced.of(found.account)
    meter.record(bytes, this.#now)
    return meter.delayMs(found.limit, this.#now)
  }

  #mute({ session }: Caller, kind: ThrottleKind, delayMs: number): number {
    const ms = this.#count(kind, Math.min(delayMs, THROTTLE_MS_MAX))
    if (ms > 0) session.mute(ms)
    return ms
  }

  #count(kind: ThrottleKind, ms: number): number {
    if (ms === 0) return 0
    this.counters[kind].times++
    this.counters[kind].ms += ms
    return ms
  }
}

/** Counts the partitions that one request creates and deletes. */
export interface MutationCharge {
  readonly take: Charge
  /** Mutes the connection if need be, and gives the time for the answer. */
  settle(): number
}

const NO_CHARGE: MutationCharge = { take: () => {}, settle: () => 0 }
const MUTATION_REFUSED = 'The throttling quota has been exceeded.'
