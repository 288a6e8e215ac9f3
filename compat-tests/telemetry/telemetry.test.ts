/**
 * Metrics that clients push (KIP-714). Apache Kafka serves them only with a plugin, so both brokers are started here: the same questions and
 * pushes get the same answers. What a Java client pushes to Loggerhead stands on /metrics.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readPrometheusText } from '../../test/support/prometheus-text.ts'
import { type BrokerKind, type BrokerProcess, brokerKinds, startBroker } from '../support/broker.ts'
import { classpath, ensureKafkaJars, javaArguments, kafkaTool, kafkaVersion } from '../support/kafka-jars.ts'
import { freePort, runOrThrow } from '../support/process.ts'
import { Connection, Writer } from '../support/wire.ts'

const GET_SUBSCRIPTIONS = 71
const PUSH = 72
const ZERO = Buffer.alloc(16)
const source = (name: string) => fileURLToPath(new URL(name, import.meta.url))

const brokers = new Map<BrokerKind, BrokerProcess>()
let classes: string
let httpPort: number

beforeAll(async () => {
  await ensureKafkaJars()
  classes = await mkdtemp(join(tmpdir(), 'loggerhead-compat-receiver-'))
  await runOrThrow('javac', ['-cp', classpath, '-d', classes, source('Receiver.java')], {
    timeoutMs: 120_000,
  })
  httpPort = await freePort()
  const shared = { 'telemetry.max.bytes': '1000000', 'metric.reporters': 'Receiver' }
  const settings = { kafka: shared, loggerhead: { ...shared, 'loggerhead.http.port': String(httpPort) } }
  const chosen = (process.env.COMPAT_BROKERS ?? brokerKinds.join(',')).split(',')
  const kinds = brokerKinds.filter(kind => chosen.includes(kind))
  await Promise.all(
    kinds.map(async kind => {
      brokers.set(kind, await startBroker(kind, { settings: settings[kind], classpath: classes }))
    }),
  )
}, 300_000)

afterAll(async () => {
  for (const broker of brokers.values()) await broker.remove()
  await rm(classes, { recursive: true, force: true })
})

async function ask(connection: Connection, id: Buffer) {
  const answer = await connection.request(GET_SUBSCRIPTIONS, 0, new Writer().raw(id).uvarint(0).done(), true)
  answer.uvarint()
  answer.int32()
  const errorCode = answer.int16()
  const clientInstanceId = Buffer.from(answer.raw(16))
  const subscriptionId = answer.int32()
  const codecs = Array.from({ length: answer.uvarint() - 1 }, () => answer.int8())
  const [intervalMs, bytesMax, wantsDeltas] = [answer.int32(), answer.int32(), answer.int8()]
  const metrics = Array.from({ length: answer.uvarint() - 1 }, () =>
    answer.raw(answer.uvarint() - 1).toString(),
  )
  return { errorCode, clientInstanceId, subscriptionId, codecs, intervalMs, bytesMax, wantsDeltas, metrics }
}

interface Push {
  id: Buffer
  subscriptionId: number
  metrics?: Buffer
  codec?: number
  isLast?: boolean
}

/** The error code of a push. */
async function push(
  connection: Connection,
  { id, subscriptionId, metrics, codec = 0, isLast = false }: Push,
) {
  const bytes = metrics ?? Buffer.alloc(0)
  const body = new Writer().raw(id).int32(subscriptionId).int8(Number(isLast)).int8(codec)
  body
    .uvarint(bytes.length + 1)
    .raw(bytes)
    .uvarint(0)
  const answer = await connection.request(PUSH, 0, body.done(), true)
  answer.uvarint()
  answer.int32()
  return answer.int16()
}

/** What a broker answers to a client that does all that it should not, each time as a new instance. */
async function misbehave({ host, port }: BrokerProcess) {
  const connection = await Connection.open(host, port)
  const start = async () => {
    const { clientInstanceId: id, subscriptionId } = await ask(connection, ZERO)
    return { id, subscriptionId }
  }
  const { clientInstanceId, subscriptionId, ...first } = await ask(connection, ZERO)
  const answers: Record<string, unknown> = { first, isGivenAnId: !clientInstanceId.equals(ZERO) }
  answers['asks too early'] = (await ask(connection, clientInstanceId)).errorCode
  answers['pushes as asked'] = await push(connection, { id: clientInstanceId, subscriptionId })
  answers['pushes too early'] = await push(connection, { id: clientInstanceId, subscriptionId })
  answers['pushes its last'] = await push(connection, { id: clientInstanceId, subscriptionId, isLast: true })
  answers['pushes after its last'] = await push(connection, {
    id: clientInstanceId,
    subscriptionId,
    isLast: true,
  })
  answers['pushes without an id'] = await push(connection, { id: ZERO, subscriptionId })
  const reserved = Buffer.from('00000000000000000000000000000001', 'hex')
  answers['pushes with a reserved id'] = await push(connection, { id: reserved, subscriptionId })
  const lost = await start()
  answers['pushes for another subscription'] = await push(connection, {
    ...lost,
    subscriptionId: lost.subscriptionId + 1,
  })
  const odd = await start()
  answers['pushes in an unknown compression'] = await push(connection, {
    ...odd,
    codec: 9,
    metrics: Buffer.from('x'),
  })
  const large = await start()
  answers['pushes too much'] = await push(connection, { ...large, metrics: Buffer.alloc(1_000_001) })
  const unknown = await start()
  const stranger = Buffer.from('123456789abcdef0123456789abcdef0', 'hex')
  answers['pushes with an id nobody gave'] = await push(connection, { ...unknown, id: stranger })
  connection.close()
  return answers
}

test('the same questions and pushes get the same answers', { timeout: 120_000 }, async () => {
  const answers = new Map<BrokerKind, Record<string, unknown>>()
  for (const [kind, broker] of brokers) answers.set(kind, await misbehave(broker))
  const ours = answers.get('loggerhead')
  const theirs = answers.get('kafka')
  if (process.env.COMPAT_SHOW) console.log(JSON.stringify([ours, theirs], null, 1))
  if (!ours || !theirs) return
  // We ask for totals, which survive a push that is lost.
  expect(ours).toEqual({ ...theirs, first: { ...(theirs.first as object), wantsDeltas: 0 } })
})

/** What Kafka's tool for subscriptions prints, from the first to the last day of one. */
async function keepSubscription({ bootstrap }: BrokerProcess) {
  const tool = async (...args: string[]) => {
    const { code, stdout } = await kafkaTool('kafka-client-metrics', [
      '--bootstrap-server',
      bootstrap,
      ...args,
    ])
    return { code, lines: stdout.trim().split('\n').toSorted() }
  }
  const alter = [
    '--alter',
    '--name',
    'mine',
    '--metrics',
    'org.apache.kafka.producer.',
    '--interval',
    '60000',
  ]
  return [
    await tool('--list'),
    await tool(...alter, '--match', 'client_id=a.*,client_software_name=apache-kafka-java'),
    await tool('--list'),
    await tool('--describe', '--name', 'mine'),
    await tool(...alter, '--match', 'client_colour=red'),
    await tool('--delete', '--name', 'mine'),
    await tool('--list'),
  ]
}

test("subscriptions are kept with Kafka's tool", { timeout: 300_000 }, async () => {
  const answers = new Map<BrokerKind, unknown>()
  await Promise.all(
    Array.from(brokers, async ([kind, broker]) => answers.set(kind, await keepSubscription(broker))),
  )
  if (process.env.COMPAT_SHOW) console.log(JSON.stringify(Object.fromEntries(answers), null, 1))
  if (answers.size === 2) expect(answers.get('loggerhead')).toEqual(answers.get('kafka'))
})

test('what a Java producer and consumer push stands on /metrics', { timeout: 300_000 }, async () => {
  const ids = new Map<BrokerKind, { producer: string; consumer: string; sent: number }>()
  for (const [kind, { bootstrap }] of brokers) {
    const stdout = await runOrThrow('java', javaArguments(source('Clients.java'), [bootstrap]), {
      timeoutMs: 120_000,
    })
    ids.set(kind, JSON.parse(stdout.trim().split('\n').at(-1)!))
  }
  for (const { producer, consumer } of ids.values()) {
    expect(producer).toMatch(/^[\w-]{22}$/)
    expect(consumer).not.toBe(producer)
  }
  const ours = ids.get('loggerhead')
  if (!ours) return
  const text = await (await fetch(`http://127.0.0.1:${httpPort}/metrics`)).text()
  const metrics = readPrometheusText(text)
  const sampleOf = (name: string, labels: Record<string, string>) =>
    metrics
      .get(name)
      ?.samples.find(one => Object.entries(labels).every(([label, value]) => one.labels[label] === value))
  const producer = {
    client_id: 'pushing-producer',
    client_instance_id: ours.producer,
    client_software_name: 'apache-kafka-java',
    client_software_version: kafkaVersion,
  }
  const sent = sampleOf('kafka_client_producer_record_send_total', producer)
  expect(metrics.get('kafka_client_producer_record_send_total')?.kind).toBe('counter')
  // A client that closes while it pushes leaves its last push out: then some of the newest records are missing.
  expect(sent?.value).toBeGreaterThan(ours.sent / 2)
  expect(sent?.value).toBeLessThanOrEqual(ours.sent)
  expect(sampleOf('kafka_client_producer_connection_creation_total', producer)?.value).toBeGreaterThan(0)
  const consumer = {
    client_id: 'pushing-consumer',
    client_instance_id: ours.consumer,
    group_id: 'pushing-group',
  }
  expect(sampleOf('kafka_client_consumer_poll_idle_ratio_avg', consumer)).toBeDefined()
  expect([...metrics.keys()].filter(name => name.startsWith('kafka_client_')).length).toBeGreaterThan(30)
})
