import { expect, test } from 'vitest'
import { ConfigResource, Metadata } from './metadata.ts'

const { BROKER, CLIENT_METRICS } = ConfigResource

function metadataWith(...configs: [type: number, name: string, value: Record<string, string> | null][]) {
  const metadata = new Metadata()
  for (const [resourceType, resourceName, value] of configs) {
    metadata.replay({
      type: 'config',
      resourceType,
      resourceName,
      value: value && new Map(Object.entries(value)),
    })
  }
  return metadata
}

test('names the resources of a type that have settings', () => {
  const metadata = metadataWith(
    [CLIENT_METRICS, 'slow', { 'interval.ms': '60000' }],
    [CLIENT_METRICS, 'fast', { 'interval.ms': '100' }],
    [BROKER, '', { 'message.max.bytes': '5' }],
  )
  expect([...metadata.resourcesOf(CLIENT_METRICS)]).toEqual(['slow', 'fast'])
  expect([...metadata.resourcesOf(BROKER)]).toEqual([''])
  expect([...metadata.resourcesOf(ConfigResource.GROUP)]).toEqual([])
  expect(metadata.configsOf(CLIENT_METRICS, 'fast').get('interval.ms')).toBe('100')
})

test('forgets a resource when nothing is set for it any more', () => {
  const metadata = metadataWith(
    [CLIENT_METRICS, 'one', { metrics: '' }],
    [CLIENT_METRICS, 'two', { metrics: '' }],
    [CLIENT_METRICS, 'one', {}],
    [CLIENT_METRICS, 'two', null],
  )
  expect([...metadata.resourcesOf(CLIENT_METRICS)]).toEqual([])
  expect(metadata.configsOf(CLIENT_METRICS, 'one').size).toBe(0)
})
