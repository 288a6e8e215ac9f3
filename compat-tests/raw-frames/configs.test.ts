/** Settings of all kinds of resources, changed and read request by request: the same bad requests to both brokers. */
import { createTopic, produce } from '../support/requests.ts'
import { suite } from '../support/scenario.ts'
import { Connection, recordBatch, Writer } from '../support/wire.ts'

const key = { describeConfigs: 32, alterConfigs: 33, incrementalAlterConfigs: 44, listConfigResources: 74 }
const [TOPIC, BROKER, LOGGER, METRICS, GROUP] = [2, 4, 8, 16, 32] as const
const [SET, DELETE, APPEND, SUBTRACT] = [0, 1, 2, 3] as const

type Change = readonly [name: string, operation: number, value: string | null]

interface Resource {
  type: number
  name: string
  changes: readonly Change[]
}

function readAnswers(answer: Awaited<ReturnType<Connection['request']>>) {
  answer.int32()
  return answer.array(() => {
    const errorCode = answer.int16()
    const message = answer.string()
    answer.int8()
    answer.string()
    return { errorCode, message }
  })
}

async function alterAll(connection: Connection, resources: readonly Resource[], validateOnly = false) {
  const body = new Writer()
  body.array(resources, ({ type, name, changes }) => {
    body.int8(type).string(name)
    body.array(changes, ([config, operation, value]) => body.string(config).int8(operation).string(value))
  })
  body.int8(validateOnly ? 1 : 0)
  return readAnswers(await connection.request(key.incrementalAlterConfigs, 0, body.done()))
}

async function alter(connection: Connection, type: number, name: string, ...changes: Change[]) {
  return (await alterAll(connection, [{ type, name, changes }]))[0]!
}

async function replace(
  connection: Connection,
  type: number,
  name: string,
  ...configs: (readonly [string, string | null])[]
) {
  const body = new Writer().int32(1).int8(type).string(name)
  body.array(configs, ([config, value]) => body.string(config).string(value))
  body.int8(0)
  return readAnswers(await connection.request(key.alterConfigs, 1, body.done()))[0]!
}

async function describe(connection: Connection, type: number, name: string, keys: string[] | null = null) {
  const body = new Writer().int32(1).int8(type).string(name)
  if (keys) body.array(keys, one => body.string(one))
  else body.int32(-1)
  const answer = await connection.request(key.describeConfigs, 1, body.int8(1).done())
  answer.int32()
  return answer.array(() => {
    const errorCode = answer.int16()
    answer.string()
    answer.int8()
    answer.string()
    const configs = answer.array(() => {
      const config = answer.string()!
      const value = answer.string()
      const readOnly = answer.int8()
      const source = answer.int8()
      const sensitive = answer.int8()
      const synonyms = answer.array(() => `${answer.string()}=${answer.string()} ${answer.int8()}`)
      return { config, value, readOnly, source, sensitive, synonyms }
    })
    return { errorCode, configs }
  })[0]!
}

/** `TYPE NAME` of each; version 0 takes no types. */
async function list(connection: Connection, version: number, types: readonly number[] = []) {
  const body = new Writer()
  if (version > 0) {
    body.uvarint(types.length + 1)
    for (const type of types) body.int8(type)
  }
  const answer = await connection.request(key.listConfigResources, version, body.uvarint(0).done(), true)
  answer.uvarint()
  answer.int32()
  const errorCode = answer.int16()
  const resources = Array.from({ length: Math.max(0, answer.uvarint() - 1) }, () => {
    const name = answer.raw(answer.uvarint() - 1).toString()
    const type = version > 0 ? answer.int8() : METRICS
    answer.uvarint()
    return `${type} ${name}`
  })
  return { errorCode, resources }
}

const throttled = 'leader.replication.throttled.replicas'
/** About 20 kB. */
const replicas = (from: number) => Array.from({ length: 2_500 }, (_, index) => `${from + index}:1`).join(',')

/** Kafka applies what was set a little after it has answered. */
async function describeWhen(
  connection: Connection,
  [type, name, config]: readonly [type: number, name: string, config: string],
  isDone: (value: string | null | undefined, source: number | undefined) => boolean,
) {
  for (let attempt = 0; ; attempt++) {
    const answer = await describe(connection, type, name, [config])
    const [row] = answer.configs
    if (isDone(row?.value, row?.source) || attempt === 200) return answer
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}

const codes = (answers: Record<string, { errorCode: number }>) =>
  Object.fromEntries(Object.entries(answers).map(([what, { errorCode }]) => [what, errorCode]))

suite('raw configs', scenario => {
  scenario('changes single settings of a topic', async ({ host, port, name }) => {
    const connection = await Connection.open(host, port)
    const topic = name()
    await createTopic(connection, topic, 1)
    const changed = []
    /** Each with the value that it leads to. */
    const steps: [Change, string][] = [
      [['retention.ms', SET, '0100'], '100'],
      [['cleanup.policy', APPEND, 'compact'], 'delete,compact'],
      [['cleanup.policy', SUBTRACT, 'delete'], 'compact'],
      [['segment.ms', DELETE, null], '604800000'],
      [['retention.ms', DELETE, null], '604800000'],
      [['leader.replication.throttled.replicas', APPEND, '0:1'], '0:1'],
      [['leader.replication.throttled.replicas', SUBTRACT, '0:1'], ''],
    ]
    for (const [step, wanted] of steps) {
      const { errorCode } = await alter(connection, TOPIC, topic, step)
      const { configs } = await describeWhen(connection, [TOPIC, topic, step[0]], value => value === wanted)
      changed.push({ step, errorCode, configs })
    }
    const replaced = await replace(connection, TOPIC, topic, ['segment.ms', '70'])
    await describeWhen(connection, [TOPIC, topic, 'segment.ms'], value => value === '70')
    const after = await describe(connection, TOPIC, topic, ['cleanup.policy', 'segment.ms'])
    const validated = await alterAll(
      connection,
      [{ type: TOPIC, name: topic, changes: [['segment.ms', SET, '80']] }],
      true,
    )
    const kept = await describe(connection, TOPIC, topic, ['segment.ms'])
    const none = await describe(connection, TOPIC, topic, [])
    connection.close()
    return {
      changed,
      replaced: replaced.errorCode,
      after: after.configs.toSorted((a, b) => (a.config < b.config ? -1 : 1)),
      validated: validated[0]!.errorCode,
      kept,
      none: none.configs.length,
    }
  })

  scenario('refuses settings of a topic', async ({ host, port, name }) => {
    const connection = await Connection.open(host, port)
    const topic = name()
    await createTopic(connection, topic, 1)
    const on = (...changes: Change[]) => alter(connection, TOPIC, topic, ...changes)
    await on([throttled, SET, replicas(10_000)])
    const answers = {
      long: await on([throttled, APPEND, replicas(20_000)]),
      wrongType: await on(['retention.ms', SET, 'x']),
      outOfBounds: await on(['segment.bytes', SET, '5']),
      unknown: await on(['nosuch', SET, '1']),
      unknownAway: await on(['nosuch', DELETE, null]),
      appendToNumber: await on(['retention.ms', APPEND, '1']),
      appendToUnknown: await on(['nosuch', APPEND, '1']),
      twice: await on(['retention.ms', SET, '1'], ['retention.ms', DELETE, null]),
      nullValue: await on(['retention.ms', SET, null]),
      emptyPolicy: await on(['cleanup.policy', SET, '']),
      policyTwice: await on(['cleanup.policy', SET, 'delete,delete']),
      lag: await on(['min.compaction.lag.ms', SET, '10'], ['max.compaction.lag.ms', SET, '5']),
      remote: await on(['remote.storage.enable', SET, 'true']),
      missing: await alter(connection, TOPIC, `${topic}-missing`, ['retention.ms', SET, '1']),
      missingAndWrong: await alter(connection, TOPIC, `${topic}-missing`, ['retention.ms', SET, 'x']),
      badName: await alter(connection, TOPIC, 'a b', ['retention.ms', SET, '1']),
      noName: await alter(connection, TOPIC, '', ['retention.ms', SET, '1']),
      noType: await alter(connection, 7, topic, ['retention.ms', SET, '1']),
      replaceWithNull: await replace(connection, TOPIC, topic, ['retention.ms', null]),
      replaceUnknown: await replace(connection, TOPIC, topic, ['nosuch', '1']),
      replaceLogger: await replace(connection, LOGGER, '1', ['root', 'INFO']),
      describeMissing: await describe(connection, TOPIC, `${topic}-missing`),
      describeBadName: await describe(connection, TOPIC, 'a b'),
    }
    const twice = { type: TOPIC, name: topic, changes: [] }
    const repeated = await alterAll(connection, [twice, twice])
    connection.close()
    return { ...codes(answers), repeated: repeated.map(({ errorCode }) => errorCode) }
  })

  scenario('asks for no more replicas than a partition has', async ({ host, port, name }) => {
    const connection = await Connection.open(host, port)
    const topic = name()
    await createTopic(connection, topic, 1)
    await alter(connection, TOPIC, topic, ['min.insync.replicas', SET, '2'])
    await describeWhen(connection, [TOPIC, topic, 'min.insync.replicas'], value => value === '2')
    const partition = { topic, partition: 0 }
    const produced = await produce(connection, partition, recordBatch([{ value: Buffer.from('a') }]), {
      acks: -1,
    })
    connection.close()
    return produced
  })

  scenario('changes settings of brokers', async ({ host, port }) => {
    const connection = await Connection.open(host, port)
    const [setting, rate] = ['log.segment.delete.delay.ms', 'leader.replication.throttled.rate']
    const shown = (wanted: string) =>
      describeWhen(connection, [BROKER, '1', setting], value => value === wanted)
    const steps = {
      all: await alter(connection, BROKER, '', [setting, SET, '50000']),
      withAll: await shown('50000'),
      one: await alter(connection, BROKER, '1', [setting, SET, '040000']),
      withOne: await shown('40000'),
      ofAll: await describe(connection, BROKER, '', [setting]),
      unknown: await alter(connection, BROKER, '1', ['my.own', SET, 'x']),
      withUnknown: await describeWhen(connection, [BROKER, '1', 'my.own'], (_, source) => source === 2),
      rate: await alter(connection, BROKER, '1', [rate, SET, '5']),
      withRate: await describeWhen(connection, [BROKER, '1', rate], value => value === '5'),
      // Not all that is set: another suite may be at it.
      deleted: await alter(
        connection,
        BROKER,
        '1',
        ...[setting, rate, 'my.own'].map((one): Change => [one, DELETE, null]),
      ),
      away: await alter(connection, BROKER, '', [setting, DELETE, null]),
      without: await shown('60000'),
    }
    connection.close()
    return Object.fromEntries(
      Object.entries(steps).map(([step, answer]) => [step, 'configs' in answer ? answer : answer.errorCode]),
    )
  })

  scenario('says which settings of a broker can change and which are secret', async ({ host, port }) => {
    const connection = await Connection.open(host, port)
    const { configs } = await describe(connection, BROKER, '1')
    connection.close()
    const rows = configs.filter(({ config }) => !/^(loggerhead|my)\./.test(config))
    return Object.fromEntries(
      rows.map(({ config, readOnly, sensitive }) => [config, `${readOnly} ${sensitive}`]).sort(),
    )
  })

  scenario('refuses settings of brokers', async ({ host, port }) => {
    const connection = await Connection.open(host, port)
    const one = (...changes: Change[]) => alter(connection, BROKER, '1', ...changes)
    const all = (...changes: Change[]) => alter(connection, BROKER, '', ...changes)
    const answers = {
      readOnly: await one(['num.partitions', SET, '3']),
      readOnlyForAll: await all(['num.partitions', SET, '3']),
      wrongType: await one(['message.max.bytes', SET, 'x']),
      outOfBounds: await all(['message.max.bytes', SET, '-1']),
      keystore: await one(['ssl.keystore.location', SET, '/x']),
      forOneOnly: await all(['ssl.protocol', SET, 'TLSv1.3']),
      appendToNumber: await one(['message.max.bytes', APPEND, '1']),
      threads: await one(['num.io.threads', SET, '17']),
      fewThreads: await one(['num.io.threads', SET, '3']),
      noConnections: await one(['max.connections.per.ip', SET, '0']),
      minIsrOfOne: await one(['min.insync.replicas', SET, '1']),
      noRetention: await one(['log.retention.ms', SET, '0']),
      smallBuffer: await one(['log.cleaner.dedupe.buffer.size', SET, '5']),
      unknownOperation: await one(['message.max.bytes', 9, '1']),
      other: await alter(connection, BROKER, '2', ['message.max.bytes', SET, '1']),
      noNumber: await alter(connection, BROKER, 'x', ['message.max.bytes', SET, '1']),
      describeOther: await describe(connection, BROKER, '2'),
      describeNoNumber: await describe(connection, BROKER, 'x'),
    }
    await one(['min.insync.replicas', DELETE, null])
    connection.close()
    const [readOnly, otherBroker] = [answers.readOnly.message, answers.other.message]
    return { ...codes(answers), readOnly, otherBroker }
  })

  scenario('changes settings of groups and client metrics', async ({ host, port, name }) => {
    const connection = await Connection.open(host, port)
    const [group, metrics] = [name('group'), name('metrics')]
    const fresh = await describe(connection, GROUP, group)
    const answers = {
      group: await alter(connection, GROUP, group, ['consumer.heartbeat.interval.ms', SET, '06000']),
      groupUnknown: await alter(connection, GROUP, group, ['nosuch', SET, '1']),
      groupLow: await alter(connection, GROUP, group, ['consumer.session.timeout.ms', SET, '1']),
      groupWrong: await alter(connection, GROUP, group, ['share.isolation.level', SET, 'none']),
      groupOffset: await alter(connection, GROUP, group, [
        'share.auto.offset.reset',
        SET,
        'by_duration:PT1H',
      ]),
      groupNoOffset: await alter(connection, GROUP, group, ['share.auto.offset.reset', SET, 'soon']),
      groupNoName: await alter(connection, GROUP, '', ['share.isolation.level', SET, 'read_committed']),
      metrics: await alter(
        connection,
        METRICS,
        metrics,
        ['metrics', SET, 'a,b'],
        ['interval.ms', SET, '0500'],
      ),
      metricsAppended: await alter(connection, METRICS, metrics, ['metrics', APPEND, 'c']),
      metricsMatch: await alter(connection, METRICS, metrics, ['match', SET, 'client_id=a.*']),
      metricsUnknown: await alter(connection, METRICS, metrics, ['nosuch', SET, '1']),
      metricsOften: await alter(connection, METRICS, metrics, ['interval.ms', SET, '99']),
      metricsWrong: await alter(connection, METRICS, metrics, ['interval.ms', SET, 'x']),
      metricsNoMatch: await alter(connection, METRICS, metrics, ['match', SET, 'colour=red']),
      metricsNoName: await alter(connection, METRICS, '', ['metrics', SET, '*']),
      describeNoGroup: await describe(connection, GROUP, ''),
      describeNoMetrics: await describe(connection, METRICS, ''),
    }
    await describeWhen(connection, [GROUP, group, 'share.auto.offset.reset'], (_, source) => source === 8)
    const shown = await describe(connection, GROUP, group)
    await describeWhen(connection, [METRICS, metrics, 'match'], (_, source) => source === 7)
    const subscription = await describe(connection, METRICS, metrics)
    const inOrder = (rows: typeof shown.configs) => rows.toSorted((a, b) => (a.config < b.config ? -1 : 1))
    await replace(connection, GROUP, group)
    await replace(connection, METRICS, metrics)
    connection.close()
    return {
      ...codes(answers),
      fresh: inOrder(fresh.configs),
      shown: inOrder(shown.configs),
      subscription: inOrder(subscription.configs),
    }
  })

  scenario('lists what has settings', async ({ host, port, name }) => {
    const connection = await Connection.open(host, port)
    const [topic, group, metrics] = [name(), name('group'), name('metrics')]
    await createTopic(connection, topic, 1)
    await alter(connection, GROUP, group, ['share.isolation.level', SET, 'read_committed'])
    await alter(connection, METRICS, metrics, ['interval.ms', SET, '60000'])
    await describeWhen(connection, [METRICS, metrics, 'interval.ms'], value => value === '60000')
    const seen = async (version: number, ...types: number[]) => {
      const { errorCode, resources } = await list(connection, version, types)
      const own = resources.filter(resource => resource.includes(topic) || / \d+$/.test(resource))
      return { errorCode, own: own.sort() }
    }
    const answers = {
      all: await seen(1),
      groups: await seen(1, GROUP),
      topicsAndBrokers: await seen(1, TOPIC, BROKER),
      loggers: await seen(1, LOGGER),
      metrics: await seen(0),
      unknown: await seen(1, TOPIC, 99),
    }
    await alter(connection, GROUP, group, ['share.isolation.level', DELETE, null])
    await alter(connection, METRICS, metrics, ['interval.ms', DELETE, null])
    connection.close()
    return answers
  })

  scenario('changes levels of loggers', async ({ host, port }) => {
    const connection = await Connection.open(host, port)
    const root = (...changes: Change[]) => alter(connection, LOGGER, '1', ...changes)
    const answers = {
      warn: await root(['root', SET, 'WARN']),
      info: await root(['root', SET, 'INFO']),
      lower: await root(['root', SET, 'info']),
      unknownLevel: await root(['root', SET, 'LOUD']),
      away: await root(['root', DELETE, null]),
      append: await root(['root', APPEND, 'INFO']),
      unknownLogger: await root(['nosuch.logger', SET, 'INFO']),
      unknownOperation: await root(['root', 9, 'INFO']),
      other: await alter(connection, LOGGER, '2', ['root', SET, 'INFO']),
      noNumber: await alter(connection, LOGGER, 'x', ['root', SET, 'INFO']),
      describeOther: await describe(connection, LOGGER, '2'),
      describeNoName: await describe(connection, LOGGER, ''),
    }
    const { configs } = await describe(connection, LOGGER, '1', ['root'])
    connection.close()
    return { ...codes(answers), configs }
  })
})
