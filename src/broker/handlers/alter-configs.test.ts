import { expect, test } from 'vitest'
import { brief } from '../../../test/support/config-client.ts'
import { createTopic, startLiveBroker } from '../../../test/support/live-broker.ts'
import type { RawClient } from '../../../test/support/raw-client.ts'
import { ConfigResource } from '../../cluster/metadata.ts'
import { ErrorCode } from '../../protocol/errors.ts'
import { AlterConfigs } from '../../protocol/messages/alter-configs.ts'

const { TOPIC, BROKER, BROKER_LOGGER } = ConfigResource

async function replace(
  client: RawClient,
  resourceType: number,
  resourceName: string,
  configs: readonly (readonly [string, string | null])[],
  { validateOnly = false, version = 2 } = {},
): Promise<[number, string | null]> {
  const { responses } = await client.request(AlterConfigs, version, {
    resources: [{ resourceType, resourceName, configs: configs.map(([name, value]) => ({ name, value })) }],
    validateOnly,
  })
  return [responses[0]!.errorCode, responses[0]!.errorMessage]
}

test.each([0, 1, 2])('replaces all that is set, at version %i', async version => {
  const { client } = await startLiveBroker()
  await createTopic(client, 'events', { configs: { 'retention.ms': '1000', 'segment.ms': '5' } })
  const events = { type: TOPIC, name: 'events' }
  const wanted = [['segment.ms', '9']] as const
  expect(await replace(client, TOPIC, 'events', wanted, { version, validateOnly: true })).toEqual([0, null])
  expect((await brief(client, events, 'segment.ms'))?.[0]).toBe('5')
  expect(await replace(client, TOPIC, 'events', wanted, { version })).toEqual([0, null])
  expect((await brief(client, events, 'segment.ms'))?.[0]).toBe('9')
  expect((await brief(client, events, 'retention.ms'))?.[1]).toBe(5)
  expect(await replace(client, TOPIC, 'events', [], { version })).toEqual([0, null])
  expect((await brief(client, events, 'segment.ms'))?.[1]).toBe(5)
})

test('replaces what is set for a broker', async () => {
  const { client } = await startLiveBroker()
  const one = { type: BROKER, name: '1' }
  await replace(client, BROKER, '1', [['message.max.bytes', '5000']])
  expect(await replace(client, BROKER, '1', [['log.segment.bytes', '2000000']])).toEqual([0, null])
  expect((await brief(client, one, 'message.max.bytes'))?.[1]).toBe(5)
  expect((await brief(client, one, 'log.segment.bytes'))?.[1]).toBe(2)
})

const refusals: [string, number, string, [string, string | null][], number, string][] = [
  [
    'a null',
    TOPIC,
    'events',
    [['retention.ms', null]],
    ErrorCode.INVALID_REQUEST,
    'Null value not supported for : retention.ms',
  ],
  [
    'a name twice',
    TOPIC,
    'events',
    [
      ['segment.ms', '1'],
      ['segment.ms', '2'],
    ],
    ErrorCode.INVALID_REQUEST,
    'Error due to duplicate config keys',
  ],
  [
    'a bad value',
    TOPIC,
    'events',
    [['segment.ms', 'x']],
    ErrorCode.INVALID_CONFIG,
    'Invalid value x for configuration segment.ms',
  ],
  ['loggers', BROKER_LOGGER, '1', [['root', 'INFO']], ErrorCode.INVALID_REQUEST, 'Unknown resource type 8'],
  [
    'a read-only setting',
    BROKER,
    '',
    [['node.id', '3']],
    ErrorCode.INVALID_REQUEST,
    'Cannot update these configs dynamically: [node.id]',
  ],
]

test('refuses what is not allowed, with Kafka’s code', async () => {
  const { client } = await startLiveBroker()
  await createTopic(client, 'events')
  for (const [what, type, name, configs, code, message] of refusals) {
    const answer = await replace(client, type, name, configs)
    expect([what, ...answer]).toEqual([what, code, expect.stringContaining(message)])
  }
})

test('answers a resource that appears twice with an error, both times', async () => {
  const { client } = await startLiveBroker()
  await createTopic(client, 'events')
  const resource = { resourceType: TOPIC, resourceName: 'events', configs: [] }
  const { responses } = await client.request(AlterConfigs, 2, {
    resources: [resource, resource],
    validateOnly: false,
  })
  expect(responses.map(({ errorCode }) => errorCode)).toEqual([42, 42])
})
