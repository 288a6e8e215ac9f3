import { expect, test } from 'vitest'
import {
  brief,
  type Change,
  change,
  describe,
  Op,
  type Resource,
  set,
} from '../../../test/support/config-client.ts'
import { createTopic, produce, startLiveBroker, temporaryFolder } from '../../../test/support/live-broker.ts'
import { ConfigResource } from '../../cluster/metadata.ts'
import { ErrorCode } from '../../protocol/errors.ts'
import { IncrementalAlterConfigs } from '../../protocol/messages/incremental-alter-configs.ts'

const { INVALID_CONFIG, INVALID_REQUEST } = ErrorCode
const topic: Resource = { type: ConfigResource.TOPIC, name: 'events' }
const one: Resource = { type: ConfigResource.BROKER, name: '1' }
const all: Resource = { type: ConfigResource.BROKER, name: '' }
const group: Resource = { type: ConfigResource.GROUP, name: 'readers' }
const metrics: Resource = { type: ConfigResource.CLIENT_METRICS, name: 'latency' }
const loggers: Resource = { type: ConfigResource.BROKER_LOGGER, name: '1' }

async function startWithTopic(configs: { [name: string]: string } = {}) {
  const live = await startLiveBroker()
  await createTopic(live.client, 'events', { configs })
  return live
}

test('sets and deletes single settings of a topic', async () => {
  const { client } = await startWithTopic({ 'retention.ms': '1000' })
  expect(await change(client, topic, [['segment.ms', Op.SET, '007']])).toEqual([0, null])
  expect(await brief(client, topic, 'segment.ms')).toEqual(['7', 1, 'segment.ms=7 1'])
  expect(await brief(client, topic, 'retention.ms')).toEqual(['1000', 1, 'retention.ms=1000 1'])
  expect(await change(client, topic, [['retention.ms', Op.DELETE, null]])).toEqual([0, null])
  expect(await brief(client, topic, 'retention.ms')).toEqual(['604800000', 5])
})

test('appends to lists and subtracts from them, from the default when none was set', async () => {
  const { client } = await startWithTopic()
  await change(client, topic, [['cleanup.policy', Op.APPEND, 'compact']])
  expect((await brief(client, topic, 'cleanup.policy'))?.[0]).toBe('delete,compact')
  await change(client, topic, [['cleanup.policy', Op.APPEND, 'compact']])
  expect((await brief(client, topic, 'cleanup.policy'))?.[0]).toBe('delete,compact')
  await change(client, topic, [['cleanup.policy', Op.SUBTRACT, 'delete']])
  expect((await brief(client, topic, 'cleanup.policy'))?.[0]).toBe('compact')
})

test('refuses to append to a list that is as long as it may be', async () => {
  const { client } = await startWithTopic()
  const replicas = (from: number) =>
    Array.from({ length: 3_000 }, (_, index) => `${from + index}:1`).join(',')
  const name = 'leader.replication.throttled.replicas'
  await set(client, topic, { [name]: replicas(10_000) })
  const answer = await change(client, topic, [[name, Op.APPEND, replicas(20_000)]])
  expect(answer).toEqual([INVALID_CONFIG, expect.stringContaining('a value may have 32767 characters')])
})

test('changes nothing when it shall only be validated', async () => {
  const { client } = await startWithTopic()
  const only = { validateOnly: true }
  expect(await change(client, topic, [['retention.ms', Op.SET, '5']], only)).toEqual([0, null])
  expect(await change(client, one, [['message.max.bytes', Op.SET, '5']], only)).toEqual([0, null])
  expect(await change(client, loggers, [['root', Op.SET, 'DEBUG']], only)).toEqual([0, null])
  expect((await change(client, topic, [['retention.ms', Op.SET, 'x']], only))[0]).toBe(INVALID_CONFIG)
  expect((await brief(client, topic, 'retention.ms'))?.[1]).toBe(5)
  expect((await brief(client, one, 'message.max.bytes'))?.[1]).toBe(5)
})

const refusals: [string, Resource, Change[], number, string][] = [
  [
    'a value of the wrong type',
    topic,
    [['retention.ms', 0, 'x']],
    INVALID_CONFIG,
    'Invalid value x for configuration retention.ms: must be a whole number',
  ],
  [
    'a setting no topic has',
    topic,
    [['nosuch', 0, '1']],
    INVALID_CONFIG,
    'Unknown topic config name: nosuch',
  ],
  [
    'an append to what is no list',
    topic,
    [['retention.ms', 2, '1']],
    INVALID_CONFIG,
    "Can't APPEND to key retention.ms because its type is not LIST.",
  ],
  [
    'a subtraction of what is no list',
    topic,
    [['nosuch', 3, '1']],
    INVALID_CONFIG,
    "Can't SUBTRACT to key nosuch because its type is not LIST.",
  ],
  [
    'a name twice',
    topic,
    [
      ['retention.ms', 0, '1'],
      ['retention.ms', 1, null],
    ],
    INVALID_REQUEST,
    'Error due to duplicate config keys',
  ],
  [
    'no value',
    topic,
    [['retention.ms', 0, null]],
    INVALID_REQUEST,
    'Null value not supported for : retention.ms',
  ],
  ['an unknown operation', topic, [['retention.ms', 9, '1']], INVALID_REQUEST, 'Unknown operations type 9'],
  [
    'a topic that is missing',
    { ...topic, name: 'missing' },
    [['retention.ms', 0, '1']],
    ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
    "The topic 'missing' does not exist.",
  ],
  [
    'a name that no topic can have',
    { ...topic, name: 'a b' },
    [['retention.ms', 0, '1']],
    ErrorCode.INVALID_TOPIC_EXCEPTION,
    '',
  ],
  [
    'all topics',
    { ...topic, name: '' },
    [['retention.ms', 0, '1']],
    INVALID_REQUEST,
    'Default topic resources are not allowed.',
  ],
  [
    'a read-only broker setting',
    one,
    [['num.partitions', 0, '3']],
    INVALID_REQUEST,
    'Cannot update these configs dynamically: [num.partitions]',
  ],
  [
    'another broker',
    { ...one, name: '2' },
    [['message.max.bytes', 0, '3']],
    INVALID_REQUEST,
    'Unexpected broker id, expected 1, but received 2',
  ],
  [
    'a broker without a number',
    { ...one, name: 'x' },
    [['message.max.bytes', 0, '3']],
    INVALID_REQUEST,
    'Node id must be an integer, but it is: x',
  ],
  [
    'a broker value out of bounds',
    all,
    [['message.max.bytes', 0, '-1']],
    INVALID_REQUEST,
    'Invalid value -1 for configuration message.max.bytes: must be a whole number from 0',
  ],
  [
    'a group setting that is none',
    group,
    [['nosuch', 0, '1']],
    INVALID_CONFIG,
    'Unknown group config name: nosuch',
  ],
  [
    'a group value out of bounds',
    group,
    [['consumer.session.timeout.ms', 0, '1']],
    INVALID_CONFIG,
    'consumer.session.timeout.ms must be greater than or equal to group.consumer.min.session.timeout.ms',
  ],
  [
    'all groups',
    { ...group, name: '' },
    [['share.isolation.level', 0, 'read_committed']],
    INVALID_REQUEST,
    'Default group resources are not allowed.',
  ],
  [
    'a metrics setting that is none',
    metrics,
    [['nosuch', 0, '1']],
    INVALID_REQUEST,
    'Unknown client metrics configuration: nosuch',
  ],
  [
    'an interval out of bounds',
    metrics,
    [['interval.ms', 0, '99']],
    INVALID_REQUEST,
    'interval must be between 100 and 3600000',
  ],
  [
    'a pattern for nothing',
    metrics,
    [['match', 0, 'colour=red']],
    INVALID_CONFIG,
    'Illegal client matching pattern: colour=red',
  ],
  [
    'a subscription without a name',
    { ...metrics, name: '' },
    [['metrics', 0, '*']],
    INVALID_REQUEST,
    "Subscription name can't be empty",
  ],
  [
    'a logger that is missing',
    loggers,
    [['kafka.server', 0, 'INFO']],
    INVALID_CONFIG,
    'Logger kafka.server does not exist!',
  ],
  [
    'a level that is none',
    loggers,
    [['root', 0, 'LOUD']],
    INVALID_CONFIG,
    'Valid log levels are DEBUG, ERROR, FATAL, INFO, TRACE, WARN',
  ],
  [
    'no level for the root',
    loggers,
    [['root', 1, null]],
    INVALID_REQUEST,
    'Removing the log level of the root logger is not allowed',
  ],
  [
    'an append to a level',
    loggers,
    [['root', 2, 'INFO']],
    INVALID_REQUEST,
    'APPEND operation is not allowed for the BROKER_LOGGER resource',
  ],
  [
    'an unknown operation on a level',
    loggers,
    [['root', 9, 'INFO']],
    INVALID_REQUEST,
    'Unknown operation type 9 is not allowed',
  ],
  [
    'loggers of another node',
    { ...loggers, name: '2' },
    [['root', 0, 'INFO']],
    INVALID_REQUEST,
    'Unexpected broker id',
  ],
  [
    'a resource of no type',
    { type: 7, name: 'x' },
    [['a', 0, 'b']],
    INVALID_REQUEST,
    'Unknown resource type 7',
  ],
]

test('refuses what is not allowed, with Kafka’s code', async () => {
  const { client } = await startWithTopic()
  for (const [what, resource, changes, code, message] of refusals) {
    const answer = await change(client, resource, changes)
    expect([what, ...answer]).toEqual([what, code, expect.stringContaining(message)])
  }
})

test('answers each resource on its own, those that appear twice with an error', async () => {
  const { client } = await startWithTopic()
  const alteration = (resource: Resource, value: string) => ({
    resourceType: resource.type,
    resourceName: resource.name,
    configs: [{ name: 'retention.ms', configOperation: Op.SET, value }],
  })
  const missing = { ...topic, name: 'missing' }
  const resources = [missing, topic, missing].map(resource => alteration(resource, '70'))
  const { responses } = await client.request(IncrementalAlterConfigs, 0, { resources, validateOnly: false })
  expect(responses.map(({ resourceName, errorCode }) => [resourceName, errorCode])).toEqual([
    ['missing', INVALID_REQUEST],
    ['events', 0],
    ['missing', INVALID_REQUEST],
  ])
  expect(responses[0]!.errorMessage).toBe('Each resource must appear at most once.')
  expect((await brief(client, topic, 'retention.ms'))?.[0]).toBe('70')
})

test('a resource changes as a whole or not at all', async () => {
  const { client } = await startWithTopic()
  const changes: Change[] = [
    ['retention.ms', Op.SET, '70'],
    ['segment.ms', Op.SET, '-1'],
  ]
  expect((await change(client, topic, changes))[0]).toBe(INVALID_CONFIG)
  expect((await brief(client, topic, 'retention.ms'))?.[1]).toBe(5)
})

test('a setting of this broker stands above that of all, which stands above the start', async () => {
  const { client } = await startLiveBroker({ config: { 'message.max.bytes': 100 } })
  await set(client, all, { 'message.max.bytes': '200' })
  const [static4, default5] = ['message.max.bytes=100 4', 'message.max.bytes=1048588 5']
  expect(await brief(client, one, 'message.max.bytes')).toEqual([
    '200',
    3,
    'message.max.bytes=200 3',
    static4,
    default5,
  ])
  await set(client, one, { 'message.max.bytes': '0300' })
  expect(await brief(client, one, 'message.max.bytes')).toEqual([
    '300',
    2,
    'message.max.bytes=0300 2',
    'message.max.bytes=200 3',
    static4,
    default5,
  ])
  expect(await brief(client, all, 'message.max.bytes')).toEqual(['200', 3, 'message.max.bytes=200 3'])
  await change(client, one, [['message.max.bytes', Op.DELETE, null]])
  await change(client, all, [['message.max.bytes', Op.DELETE, null]])
  expect(await brief(client, one, 'message.max.bytes')).toEqual(['100', 4, static4, default5])
  expect((await describe(client, all)).configs).toEqual([])
})

test('a setting that nobody knows is kept and hidden, and so is a password', async () => {
  const { client } = await startLiveBroker()
  const keystore = 'listener.name.plaintext.ssl.keystore.password'
  await set(client, one, { 'my.own': 'secret', [keystore]: 'open sesame' })
  for (const name of ['my.own', keystore]) {
    const { configs } = await describe(client, one, [name])
    expect(configs[0]).toMatchObject({
      name,
      value: null,
      isSensitive: true,
      readOnly: true,
      configSource: 2,
    })
    expect(configs[0]!.synonyms[0]).toMatchObject({ value: null })
  }
})

test('what was set is in force for the next produce', async () => {
  const { client } = await startWithTopic()
  expect((await produce(client, 'events', ['x'.repeat(500)])).errorCode).toBe(0)
  await set(client, topic, { 'max.message.bytes': '200' })
  expect((await produce(client, 'events', ['x'.repeat(500)])).errorCode).toBe(ErrorCode.MESSAGE_TOO_LARGE)
  await change(client, topic, [['max.message.bytes', Op.DELETE, null]])
  expect((await produce(client, 'events', ['x'.repeat(500)])).errorCode).toBe(0)
  await set(client, all, { 'message.max.bytes': '200' })
  expect((await produce(client, 'events', ['x'.repeat(500)])).errorCode).toBe(ErrorCode.MESSAGE_TOO_LARGE)
  expect((await brief(client, topic, 'max.message.bytes'))?.slice(0, 2)).toEqual(['200', 3])
})

test('a broker default reaches topics of its own time and later ones', async () => {
  const { client } = await startWithTopic()
  await set(client, all, { 'log.message.timestamp.type': 'LogAppendTime' })
  await createTopic(client, 'later')
  const before = Date.now()
  for (const name of ['events', 'later']) {
    expect((await produce(client, name, ['a'])).logAppendTimeMs).toBeGreaterThanOrEqual(before)
  }
})

test('a shorter retention takes segments away', async () => {
  const { broker, client } = await startLiveBroker({ config: { 'log.retention.check.interval.ms': 20 } })
  await createTopic(client, 'events', { configs: { 'segment.bytes': '1048576' } })
  for (let i = 0; i < 3; i++) await produce(client, 'events', ['x'.repeat(700_000)])
  await set(client, topic, { 'retention.bytes': '1' })
  await expect
    .poll(async () => /loggerhead_retention_segments_total (\d+)/.exec(await broker.metrics())?.[1])
    .not.toBe('0')
})

test('limits on connections hold from the next connection on', async () => {
  const { client, connect } = await startLiveBroker()
  await set(client, one, { 'max.connections': '1' })
  await expect(connect().then(other => describe(other, one))).rejects.toThrow()
  await set(client, one, { 'max.connections': '10' })
  expect((await describe(await connect(), one)).errorCode).toBe(0)
  await set(client, one, { 'max.connections.per.ip.overrides': '127.0.0.1:2' })
  await expect(connect().then(other => describe(other, one))).rejects.toThrow()
})

test('what was set survives a restart, levels of loggers do not', async () => {
  const dataDir = await temporaryFolder()
  const first = await startLiveBroker({ dataDir })
  await createTopic(first.client, 'events')
  await set(first.client, topic, { 'max.message.bytes': '200' })
  await set(first.client, one, { 'log.segment.bytes': '2000000' })
  await set(first.client, all, { 'log.retention.ms': '5000' })
  await set(first.client, group, { 'consumer.heartbeat.interval.ms': '6000' })
  await set(first.client, metrics, { metrics: '*', match: 'client_id=a.*' })
  await set(first.client, loggers, { root: 'ERROR' })
  await first.broker.close()

  const { client } = await startLiveBroker({ dataDir })
  expect(await brief(client, topic, 'max.message.bytes')).toContain(1)
  expect((await produce(client, 'events', ['x'.repeat(500)])).errorCode).toBe(ErrorCode.MESSAGE_TOO_LARGE)
  expect((await brief(client, one, 'log.segment.bytes'))?.slice(0, 2)).toEqual(['2000000', 2])
  expect((await brief(client, topic, 'retention.ms'))?.slice(0, 3)).toEqual([
    '5000',
    3,
    'log.retention.ms=5000 3',
  ])
  expect((await brief(client, group, 'consumer.heartbeat.interval.ms'))?.slice(0, 2)).toEqual(['6000', 8])
  expect((await brief(client, metrics, 'match'))?.slice(0, 2)).toEqual(['client_id=a.*', 7])
  expect((await brief(client, loggers, 'root'))?.[0]).not.toBe('ERROR')
})

test('the offsets of groups cannot be made to expire', async () => {
  const { client } = await startLiveBroker()
  await createTopic(client, '__consumer_offsets', { configs: { 'cleanup.policy': 'compact' } })
  const offsets = { ...topic, name: '__consumer_offsets' }
  expect(await change(client, offsets, [['cleanup.policy', Op.SET, 'delete']])).toEqual([
    INVALID_CONFIG,
    expect.stringContaining('must be compact'),
  ])
  expect(await change(client, offsets, [['segment.bytes', Op.SET, '1048576']])).toEqual([0, null])
})
