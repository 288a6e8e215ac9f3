/**
 * The brokers that are compared, as processes: Apache Kafka with its defaults and with the Java options of its
 * own start script, and Loggerhead from its
 * package, installed in the same parent folder (install.ts). Both keep their data in folders side by side.
 */
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { classpath, ensureKafkaJars, log4j } from '../compat-tests/support/kafka-jars.ts'
import {
  freePort,
  type Launched,
  lastLines,
  launch,
  runOrThrow,
  sleep,
} from '../compat-tests/support/process.ts'
import { node, packageIn } from './install.ts'
import { load, type Shape, type Target } from './load.ts'

export type Settings = Record<string, string>

/** How acks relate to syncs: Kafka's default leaves syncing to the operating system. */
export const unsynced: Settings = {
  'log.flush.interval.messages': '9223372036854775807',
  'loggerhead.unsynced.acks': 'true',
}

export interface Recipe {
  kind: 'kafka' | 'loggerhead'
  settings?: Settings
  /** Further flags of `loggerhead start`. */
  flags?: readonly string[]
  /** Further flags of Node itself. */
  nodeFlags?: readonly string[]
}

export interface Broker extends Target {
  readonly name: string
  readonly folder: string
  /** Starts and waits until a record is acknowledged in each partition of the topic; gives the time it took. */
  start(probe?: Shape): Promise<number>
  stop(): Promise<void>
  kill(): Promise<void>
  remove(): Promise<void>
}

const startSecondsMax = 180

export async function prepareBroker(name: string, recipe: Recipe, parent: string): Promise<Broker> {
  const folder = join(parent, name)
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder, { recursive: true })
  const port = await freePort()
  const [command, args] = await (recipe.kind === 'kafka' ? kafka : loggerhead)(folder, port, recipe)
  const logFile = join(folder, 'broker.log')
  let process: Launched | undefined

  async function end(signal: NodeJS.Signals): Promise<void> {
    process?.kill(signal)
    await process?.ended
    process = undefined
  }

  async function start(probe: Shape = { topic: 'ready' }): Promise<number> {
    const ready = load('ready', broker, { seconds: startSecondsMax, bytes: 100, ...probe })
    ready.catch(() => {}) // awaited below; it may fail before that
    await sleep(100) // the probe is up and knocking before the broker is started
    const startedAt = performance.timeOrigin + performance.now()
    const started = launch(command, args, logFile)
    process = started
    const ended = started.ended.then(code => {
      throw new Error(`${name} ended with ${code}:\n${lastLines(logFile)}`)
    })
    ended.catch(() => {}) // a later end is no failure of the start
    const { readyAtUnixMs } = await Promise.race([ready, ended])
    return readyAtUnixMs - startedAt
  }

  const broker: Broker = {
    name,
    folder,
    address: `127.0.0.1:${port}`,
    get pid() {
      return process?.pid ?? 0
    },
    start,
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
    remove: async () => {
      await end('SIGKILL')
      await rm(folder, { recursive: true, force: true })
    },
  }
  return broker
}

type Command = [command: string, args: string[]]

async function loggerhead(folder: string, port: number, recipe: Recipe): Promise<Command> {
  const settings = {
    listeners: `PLAINTEXT://127.0.0.1:${port}`,
    'loggerhead.http.port': '0',
    ...recipe.settings,
  }
  const set = Object.entries(settings).flatMap(([name, value]) => ['--set', `${name}=${value}`])
  const command = [
    join(packageIn(dirname(folder)), 'bin/loggerhead.js'),
    'start',
    '--data',
    join(folder, 'data'),
  ]
  return [node, [...(recipe.nodeFlags ?? []), ...command, ...(recipe.flags ?? []), ...set]]
}

/** As in Kafka's bin/kafka-server-start.sh and kafka-run-class.sh. */
const javaOptions = [
  '-Xmx1G',
  '-Xms1G',
  '-server',
  '-XX:+UseG1GC',
  '-XX:MaxGCPauseMillis=20',
  '-XX:InitiatingHeapOccupancyPercent=35',
  '-XX:+ExplicitGCInvokesConcurrent',
  '-Djava.awt.headless=true',
]

/** Any 16 bytes in base64url. */
const clusterId = 'loggerheadBenchmarksAA'

async function kafka(folder: string, port: number, recipe: Recipe): Promise<Command> {
  await ensureKafkaJars()
  const controllerPort = await freePort()
  const listeners = `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`
  const properties: Settings = {
    'process.roles': 'broker,controller',
    'node.id': '1',
    'controller.quorum.bootstrap.servers': `127.0.0.1:${controllerPort}`,
    listeners,
    'advertised.listeners': listeners,
    'controller.listener.names': 'CONTROLLER',
    'log.dirs': join(folder, 'logs'),
    // What one broker alone needs; everything else stays as Kafka has it.
    'offsets.topic.replication.factor': '1',
    'transaction.state.log.replication.factor': '1',
    'transaction.state.log.min.isr': '1',
    'share.coordinator.state.topic.replication.factor': '1',
    'share.coordinator.state.topic.min.isr': '1',
    ...recipe.settings,
  }
  const propertiesFile = join(folder, 'server.properties')
  const log4jFile = join(folder, 'log4j2.yaml')
  const lines = Object.entries(properties).map(([name, value]) => `${name}=${value}\n`)
  await writeFile(propertiesFile, lines.join(''))
  await writeFile(log4jFile, log4j('SYSTEM_OUT', 'INFO'))
  const java = [`-Dlog4j2.configurationFile=${log4jFile}`, '-cp', classpath]
  const format = ['format', '--standalone', '--cluster-id', clusterId, '--config', propertiesFile]
  await runOrThrow('java', ['-Xmx256m', ...java, 'kafka.tools.StorageTool', ...format])
  return ['java', [...javaOptions, ...java, 'kafka.Kafka', propertiesFile]]
}
