import { createRequire } from 'node:module'
import { expect, test } from 'vitest'
import { Histogram, MetricRegistry } from './metrics.ts'

const isLoaded = () =>
  Object.keys(createRequire(import.meta.url).cache).some(path => path.includes('prom-client'))

test('reads what was counted when it is asked, and loads what writes the text only then', async () => {
  const metrics = new MetricRegistry()
  let count = 0
  metrics.counter('jobs_total', 'Jobs done.', () => count)
  count = 3
  expect(isLoaded()).toBe(false)
  expect(await metrics.text()).toBe('# HELP jobs_total Jobs done.\n# TYPE jobs_total counter\njobs_total 3\n')
  expect(isLoaded()).toBe(true)
  count = 4
  expect(await metrics.text()).toContain('jobs_total 4')
})

test('tells a number for each set of labels, whatever is in them', async () => {
  const metrics = new MetricRegistry()
  metrics.gauge('size_bytes', 'Sizes.', () => [
    { labels: { topic: 'a' }, value: 1 },
    { labels: { topic: 'b"\\\n' }, value: 2 },
  ])
  const text = await metrics.text()
  expect(text).toContain('size_bytes{topic="a"} 1\n')
  expect(text).toContain('size_bytes{topic="b\\"\\\\\\n"} 2\n')
})

test('a histogram counts what is not above each bound', async () => {
  const metrics = new MetricRegistry()
  const histogram = new Histogram([0.1, 1])
  for (const value of [0.05, 0.1, 0.5, 7]) histogram.observe(value)
  metrics.histogram('wait_seconds', 'Waits.', () => [{ labels: { api: 'Fetch' }, histogram }])
  const lines = (await metrics.text()).trimEnd().split('\n')
  expect(lines.slice(1)).toEqual([
    '# TYPE wait_seconds histogram',
    'wait_seconds_bucket{api="Fetch",le="0.1"} 2',
    'wait_seconds_bucket{api="Fetch",le="1"} 3',
    'wait_seconds_bucket{api="Fetch",le="+Inf"} 4',
    'wait_seconds_sum{api="Fetch"} 7.65',
    'wait_seconds_count{api="Fetch"} 4',
  ])
})

test('refuses a second metric of a name, but not in another registry', () => {
  const metrics = new MetricRegistry()
  metrics.counter('a', 'A.', () => 0)
  expect(() => metrics.gauge('a', 'A.', () => 0)).toThrow(/there already/)
  new MetricRegistry().counter('a', 'A.', () => 0)
})

test('tells metrics whose names are found out while reading, and lets parts prepare', async () => {
  const metrics = new MetricRegistry()
  let readings = 0
  metrics.beforeReading(async () => void readings++)
  metrics.gauge('known', 'Known.', () => readings)
  metrics.families(() => [
    { name: 'found', kind: 'counter', help: 'Found.', samples: [{ labels: { of: 'a' }, value: 2 }] },
    { name: 'known', kind: 'counter', help: 'Not this one.', samples: [] },
  ])
  const text = await metrics.text()
  expect(text).toContain('known 1\n')
  expect(text).toContain('# TYPE found counter\nfound{of="a"} 2\n')
  expect(text).not.toContain('Not this one')
  expect(await metrics.text()).toContain('known 2\n')
})

test('tells no more of a metric than is allowed, and how much was left out', async () => {
  const metrics = new MetricRegistry({ samplesMax: 2 })
  const samples = ['a', 'b', 'c', 'd', 'e'].map(of => ({ labels: { of }, value: 1 }))
  metrics.gauge('many', 'Many.', () => samples)
  metrics.gauge('few', 'Few.', () => samples.slice(0, 2))
  const text = await metrics.text()
  expect(text.match(/^many\{/gm)).toHaveLength(2)
  expect(text.match(/^few\{/gm)).toHaveLength(2)
  expect([...metrics.leftOut]).toEqual([['many', 3]])
})

test('lets others have a turn between two metrics, and answers those who ask meanwhile with the same text', async () => {
  let pauses = 0
  let readings = 0
  const metrics = new MetricRegistry({ pause: async () => void pauses++ })
  metrics.beforeReading(() => void readings++)
  metrics.gauge('a', 'A.', () => 1)
  metrics.gauge('b', 'B.', () => 2)
  const [first, second] = await Promise.all([metrics.text(), metrics.text()])
  expect(first).toBe(second)
  expect([pauses, readings]).toEqual([2, 1])
})

test('a metric of many samples is written in slices, and reads as one', async () => {
  let pauses = 0
  const metrics = new MetricRegistry({ pause: async () => void pauses++ })
  const samples = Array.from({ length: 1_200 }, (_, i) => ({ labels: { of: String(i) }, value: i }))
  metrics.gauge('many', 'Many\nlines.', () => samples)
  metrics.gauge('one', 'One.', () => 1)
  const lines = (await metrics.text()).split('\n')
  expect(lines.slice(0, 3)).toEqual(['# HELP many Many\\nlines.', '# TYPE many gauge', 'many{of="0"} 0'])
  expect(lines.slice(2, 1_202).map(line => line.split(' ')[1])).toEqual(
    samples.map(({ value }) => String(value)),
  )
  expect(lines.slice(1_202)).toEqual(['', '# HELP one One.', '# TYPE one gauge', 'one 1', ''])
  expect(pauses).toBe(4)
})

test('a histogram tells about where a share of what it counted lies', () => {
  const histogram = new Histogram([1, 2, 4])
  expect(histogram.quantile(0.5)).toBe(0)
  for (const value of [0.5, 0.5, 1.5, 1.5, 3, 3, 3, 3]) histogram.observe(value)
  expect(histogram.count).toBe(8)
  expect(histogram.quantile(0.25)).toBe(1)
  expect(histogram.quantile(0.5)).toBe(2)
  expect(histogram.quantile(0.75)).toBe(3)
  histogram.observe(100)
  expect(histogram.quantile(1)).toBe(4)
})
