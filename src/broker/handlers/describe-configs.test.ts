import { expect, test } from 'vitest'
import { brief, change, describe, Op, set } from '../../../test/support/config-client.ts'
import { startLiveBroker } from '../../../test/support/live-broker.ts'
import { ConfigResource } from '../../cluster/metadata.ts'
import { ErrorCode } from '../../protocol/errors.ts'

const { TOPIC, BROKER, BROKER_LOGGER, CLIENT_METRICS, GROUP } = ConfigResource

test('reports the settings of a group, with the broker’s defaults of them', async () => {
  const { client } = await startLiveBroker({ config: { 'group.share.session.timeout.ms': 50_000 } })
  const group = { type: GROUP, name: 'readers' }
  expect((await describe(client, group)).configs).toHaveLength(17)
  expect(await brief(client, group, 'share.session.timeout.ms')).toEqual([
    '50000',
    4,
    'group.share.session.timeout.ms=50000 4',
    'group.share.session.timeout.ms=45000 5',
  ])
  await set(client, group, { 'share.session.timeout.ms': '46000', 'share.auto.offset.reset': 'earliest' })
  expect((await brief(client, group, 'share.session.timeout.ms'))?.slice(0, 3)).toEqual([
    '46000',
    8,
    'share.session.timeout.ms=46000 8',
  ])
  expect(await brief(client, group, 'share.auto.offset.reset')).toEqual([
    'earliest',
    8,
    'share.auto.offset.reset=earliest 8',
    'share.auto.offset.reset=latest 5',
  ])
})

test('reports the settings of client metrics', async () => {
  const { client } = await startLiveBroker()
  const metrics = { type: CLIENT_METRICS, name: 'latency' }
  const { configs } = await describe(client, metrics)
  expect(configs.map(({ name, value, configType }) => [name, value, configType])).toEqual([
    ['metrics', '', 7],
    ['interval.ms', '300000', 3],
    ['match', '', 7],
  ])
  await set(client, metrics, { metrics: 'org.apache.kafka.producer, x' })
  expect(await brief(client, metrics, 'metrics')).toEqual([
    'org.apache.kafka.producer,x',
    7,
    'metrics=org.apache.kafka.producer,x 7',
  ])
})

test('reports the levels of loggers, which can be set and unset', async () => {
  const { client } = await startLiveBroker()
  const loggers = { type: BROKER_LOGGER, name: '1' }
  const levels = async () =>
    (await describe(client, loggers)).configs.map(({ name, value, configSource }) => [
      name,
      value,
      configSource,
    ])
  await set(client, loggers, { root: 'WARN' })
  expect(await levels()).toEqual([
    ['root', 'WARN', 6],
    ['loggerhead', 'WARN', 6],
  ])
  await set(client, loggers, { loggerhead: 'TRACE' })
  expect(await levels()).toEqual([
    ['root', 'WARN', 6],
    ['loggerhead', 'TRACE', 6],
  ])
  await change(client, loggers, [['loggerhead', Op.DELETE, null]])
  expect((await levels())[1]).toEqual(['loggerhead', 'WARN', 6])
})

test('tells which settings a running broker can change', async () => {
  const { client } = await startLiveBroker()
  const { configs } = await describe(client, { type: BROKER, name: '1' })
  const rows = new Map(configs.map(row => [row.name, row]))
  expect(rows.get('message.max.bytes')).toMatchObject({ readOnly: false, configType: 3 })
  expect(rows.get('num.partitions')).toMatchObject({ readOnly: true })
  expect(rows.get('ssl.keystore.password')).toMatchObject({ readOnly: false, isSensitive: true, value: null })
})

const refusals: [string, number, string, number, string][] = [
  ['a topic that is missing', TOPIC, 'missing', ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, ''],
  ['a name that no topic can have', TOPIC, 'a b', ErrorCode.INVALID_TOPIC_EXCEPTION, ''],
  [
    'another broker',
    BROKER,
    '7',
    ErrorCode.INVALID_REQUEST,
    'Unexpected broker id, expected 1 or empty string, but received 7',
  ],
  [
    'a broker without a number',
    BROKER,
    'x',
    ErrorCode.INVALID_REQUEST,
    'Broker id must be an integer, but it is: x',
  ],
  ['loggers of no broker', BROKER_LOGGER, '', ErrorCode.INVALID_REQUEST, 'Broker id must not be empty'],
  [
    'loggers of another broker',
    BROKER_LOGGER,
    '7',
    ErrorCode.INVALID_REQUEST,
    'Unexpected broker id, expected 1 but received 7',
  ],
  [
    'no subscription',
    CLIENT_METRICS,
    '',
    ErrorCode.INVALID_REQUEST,
    'Client metrics subscription name must not be empty',
  ],
  ['no group', GROUP, '', ErrorCode.INVALID_REQUEST, 'Group name must not be empty'],
  ['an unknown type', 99, 'x', ErrorCode.INVALID_REQUEST, 'Unsupported resource type: 99'],
]

test('refuses what cannot be described', async () => {
  const { client } = await startLiveBroker()
  for (const [what, type, name, code, message] of refusals) {
    const { errorCode, errorMessage, configs } = await describe(client, { type, name })
    expect([what, errorCode, errorMessage ?? '']).toEqual([what, code, expect.stringContaining(message)])
    expect(configs).toEqual([])
  }
})
