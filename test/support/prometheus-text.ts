/**
 * Reads the text format of Prometheus (version 0.0.4), as strictly as its definition: whatever is not in it throws. Also what the format
 * leaves to its readers and Prometheus refuses: samples of a metric stand together, and none stands there twice.
 */
export interface ReadSample {
  name: string
  labels: Readonly<Record<string, string>>
  value: number
}

export interface ReadMetric {
  name: string
  kind: string
  help: string
  samples: ReadSample[]
}

const NAME = '[a-zA-Z_:][a-zA-Z0-9_:]*'
const HELP = new RegExp(`^# HELP (${NAME}) (.*)$`)
const TYPE = new RegExp(`^# TYPE (${NAME}) (counter|gauge|histogram|summary|untyped)$`)
const SAMPLE = new RegExp(`^(${NAME})(?:\\{(.*)\\})? (\\S+)$`)
const LABEL = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\n"])*)"(?:,|$)/
const VALUE = /^(?:[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|[+-]?Inf|NaN)$/

export function readPrometheusText(text: string): Map<string, ReadMetric> {
  if (!text.endsWith('\n')) throw new Error('the last line has no end')
  const metrics = new Map<string, ReadMetric>()
  const seen = new Set<string>()
  let current: ReadMetric | undefined
  for (const line of text.split('\n')) {
    if (line === '') continue
    const [, helped, help = ''] = HELP.exec(line) ?? []
    if (helped !== undefined) {
      if (metrics.has(helped)) throw new Error(`${helped} stands in two places`)
      current = { name: helped, kind: 'untyped', help, samples: [] }
      metrics.set(helped, current)
      continue
    }
    const [, typed, kind = ''] = TYPE.exec(line) ?? []
    if (typed !== undefined) {
      if (typed !== current?.name || current.samples.length > 0)
        throw new Error(`a type out of place: ${line}`)
      current.kind = kind
      continue
    }
    const sample = readSample(line)
    if (!current || !belongs(sample.name, current)) throw new Error(`a sample out of place: ${line}`)
    const key = JSON.stringify([sample.name, Object.entries(sample.labels).sort()])
    if (seen.has(key)) throw new Error(`twice: ${line}`)
    seen.add(key)
    current.samples.push(sample)
  }
  return metrics
}

function readSample(line: string): ReadSample {
  const [, name, labelText = '', valueText = ''] = SAMPLE.exec(line) ?? []
  if (name === undefined) throw new Error(`no sample: ${line}`)
  if (!VALUE.test(valueText)) throw new Error(`no number: ${line}`)
  const labels = new Map<string, string>()
  let rest = labelText
  while (rest !== '') {
    const [whole, label, value] = LABEL.exec(rest) ?? []
    if (whole === undefined || label === undefined || value === undefined)
      throw new Error(`no labels: ${line}`)
    if (labels.has(label) || label.startsWith('__')) throw new Error(`the label ${label} cannot be: ${line}`)
    labels.set(
      label,
      value.replaceAll(/\\(.)/g, (_, escaped) => (escaped === 'n' ? '\n' : escaped)),
    )
    rest = rest.slice(whole.length)
  }
  return { name, labels: Object.fromEntries(labels), value: Number(valueText.replace('Inf', 'Infinity')) }
}

function belongs(name: string, metric: ReadMetric): boolean {
  if (metric.kind !== 'histogram') return name === metric.name
  return [`${metric.name}_bucket`, `${metric.name}_sum`, `${metric.name}_count`].includes(name)
}
