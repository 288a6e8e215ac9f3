/**
 * A broker process under test: Loggerhead or Apache Kafka, started, stopped, killed and started again on the same
 * folder and port. Both get the same settings, so what differs in their answers is theirs.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { classpath, ensureKafkaJars, log4j } from './kafka-jars.ts'
import { freePort, type Launched, lastLines, launch, runOrThrow, until } from './process.ts'

export const brokerKinds = ['kafka', 'loggerhead'] as const
export type BrokerKind = (typeof brokerKinds)[number]

export interface BrokerOptions {
  settings?: Record<string, string>
  /** Where the broker's folder goes; a new folder under the system's temporary one if absent, removed by `remove`. */
  folder?: string
  /** Where Apache Kafka finds classes of a test, such as plugins. */
  classpath?: string
}

export interface Endpoint {
  readonly kind: BrokerKind
  readonly host: string
  readonly port: number
  /** `host:port`, as clients take it. */
  readonly bootstrap: string
}

export interface BrokerProcess extends Endpoint {
  /** The folder that holds the partition folders. */
  readonly logFolder: string
  readonly logFile: string
  readonly pid: number
  readonly isRunning: boolean
  /** Resolves when the broker answers. A second `start` after `stop` or `kill` keeps folder and port. */
  start(): Promise<void>
  /** SIGTERM; resolves with the exit code. */
  stop(): Promise<number>
  /** SIGKILL; resolves when the process is gone. */
  kill(): Promise<void>
  /** Kills what runs and removes everything the broker wrote. */
  remove(): Promise<void>
}

const repository = fileURLToPath(new URL('../..', import.meta.url))

/** The Node that runs Loggerhead; COMPAT_NODE names another one, to show that the oldest supported Node works. */
export const brokerNode = () => process.env.COMPAT_NODE || join(repository, 'node_modules/.bin/node')

/** Any 16 bytes in base64url; a drawn one may begin with a dash, which the format tool takes for an option. */
const clusterId = 'loggerheadCompatTestsA'

/** For both: what makes one broker on a developer's machine quick and self-sufficient. */
const sharedSettings = {
  'node.id': '1',
  'group.initial.rebalance.delay.ms': '0',
  'offsets.topic.replication.factor': '1',
  'transaction.state.log.replication.factor': '1',
  'transaction.state.log.min.isr': '1',
}

export async function createBroker(kind: BrokerKind, options: BrokerOptions = {}): Promise<BrokerProcess> {
  const folder = options.folder ?? (await mkdtemp(join(tmpdir(), `loggerhead-compat-${kind}-`)))
  await mkdir(folder, { recursive: true })
  const port = await freePort()
  const settings = { ...sharedSettings, ...options.settings }
  const recipe =
    kind === 'kafka'
      ? await kafkaRecipe(folder, port, settings, options.classpath)
      : loggerheadRecipe(folder, port, settings)
  return supervise(kind, folder, port, recipe)
}

export async function startBroker(kind: BrokerKind, options?: BrokerOptions): Promise<BrokerProcess> {
  const broker = await createBroker(kind, options)
  await broker.start().catch(async error => {
    await broker.remove()
    throw error
  })
  return broker
}

interface Recipe {
  command: string
  args: string[]
  logFolder: string
  startMs: number
}

function loggerheadRecipe(folder: string, port: number, settings: Record<string, string>): Recipe {
  const logFolder = join(folder, 'data')
  const all = { 'loggerhead.http.port': '0', ...settings, listeners: `PLAINTEXT://127.0.0.1:${port}` }
  const flags = Object.entries(all).flatMap(([name, value]) => ['--set', `${name}=${value}`])
  const args = [join(repository, 'bin/loggerhead.js'), 'start', ...flags, '--data', logFolder]
  return { command: brokerNode(), args, logFolder, startMs: 30_000 }
}

async function kafkaRecipe(
  folder: string,
  port: number,
  settings: Record<string, string>,
  extraClasspath = '',
): Promise<Recipe> {
  await ensureKafkaJars()
  const controllerPort = await freePort()
  const logFolder = join(folder, 'logs')
  const listeners = `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`
  const properties = {
    'process.roles': 'broker,controller',
    'controller.quorum.bootstrap.servers': `127.0.0.1:${controllerPort}`,
    listeners,
    'advertised.listeners': listeners,
    'controller.listener.names': 'CONTROLLER',
    'log.dirs': logFolder,
    'share.coordinator.state.topic.replication.factor': '1',
    'share.coordinator.state.topic.min.isr': '1',
    ...settings,
  }
  const propertiesFile = join(folder, 'server.properties')
  const log4jFile = join(folder, 'log4j2.yaml')
  await writeFile(
    propertiesFile,
    Object.entries(properties)
      .map(([name, value]) => `${name}=${value}\n`)
      .join(''),
  )
  await writeFile(log4jFile, log4j('SYSTEM_OUT', 'INFO'))
  const jvm = ['-Xmx768m', '-XX:+UseSerialGC', `-Dlog4j2.configurationFile=${log4jFile}`]
  jvm.push('-cp', [classpath, extraClasspath].filter(Boolean).join(':'))
  const format = ['format', '--standalone', '--cluster-id', clusterId, '--config', propertiesFile]
  await runOrThrow('java', [...jvm, '-XX:TieredStopAtLevel=1', 'kafka.tools.StorageTool', ...format])
  return { command: 'java', args: [...jvm, 'kafka.Kafka', propertiesFile], logFolder, startMs: 120_000 }
}

function supervise(kind: BrokerKind, folder: string, port: number, recipe: Recipe): BrokerProcess {
  const host = '127.0.0.1'
  const logFile = join(folder, `${kind}.log`)
  let process: Launched | undefined

  async function start(): Promise<void> {
    const started = launch(recipe.command, recipe.args, logFile)
    process = started
    await until(
      `${kind} to answer on port ${port}`,
      async () => {
        if (!started.isRunning) throw new Error(`${kind} ended instead of starting`)
        return answers(host, port)
      },
      recipe.startMs,
    ).catch(error => {
      started.kill('SIGKILL')
      throw new Error(`${error instanceof Error ? error.message : error}\n${lastLines(logFile)}`)
    })
  }

  async function end(signal: NodeJS.Signals): Promise<number> {
    if (!process) return 0
    process.kill(signal)
    return process.ended
  }

  return {
    kind,
    host,
    port,
    bootstrap: `${host}:${port}`,
    logFolder: recipe.logFolder,
    logFile,
    get pid() {
      return process?.pid ?? -1
    },
    get isRunning() {
      return process?.isRunning ?? false
    },
    start,
    stop: () => end('SIGTERM'),
    kill: async () => void (await end('SIGKILL')),
    remove: async () => {
      await end('SIGKILL')
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** Whether the port answers a Metadata request with a broker: Kafka listens a while before it knows itself. */
function answers(host: string, port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect(port, host)
    const received: Buffer[] = []
    const settle = (isUp: boolean) => {
      socket.destroy()
      resolve(isUp)
    }
    socket.setTimeout(1_000, () => settle(false))
    socket.on('error', () => settle(false))
    socket.on('close', () => settle(false))
    // Metadata v1, correlation id 1, no client id, no topics.
    socket.on('connect', () => socket.write(Buffer.from('0000000e0003000100000001ffff00000000', 'hex')))
    socket.on('data', (chunk: Buffer) => {
      received.push(chunk)
      const answer = Buffer.concat(received)
      // size, correlation id, then the count of brokers.
      if (answer.length >= 12) settle(answer.readInt32BE(8) > 0)
    })
  })
}
