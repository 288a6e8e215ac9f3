import { expect, test } from 'vitest'
import { set } from '../../../test/support/config-client.ts'
import { createTopic, startLiveBroker } from '../../../test/support/live-broker.ts'
import { ConfigResource } from '../../cluster/metadata.ts'
import { ErrorCode } from '../../protocol/errors.ts'
import { ListConfigResources } from '../../protocol/messages/list-config-resources.ts'

const { TOPIC, BROKER, BROKER_LOGGER, CLIENT_METRICS, GROUP } = ConfigResource

async function startWithResources() {
  const live = await startLiveBroker()
  await createTopic(live.client, 'events')
  await set(live.client, { type: GROUP, name: 'readers' }, { 'share.isolation.level': 'read_committed' })
  await set(live.client, { type: CLIENT_METRICS, name: 'latency' }, { metrics: '*' })
  return live
}

test('lists what can be described', async () => {
  const { client } = await startWithResources()
  const list = async (...resourceTypes: number[]) => {
    const answer = await client.request(ListConfigResources, 1, { resourceTypes })
    return [answer.errorCode, ...answer.configResources.map(r => `${r.resourceType} ${r.resourceName}`)]
  }
  expect(await list()).toEqual([0, '32 readers', '16 latency', '8 1', '4 1', '2 events'])
  expect(await list(TOPIC)).toEqual([0, '2 events'])
  expect(await list(BROKER, BROKER_LOGGER)).toEqual([0, '8 1', '4 1'])
  expect(await list(GROUP, CLIENT_METRICS)).toEqual([0, '32 readers', '16 latency'])
  expect(await list(TOPIC, 99)).toEqual([ErrorCode.UNSUPPORTED_VERSION])
})

test('lists client metrics alone for who asks in version 0', async () => {
  const { client } = await startWithResources()
  const answer = await client.request(ListConfigResources, 0, {})
  expect(answer.configResources).toEqual([{ resourceName: 'latency', resourceType: CLIENT_METRICS }])
})
