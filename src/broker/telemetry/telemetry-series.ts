import type { Family, Labels, Sample } from '../../base/metrics.ts'
import type { MetricPoint } from '../../protocol/telemetry/otlp-metrics.ts'

/**
 * The numbers that clients have pushed, as metrics for /metrics: `org.apache.kafka.producer.record.send.total` of a client is
 * `kafka_client_producer_record_send_total` with labels that say whose it is.
 *
 * A push says all that a client has, so it takes the place of the one before; only deltas are added up. In all there is room for a bounded
 * number of series: what finds none is left out and counted.
 */
const KAFKA_PREFIX = 'org.apache.kafka.'
const PREFIX = 'kafka_client_'
const NAME_LENGTH_MAX = 200
const LABEL_NAME_LENGTH_MAX = 64
const LABEL_LENGTH_MAX = 255

interface Series {
  readonly name: string
  readonly kind: MetricPoint['kind']
  readonly labels: Labels
  value: number
}

export class TelemetrySeries {
  readonly max: number
  readonly #byClient = new Map<string, Map<string, Series>>()
  count = 0
  leftOutCount = 0

  constructor(max: number) {
    this.max = max
  }

  /** A client's push; its own labels are stronger than what it calls by the same names. */
  replace(clientInstanceId: string, own: Labels, points: readonly MetricPoint[]): void {
    const before = this.#byClient.get(clientInstanceId)
    this.forget(clientInstanceId)
    const series = new Map<string, Series>()
    for (const [key, one] of before ?? []) if (one.kind === 'delta') this.#keep(series, key, one)
    for (const point of points) {
      // A number that nobody can add up or compare tells nothing.
      if (!Number.isFinite(point.value)) continue
      const name = metricName(point.name)
      const labels = { ...labelsOf(point), ...shortened(own) }
      const key = keyOf(name, labels)
      const known = series.get(key)
      if (known) known.value = point.kind === 'delta' ? known.value + point.value : point.value
      else this.#keep(series, key, { name, kind: point.kind, labels, value: point.value })
    }
    if (series.size > 0) this.#byClient.set(clientInstanceId, series)
  }

  forget(clientInstanceId: string): void {
    this.count -= this.#byClient.get(clientInstanceId)?.size ?? 0
    this.#byClient.delete(clientInstanceId)
  }

  /** By metric; one that is a counter for some and a gauge for others is a gauge. */
  families(): Family[] {
    const families = new Map<string, Family & { samples: Sample[] }>()
    for (const series of this.#byClient.values()) {
      for (const { name, kind, labels, value } of series.values()) {
        const sample = { labels, value }
        const family = families.get(name)
        if (!family) {
          const help = 'Pushed by clients (KIP-714).'
          families.set(name, { name, kind: familyKind(kind), help, samples: [sample] })
        } else {
          family.samples.push(sample)
          if (familyKind(kind) === 'gauge') family.kind = 'gauge'
        }
      }
    }
    return [...families.values()]
  }

  #keep(series: Map<string, Series>, key: string, one: Series): void {
    if (this.count >= this.max) {
      this.leftOutCount++
      return
    }
    series.set(key, one)
    this.count++
  }
}

function familyKind(kind: MetricPoint['kind']): Family['kind'] {
  return kind === 'gauge' ? 'gauge' : 'counter'
}

function metricName(name: string): string {
  const short = name.startsWith(KAFKA_PREFIX) ? name.slice(KAFKA_PREFIX.length) : name
  return PREFIX + short.slice(0, NAME_LENGTH_MAX).replaceAll(/[^a-zA-Z0-9_]/g, '_')
}

function labelsOf({ attributes }: MetricPoint): Labels {
  const named = attributes.map(([key, value]) => [labelName(key), value.slice(0, LABEL_LENGTH_MAX)] as const)
  return Object.fromEntries(named)
}

/** Two underscores in front are Prometheus' own, and a digit is not allowed there. */
function labelName(key: string): string {
  const name = key.slice(0, LABEL_NAME_LENGTH_MAX).replaceAll(/[^a-zA-Z0-9_]/g, '_')
  return /^(?:\d|__)/.test(name) ? `client${name}` : name
}

function shortened(labels: Labels): Labels {
  return Object.fromEntries(
    Object.entries(labels).map(([name, value]) => [name, value.slice(0, LABEL_LENGTH_MAX)]),
  )
}

function keyOf(name: string, labels: Labels): string {
  return JSON.stringify([name, Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1))])
}
