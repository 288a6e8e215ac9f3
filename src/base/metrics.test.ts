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
