/**
 * Numbers that tell how a broker is doing. Each broker has a registry of its own.
 *
 * Counting costs next to nothing: parts keep plain number fields, as they would for themselves, and a metric is a function that reads
 * them when somebody asks. A histogram is an array of counts. What writes the text is loaded with the first question, because it is
 * larger than the broker's start may be.
 */
import type { Metric } from 'prom-client'

export type Labels = Readonly<Record<string, string>>

export interface Sample {
  labels: Labels
  value: number
}

/** One number, or one for each set of labels; read at each scrape. */
export type Reading = () => number | Iterable<Sample>

/** What parts register their metrics with. Names are in Prometheus' manner: units last, totals end in `_total`. */
export interface Metrics {
  /** Only grows while the broker runs. */
  counter(name: string, help: string, read: Reading): void
  /** Goes up and down. */
  gauge(name: string, help: string, read: Reading): void
  histogram(name: string, help: string, read: () => Iterable<{ labels: Labels; histogram: Histogram }>): void
}

/** Counts of observations by upper bound. */
export class Histogram {
  readonly bounds: readonly number[]
  /** One for each bound, and one for what lies above all. */
  readonly counts: number[]
  sum = 0

  constructor(bounds: readonly number[]) {
    this.bounds = bounds
    this.counts = new Array(bounds.length + 1).fill(0)
  }

  observe(value: number): void {
    let bucket = 0
    while (bucket < this.bounds.length && value > this.bounds[bucket]!) bucket++
    this.counts[bucket]!++
    this.sum += value
  }
}

type Kind = 'counter' | 'gauge' | 'histogram'

interface Value {
  labels: Labels
  value: number
  metricName?: string
}

interface Entry {
  kind: Kind
  help: string
  read: () => Value[]
}

export class MetricRegistry implements Metrics {
  readonly #entries = new Map<string, Entry>()

  counter(name: string, help: string, read: Reading): void {
    this.#add(name, { kind: 'counter', help, read: () => samplesOf(read()) })
  }

  gauge(name: string, help: string, read: Reading): void {
    this.#add(name, { kind: 'gauge', help, read: () => samplesOf(read()) })
  }

  histogram(
    name: string,
    help: string,
    read: () => Iterable<{ labels: Labels; histogram: Histogram }>,
  ): void {
    const values = () => [...read()].flatMap(({ labels, histogram }) => bucketsOf(name, labels, histogram))
    this.#add(name, { kind: 'histogram', help, read: values })
  }

  /** All of them in the text format of Prometheus. */
  async text(): Promise<string> {
    const { Registry } = await import('prom-client')
    const registry = new Registry()
    for (const [name, { kind, help, read }] of this.#entries) {
      // All that the registry asks of a metric when it writes the text.
      const metric = {
        name,
        get: async () => ({ name, help, type: kind, aggregator: 'sum', values: read() }),
      }
      registry.registerMetric(metric as unknown as Metric)
    }
    return registry.metrics()
  }

  #add(name: string, entry: Entry): void {
    if (this.#entries.has(name)) throw new Error(`the metric ${name} is there already`)
    this.#entries.set(name, entry)
  }
}

function samplesOf(reading: number | Iterable<Sample>): Value[] {
  return typeof reading === 'number' ? [{ labels: {}, value: reading }] : [...reading]
}

/** Buckets hold all that is not above their bound, so each includes those before it. */
function bucketsOf(name: string, labels: Labels, { bounds, counts, sum }: Histogram): Value[] {
  let total = 0
  const buckets = counts.map((count, i) => {
    total += count
    const le = i < bounds.length ? String(bounds[i]) : '+Inf'
    return { metricName: `${name}_bucket`, labels: { ...labels, le }, value: total }
  })
  return [
    ...buckets,
    { metricName: `${name}_sum`, labels, value: sum },
    { metricName: `${name}_count`, labels, value: total },
  ]
}
