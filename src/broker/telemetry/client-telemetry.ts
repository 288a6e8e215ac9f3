import type { Clock } from '../../base/clock.ts'
import { crc32c } from '../../base/crc32c.ts'
import type { Metrics } from '../../base/metrics.ts'
import type { Random } from '../../base/random.ts'
import { ConfigResource, type Metadata } from '../../cluster/metadata.ts'
import { Compression, decompress } from '../../protocol/compression.ts'
import { KafkaError } from '../../protocol/errors.ts'
import type { GetTelemetrySubscriptions } from '../../protocol/messages/get-telemetry-subscriptions.ts'
import type { PushTelemetry } from '../../protocol/messages/push-telemetry.ts'
import { DecodeError } from '../../protocol/reader.ts'
import { type RequestOf, type ResponseOf, ZERO_UUID } from '../../protocol/schema.ts'
import { readMetricPoints } from '../../protocol/telemetry/otlp-metrics.ts'
import { TelemetrySeries } from './telemetry-series.ts'
import {
  ALL_METRICS,
  PUSH_INTERVAL_MS,
  readSubscription,
  type TelemetryClient,
  type TelemetrySubscription,
} from './telemetry-subscription.ts'

/**
 * Metrics that clients push (KIP-714): tells each client what is wanted of it, keeps it to its interval, and keeps what it pushed for
 * /metrics until the client is gone.
 *
 * A client instance is known by the id that it was given, from its first question until it has been silent for three of its intervals. Of
 * the instances known, those that were silent longest give way when there are too many.
 */
export interface ClientTelemetryOptions {
  clock: Clock
  random: Random
  metadata: Metadata
  telemetryBytesMax: () => number
  seriesMax: number
}

type GetRequest = RequestOf<typeof GetTelemetrySubscriptions>
type GetResponse = ResponseOf<typeof GetTelemetrySubscriptions>
type PushRequest = RequestOf<typeof PushTelemetry>

interface Wanted {
  readonly subscriptionId: number
  readonly intervalMs: number
  readonly metrics: readonly string[]
}

interface Instance {
  readonly id: string
  wanted: Wanted
  askedAt: number
  pushedAt: number
  seenAt: number
  /** It has asked since it last pushed, so it need not wait. */
  hasAsked: boolean
  /** It was told that something is wrong with what it knows. */
  mayAskAgain: boolean
  isTerminating: boolean
}

const INSTANCES_MAX = 16_384
const KEPT_INTERVALS = 3
const KEPT_MS_MIN = 60_000
const SWEEP_MS = 10_000
/** In the order of preference that clients are told. */
const CODECS = [Compression.zstd, Compression.lz4, Compression.gzip, Compression.snappy]
/** Uncompressed; what a client pushes is a fraction of it. */
const INFLATE_LIMITS = { outputBytesMax: 4 << 20, ratioMax: 1_000 }
const POINT_LIMITS = { pointsMax: 2_000, attributesMax: 16 }
/** Kafka keeps this id, like zero, for itself. */
const RESERVED_UUID = 'AAAAAAAAAAAAAAAAAAAAAQ'

export class ClientTelemetry {
  readonly #options: ClientTelemetryOptions
  readonly #series: TelemetrySeries
  /** In the order in which they were last seen. */
  readonly #instances = new Map<string, Instance>()
  readonly #subscriptions = new WeakMap<ReadonlyMap<string, string>, TelemetrySubscription>()
  readonly #counters = { accepted: 0, throttled: 0, refused: 0 }
  #sweptAt = Number.NEGATIVE_INFINITY

  constructor(options: ClientTelemetryOptions) {
    this.#options = options
    this.#series = new TelemetrySeries(options.seriesMax)
  }

  /** Throws THROTTLING_QUOTA_EXCEEDED when the client asks again before it was to push. */
  subscriptionsFor(
    { clientInstanceId }: GetRequest,
    client: Omit<TelemetryClient, 'client_instance_id'>,
  ): GetResponse {
    const now = this.#options.clock.mono()
    const id = clientInstanceId === ZERO_UUID ? this.#newInstanceId() : clientInstanceId
    const wanted = this.#wantedOf({ ...client, client_instance_id: id })
    const instance = this.#see(id, wanted, now)
    const isEarly = now - Math.max(instance.askedAt, instance.pushedAt) < instance.wanted.intervalMs
    const isNews = instance.wanted.subscriptionId !== wanted.subscriptionId
    if (isEarly && !isNews && !instance.mayAskAgain) throw this.#throttling(id)
    instance.wanted = wanted
    instance.askedAt = now
    instance.hasAsked = true
    instance.mayAskAgain = false
    return {
      errorCode: 0,
      clientInstanceId: id,
      subscriptionId: wanted.subscriptionId,
      acceptedCompressionTypes: CODECS,
      pushIntervalMs: wanted.intervalMs,
      telemetryMaxBytes: this.#options.telemetryBytesMax(),
      // Totals survive a push that is lost.
      deltaTemporality: false,
      requestedMetrics: wanted.metrics,
    }
  }

  /** Takes a push in, or throws what is wrong with it. */
  push(request: PushRequest, client: Omit<TelemetryClient, 'client_instance_id'>): void {
    const { clientInstanceId: id } = request
    if (id === ZERO_UUID || id === RESERVED_UUID) {
      this.#counters.refused++
      throw new KafkaError('INVALID_REQUEST', `${id} is not the id of a client instance`)
    }
    const now = this.#options.clock.mono()
    const pusher = { ...client, client_instance_id: id }
    const wanted = this.#wantedOf(pusher)
    const instance = this.#see(id, wanted, now)
    try {
      this.#requireAcceptable(request, instance, wanted, now)
      this.#takeIn(request, wanted, pusher)
    } catch (error) {
      if (!(error instanceof KafkaError && error.error === 'THROTTLING_QUOTA_EXCEEDED'))
        this.#counters.refused++
      throw error
    } finally {
      instance.isTerminating = request.terminating
    }
    this.#counters.accepted++
  }

  registerMetrics(metrics: Metrics): void {
    metrics.gauge(
      'loggerhead_telemetry_clients',
      'Client instances that ask or push.',
      () => this.#instances.size,
    )
    metrics.gauge('loggerhead_telemetry_clients_max', 'The most client instances.', () => INSTANCES_MAX)
    metrics.gauge('loggerhead_telemetry_series', 'Numbers that clients pushed.', () => this.#series.count)
    metrics.gauge(
      'loggerhead_telemetry_series_max',
      'loggerhead.telemetry.series.max.',
      () => this.#series.max,
    )
    metrics.counter(
      'loggerhead_telemetry_series_left_out_total',
      'Numbers for which there was no room.',
      () => this.#series.leftOutCount,
    )
    metrics.counter('loggerhead_telemetry_pushes_total', 'Pushes of clients, by what became of them.', () =>
      Object.entries(this.#counters).map(([result, value]) => ({ labels: { result }, value })),
    )
    metrics.beforeReading(() => this.#sweep(this.#options.clock.mono()))
    metrics.families(() => this.#series.families())
  }

  #requireAcceptable(request: PushRequest, instance: Instance, wanted: Wanted, now: number): void {
    const { id } = instance
    if (instance.isTerminating) {
      throw new KafkaError('INVALID_REQUEST', `client instance ${id} has said that it would push no more`)
    }
    const isDue = instance.hasAsked || now - instance.pushedAt >= instance.wanted.intervalMs
    if (!isDue && !request.terminating) throw this.#throttling(id)
    if (isDue) instance.pushedAt = now
    instance.hasAsked = false
    if (request.subscriptionId !== wanted.subscriptionId) {
      instance.mayAskAgain = true
      throw new KafkaError('UNKNOWN_SUBSCRIPTION_ID', `client instance ${id} must ask what is wanted now`)
    }
    if (
      request.compressionType !== Compression.none &&
      !CODECS.some(codec => codec === request.compressionType)
    ) {
      instance.mayAskAgain = true
      throw new KafkaError('UNSUPPORTED_COMPRESSION_TYPE', `${request.compressionType} is not a compression`)
    }
    const bytesMax = this.#options.telemetryBytesMax()
    if (request.metrics.length > bytesMax) {
      throw new KafkaError('TELEMETRY_TOO_LARGE', `a push has at most ${bytesMax} bytes`)
    }
  }

  #takeIn({ metrics, compressionType }: PushRequest, wanted: Wanted, client: TelemetryClient): void {
    if (metrics.length === 0) return
    const bytes = decompress(compressionType, metrics, INFLATE_LIMITS)
    const points = readPoints(bytes)
    const isAll = wanted.metrics.includes(ALL_METRICS)
    const asked = points.filter(({ name }) => isAll || wanted.metrics.some(prefix => name.startsWith(prefix)))
    const { client_id, client_instance_id, client_software_name, client_software_version } = client
    const labels = { client_id, client_instance_id, client_software_name, client_software_version }
    this.#series.replace(client_instance_id, labels, asked)
  }

  /** What all subscriptions together want of a client. */
  #wantedOf(client: TelemetryClient): Wanted {
    const metrics = new Set<string>()
    let intervalMs = PUSH_INTERVAL_MS
    const { metadata } = this.#options
    for (const name of metadata.resourcesOf(ConfigResource.CLIENT_METRICS)) {
      const subscription = this.#subscriptionOf(metadata.configsOf(ConfigResource.CLIENT_METRICS, name))
      if (!subscription.matches(client)) continue
      for (const metric of subscription.metrics) metrics.add(metric)
      intervalMs = Math.min(intervalMs, subscription.intervalMs)
    }
    const names = metrics.has(ALL_METRICS) ? [ALL_METRICS] : [...metrics].sort()
    const text = Buffer.from(`${names.join()} ${intervalMs} ${client.client_instance_id}`)
    return { subscriptionId: crc32c(text, 0, text.length) | 0, intervalMs, metrics: names }
  }

  #subscriptionOf(configs: ReadonlyMap<string, string>): TelemetrySubscription {
    const known = this.#subscriptions.get(configs)
    if (known) return known
    const subscription = readSubscription(configs)
    this.#subscriptions.set(configs, subscription)
    return subscription
  }

  /** The instance of an id, which is now the one seen last. */
  #see(id: string, wanted: Wanted, now: number): Instance {
    this.#sweep(now)
    const instance = this.#instances.get(id) ?? {
      id,
      wanted,
      askedAt: Number.NEGATIVE_INFINITY,
      pushedAt: Number.NEGATIVE_INFINITY,
      seenAt: now,
      hasAsked: false,
      mayAskAgain: false,
      isTerminating: false,
    }
    instance.seenAt = now
    this.#instances.delete(id)
    this.#instances.set(id, instance)
    if (this.#instances.size > INSTANCES_MAX) this.#forget(this.#instances.keys().next().value!)
    return instance
  }

  #sweep(now: number): void {
    if (now - this.#sweptAt < SWEEP_MS) return
    this.#sweptAt = now
    for (const { id, seenAt, wanted } of this.#instances.values()) {
      if (now - seenAt >= Math.max(KEPT_MS_MIN, KEPT_INTERVALS * wanted.intervalMs)) this.#forget(id)
    }
  }

  #forget(id: string): void {
    this.#instances.delete(id)
    this.#series.forget(id)
  }

  #throttling(id: string): KafkaError {
    this.#counters.throttled++
    return new KafkaError('THROTTLING_QUOTA_EXCEEDED', `client instance ${id} is earlier than it was told`)
  }

  #newInstanceId(): string {
    const bytes = this.#options.random.bytes(16)
    bytes[6] = (bytes[6]! & 0x0f) | 0x40
    bytes[8] = (bytes[8]! & 0x3f) | 0x80
    return bytes.toString('base64url')
  }
}

function readPoints(bytes: Buffer) {
  try {
    return readMetricPoints(bytes, POINT_LIMITS)
  } catch (error) {
    if (error instanceof DecodeError) throw new KafkaError('INVALID_RECORD', error.message)
    throw error
  }
}
