import { expect, test } from 'vitest'
import { type ConfigSources, loadConfig } from './config.ts'

const file = (text: string) => ({ path: 'server.properties', text })
const flag = (name: string, text: string) => ({ name, text, flag: '--set' })

function problemsOf(sources: ConfigSources): readonly string[] {
  try {
    loadConfig(sources)
  } catch (error) {
    return (error as Error).message.split('\n')
  }
  return []
}

test('listens on loopback and keeps data in ./data unless told otherwise', () => {
  const config = loadConfig()
  expect(config.listeners).toMatchObject([{ name: 'PLAINTEXT', port: 9092, bindHosts: ['127.0.0.1', '::1'] }])
  expect(config.logDirs).toEqual(['./data'])
  expect(config.nodeId).toBe(1)
  expect(config.notices).toEqual([])
})

test('takes the strongest source: program, flag, environment, file, default', () => {
  const sources: ConfigSources = {
    file: file('num.partitions=2\nnode.id=2\nlog.dirs=/file\nbroker.rack=file'),
    env: { KAFKA_NODE_ID: '3', KAFKA_LOG_DIRS: '/env', KAFKA_BROKER_RACK: 'env' },
    flags: [flag('log.dirs', '/flag'), flag('broker.rack', 'flag')],
    overrides: { 'broker.rack': 'program' },
  }
  const config = loadConfig(sources)
  const names = ['delete.topic.enable', 'num.partitions', 'node.id', 'log.dirs', 'broker.rack']
  expect(names.map(name => [config.text(name), config.origin(name)])).toEqual([
    ['true', undefined],
    ['2', 'server.properties:1'],
    ['3', 'KAFKA_NODE_ID'],
    ['/flag', '--set'],
    ['program', 'createBroker'],
  ])
})

test('takes the last line of the file for a name', () => {
  expect(loadConfig({ file: file('num.partitions=2\nnum.partitions=7') }).value('num.partitions')).toBe(7)
})

test('reads environment names: _ is a dot, __ an underscore, ___ a dash', () => {
  const env = { KAFKA_X_Y__Z___A: '1', KAFKA_CFG_NUM_PARTITIONS: '4', LOGGERHEAD_TAIL_CACHE_BYTES: '5' }
  const config = loadConfig({ env })
  expect(config.text('x.y_z-a')).toBe('1')
  expect(config.value('num.partitions')).toBe(4)
  expect(config.value('loggerhead.tail.cache.bytes')).toBe(5)
})

test('passes over variables that Kafka’s scripts, the JVM and Kubernetes set', () => {
  const env = {
    KAFKA_HEAP_OPTS: '-Xmx1g',
    KAFKA_OPTS: '',
    KAFKA_JMX_PORT: '9999',
    KAFKA_LOG4J_ROOT_LOGLEVEL: 'DEBUG',
    KAFKA_GC_LOG_OPTS: '',
    KAFKA_JVM_PERFORMANCE_OPTS: '',
    KAFKA_PORT: 'tcp://10.0.0.1:9092',
    KAFKA_PORT_9092_TCP_ADDR: '10.0.0.1',
    KAFKA_SERVICE_HOST: '10.0.0.1',
    CLUSTER_ID: '4L6g3nShT-eMCtK--X86sw',
    PATH: '/bin',
  }
  expect(loadConfig({ env }).given.size).toBe(0)
})

test('reads values in Kafka’s spellings and reports them in one', () => {
  const config = loadConfig({
    overrides: {
      'log.retention.bytes': ' +0044 ',
      'auto.create.topics.enable': 'FALSE',
      'log.cleanup.policy': ' compact , delete',
      'log.cleaner.min.cleanable.ratio': '1',
      'log.segment.bytes': 2_000_000,
    },
  })
  expect(config.text('log.retention.bytes')).toBe('44')
  expect(config.value('auto.create.topics.enable')).toBe(false)
  expect(config.value('log.cleanup.policy')).toEqual(['compact', 'delete'])
  expect(config.text('log.cleanup.policy')).toBe('compact,delete')
  expect(config.text('log.cleaner.min.cleanable.ratio')).toBe('1.0')
  expect(config.value('log.segment.bytes')).toBe(2_000_000)
})

test('keeps a LONG beyond 2^53 exact as text and reads it as without bound', () => {
  const config = loadConfig({
    overrides: {
      'log.flush.interval.messages': '9223372036854775807',
      'log.retention.bytes': '9007199254740993',
    },
  })
  expect(config.text('log.flush.interval.messages')).toBe('9223372036854775807')
  expect(config.value('log.flush.interval.messages')).toBe(Infinity)
  expect(config.text('log.retention.bytes')).toBe('9007199254740993')
  expect(config.value('log.retention.bytes')).toBe(Infinity)
})

test('reports all problems at once, each with name, value, place and what is allowed', () => {
  const sources = {
    file: file('num.partitions=0\n\nlog.segment.bytes=abc'),
    env: { KAFKA_COMPRESSION_TYPE: 'rar' },
    flags: [flag('log.retention.bytes', '9223372036854775808')],
  }
  expect(problemsOf(sources)).toEqual([
    'num.partitions=0 (server.properties:1): must be a whole number from 1 to 2147483647',
    'log.segment.bytes=abc (server.properties:3): must be a whole number from 1048576 to 2147483647',
    'compression.type=rar (KAFKA_COMPRESSION_TYPE): must be one of uncompressed, zstd, lz4, snappy, gzip, producer',
    'log.retention.bytes=9223372036854775808 (--set): must be a whole number from -9223372036854775808 to 9223372036854775807',
  ])
})

test('names the file and line of a broken escape', () => {
  expect(problemsOf({ file: file('a=\\u1') })).toEqual([
    'server.properties, line 1: \\u needs four hexadecimal digits',
  ])
})

test.each([
  [
    { 'node.id': 1, 'broker.id': 2 },
    'broker.id=2 (createBroker): must be the same as node.id=1; one of the two is enough',
  ],
  [{ 'process.roles': 'controller' }, 'process.roles=controller (createBroker): must include broker'],
  [{ 'log.dirs': '/a, /b,/a' }, 'log.dirs=/a,/b,/a (createBroker): must not name a folder twice'],
  [{ 'log.dirs': '' }, 'log.dirs= (createBroker): must name at least one folder'],
  [
    { listeners: 'SSL://:9093' },
    'listeners (createBroker) has SSL://:9093, but SSL is not served yet: use PLAINTEXT, or take the listener out',
  ],
  [
    { 'group.min.session.timeout.ms': 9_000_000 },
    'group.min.session.timeout.ms=9000000 (createBroker): must not be above group.max.session.timeout.ms=1800000',
  ],
])('refuses settings that contradict each other: %o', (overrides, problem) => {
  expect(problemsOf({ overrides })).toEqual([problem])
})

test('takes broker.id where node.id is not set', () => {
  expect(loadConfig({ overrides: { 'broker.id': 7 } }).nodeId).toBe(7)
})

test('keeps unknown settings and says once which settings have no effect', () => {
  const config = loadConfig({
    file: file(
      'zookeeper.connect=zk:2181\nnum.io.threads=16\nnum.network.threads=3\nsasl.enabled.mechanisms=PLAIN',
    ),
    env: { KAFKA_FOO: 'secret' },
  })
  expect(config.text('zookeeper.connect')).toBe('zk:2181')
  expect(config.notices).toEqual([
    {
      level: 'warn',
      text: 'unknown settings, kept without effect: zookeeper.connect (server.properties:1), foo (KAFKA_FOO)',
    },
    {
      level: 'warn',
      text: 'settings without effect in this version: sasl.enabled.mechanisms (server.properties:4)',
    },
    { level: 'info', text: 'settings without effect here: num.io.threads (server.properties:2)' },
  ])
})

test('starts from the settings of a single-node compose file', () => {
  const config = loadConfig({
    env: {
      KAFKA_NODE_ID: '1',
      KAFKA_PROCESS_ROLES: 'broker,controller',
      KAFKA_LISTENERS: 'PLAINTEXT://:9092,CONTROLLER://:9093,BROKER://0.0.0.0:9094',
      KAFKA_ADVERTISED_LISTENERS: 'PLAINTEXT://localhost:32768,BROKER://kafka:9094',
      KAFKA_LISTENER_SECURITY_PROTOCOL_MAP: 'BROKER:PLAINTEXT,PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
      KAFKA_CONTROLLER_LISTENER_NAMES: 'CONTROLLER',
      KAFKA_INTER_BROKER_LISTENER_NAME: 'BROKER',
      KAFKA_CONTROLLER_QUORUM_VOTERS: '1@localhost:9093',
      KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR: '1',
      KAFKA_LOG_FLUSH_INTERVAL_MESSAGES: '9223372036854775807',
      KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS: '0',
    },
  })
  expect(config.listeners.map(({ name, advertised }) => [name, advertised])).toEqual([
    ['PLAINTEXT', { host: 'localhost', port: 32768 }],
    ['BROKER', { host: 'kafka', port: 9094 }],
  ])
})

test('says that it runs alone when a quorum of several nodes is named', () => {
  const config = loadConfig({ overrides: { 'controller.quorum.voters': '1@a:9093,2@b:9093' } })
  expect(config.notices).toEqual([
    { level: 'warn', text: 'controller.quorum.voters (createBroker) names other nodes: this one runs alone' },
  ])
})

test('relaxes syncing and group start in development mode, unless those settings are given', () => {
  const dev = loadConfig({ flags: [{ name: 'loggerhead.dev', text: 'true', flag: '--dev' }] })
  expect(dev.value('log.flush.interval.messages')).toBe(Infinity)
  expect(dev.value('group.initial.rebalance.delay.ms')).toBe(0)
  const given = loadConfig({
    env: { KAFKA_LOG_FLUSH_INTERVAL_MESSAGES: '5' },
    overrides: { 'loggerhead.dev': true },
  })
  expect(given.value('log.flush.interval.messages')).toBe(5)
})
