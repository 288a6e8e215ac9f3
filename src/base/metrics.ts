/**
 * Numbers that tell how a broker is doing. Each broker has a registry of its own.
 *
 * Counting costs next to nothing: parts keep plain number fields, as they would for themselves, and a metric is a function that reads
 * them when somebody asks. A histogram is an array of counts. What writes the text is loaded with the first question, because it is
 * larger than the broker's start may be.
 *
 * The text is bounded: of one metric at most `samplesMax` samples are told, and `leftOut` counts the others. It is written in slices, between
 * which the event loop gets its turn, and questions that come while one is answered get the same answer.
 */
import type { Metric, Registry } from 'prom-client'

export type Labels = Readonly<Record<string, string>>

export interface Sample {
  labels: Labels
  value: number
}

/** One number, or one for each set of labels; read at each scrape. */
export type Reading = () => number | Iterable<Sample>

/** A metric whose name is known only when it is read. */
export interface Family {
  name: string
  kind: 'counter' | 'gauge'
  help: string
  samples: Iterable<Sample>
}

/** What parts register their metrics with. Names are in Prometheus' manner: units last, totals end in `_total`. */
export interface Metrics {
  /** Only grows while the broker runs. */
  counter(name: string, help: string, read: Reading): void
  /** Goes up and down. */
  gauge(name: string, help: string, read: Reading): void
  histogram(name: string, help: string, read: () => Iterable<{ labels: Labels; histogram: Histogram }>): void
  families(read: () => Iterable<Family>): void
  /** Runs before each reading: for what several metrics tell of one moment. */
  beforeReading(prepare: () => void | Promise<void>): void
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

  get count(): number {
    return this.counts.reduce((sum, count) => sum + count, 0)
  }

  observe(value: number): void {
    let bucket = 0
    while (bucket < this.bounds.length && value > this.bounds[bucket]!) bucket++
    this.counts[bucket]!++
    this.sum += value
  }

  /** About the value that this share of the observations does not exceed, taking a bucket's to be spread evenly. */
  quantile(share: number): number {
    const { count } = this
    if (count === 0) return 0
    let missing = share * count
    let lower = 0
    for (const [bucket, upper] of this.bounds.entries()) {
      const inBucket = this.counts[bucket]!
      if (inBucket > 0 && missing <= inBucket) return lower + ((upper - lower) * missing) / inBucket
      missing -= inBucket
      lower = upper
    }
    return lower
  }
}

/** So many samples are written in about a millisecond. */
const SLICE_SAMPLES = 500

type Kind = 'counter' | 'gauge' | 'histogram'

interface Value {
  labels: Labels
  value: number
  metricName?: string
}

interface Entry {
  name: string
  kind: Kind
  help: string
  read: () => Value[]
}

export interface RegistryOptions {
  /** The most samples of one metric in the text. */
  samplesMax?: number
  /** Called between two slices; the text goes on when it resolves. */
  pause?: () => Promise<void>
}

export class MetricRegistry implements Metrics {
  readonly #samplesMax: number
  readonly #pause: () => Promise<void>
  readonly #entries = new Map<string, Entry>()
  readonly #families: (() => Iterable<Family>)[] = []
  readonly #prepare: (() => void | Promise<void>)[] = []
  #writing: Promise<string> | undefined
  /** Samples that were too many, by metric, in the last text. */
  leftOut: ReadonlyMap<string, number> = new Map()

  constructor({ samplesMax = Number.POSITIVE_INFINITY, pause = async () => {} }: RegistryOptions = {}) {
    this.#samplesMax = samplesMax
    this.#pause = pause
  }

  counter(name: string, help: string, read: Reading): void {
    this.#add({ name, kind: 'counter', help, read: () => samplesOf(read()) })
  }

  gauge(name: string, help: string, read: Reading): void {
    this.#add({ name, kind: 'gauge', help, read: () => samplesOf(read()) })
  }

  histogram(
    name: string,
    help: string,
    read: () => Iterable<{ labels: Labels; histogram: Histogram }>,
  ): void {
    const values = () => [...read()].flatMap(({ labels, histogram }) => bucketsOf(name, labels, histogram))
    this.#add({ name, kind: 'histogram', help, read: values })
  }

  families(read: () => Iterable<Family>): void {
    this.#families.push(read)
  }

  beforeReading(prepare: () => void | Promise<void>): void {
    this.#prepare.push(prepare)
  }

  /** All of them in the text format of Prometheus. */
  text(): Promise<string> {
    this.#writing ??= this.#write().finally(() => {
      this.#writing = undefined
    })
    return this.#writing
  }

  async #write(): Promise<string> {
    const { Registry } = await import('prom-client')
    for (const prepare of this.#prepare) await prepare()
    const leftOut = new Map<string, number>()
    const parts: string[] = []
    for (const entry of this.#all()) {
      const values = this.#bounded(entry, leftOut)
      let from = 0
      do {
        const text = await textOf(new Registry(), entry, values.slice(from, from + SLICE_SAMPLES))
        // A blank line before each metric; help and type stand before its first slice.
        if (parts.length > 0 && from === 0) parts.push('\n')
        parts.push(from === 0 ? text : withoutHead(text))
        from += SLICE_SAMPLES
        await this.#pause()
      } while (from < values.length)
    }
    this.leftOut = leftOut
    return parts.join('')
  }

  *#all(): Iterable<Entry> {
    yield* this.#entries.values()
    for (const read of this.#families) {
      for (const { samples, ...family } of [...read()]) {
        if (!this.#entries.has(family.name)) yield { ...family, read: () => [...samples] }
      }
    }
  }

  #bounded({ name, read }: Entry, leftOut: Map<string, number>): Value[] {
    const values = read()
    if (values.length <= this.#samplesMax) return values
    leftOut.set(name, values.length - this.#samplesMax)
    return values.slice(0, this.#samplesMax)
  }

  #add(entry: Entry): void {
    if (this.#entries.has(entry.name)) throw new Error(`the metric ${entry.name} is there already`)
    this.#entries.set(entry.name, entry)
  }
}

function textOf(registry: Registry, { name, kind, help }: Entry, values: Value[]): Promise<string> {
  // All that the registry asks of a metric when it writes the text.
  const metric = { name, get: async () => ({ name, help, type: kind, aggregator: 'sum', values }) }
  registry.registerMetric(metric as unknown as Metric)
  return registry.metrics()
}

function withoutHead(text: string): string {
  return text.slice(text.indexOf('\n', text.indexOf('\n') + 1) + 1)
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
