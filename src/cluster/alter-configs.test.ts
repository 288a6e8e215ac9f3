import { expect, test } from 'vitest'
import { SeededRandom } from '../base/random.ts'
import { Controller } from './controller.ts'
import { ConfigResource, Metadata } from './metadata.ts'

const { GROUP } = ConfigResource
const some = new Map([['share.isolation.level', 'read_committed']])

function open() {
  const metadata = new Metadata()
  const settings = { nodeId: 1, defaultPartitions: 1, defaultReplicationFactor: 1 }
  return { metadata, controller: new Controller(metadata, settings, new SeededRandom(1)) }
}

test('a change to nothing removes what was set, and writes nothing where nothing was', () => {
  const { metadata, controller } = open()
  expect(controller.alterConfigs(GROUP, 'readers', new Map())).toEqual([])
  for (const change of controller.alterConfigs(GROUP, 'readers', some)) metadata.replay(change)
  expect(metadata.configsOf(GROUP, 'readers')).toEqual(some)
  expect(controller.alterConfigs(GROUP, 'readers', new Map())).toMatchObject([{ value: null }])
})

test('the settings of one resource are bounded', () => {
  const { controller } = open()
  const many = new Map(Array.from({ length: 9 }, (_, index) => [`name-${index}`, 'x'.repeat(32_000)]))
  expect(() => controller.alterConfigs(GROUP, 'readers', many)).toThrow('262144 characters')
})

test('resources that nobody created are bounded', () => {
  const { metadata, controller } = open()
  for (let index = 0; index < 10_000; index++) {
    metadata.replay({ type: 'config', resourceType: GROUP, resourceName: `group-${index}`, value: some })
  }
  expect(() => controller.alterConfigs(GROUP, 'one-more', some)).toThrow('which is the limit')
  expect(controller.alterConfigs(GROUP, 'group-7', some)).toHaveLength(1)
  expect(controller.alterConfigs(ConfigResource.CLIENT_METRICS, 'first', some)).toHaveLength(1)
})
