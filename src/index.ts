import type { Logger, LogLevel } from './base/logger.ts'
import type { Address } from './base/network.ts'

/**
 * The package's face: a broker inside this process.
 *
 *     await using broker = await createBroker()
 *     const kafka = new Kafka({ brokers: [broker.address] })
 */
export interface BrokerOptions {
  /** Where data is kept; in memory, and gone with the broker, when left out. */
  dataDir?: string
  /** 0, the default: any free port. */
  port?: number
  /** `localhost` when left out: both loopback addresses. */
  host?: string
  /** Development mode: acknowledgements wait for no sync, groups form at once. True in memory, false on disk. */
  dev?: boolean
  /** Settings by Kafka's names, such as `{ 'num.partitions': 3 }`. */
  config?: Readonly<Record<string, string | number | boolean>>
  /** `silent` when left out. */
  logLevel?: LogLevel
}

export interface EmbeddedBroker {
  /** `host:port` of the first listener, for a client's list of brokers. */
  readonly address: string
  readonly port: number
  readonly listeners: readonly Address[]
  readonly clusterId: string
  /** All metrics in the text format of Prometheus. */
  metrics(): Promise<string>
  /** Ends every connection, syncs, and leaves nothing running. */
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/** Starts a broker. Resolves when it can be used; several may run in one process. Throws when a setting or the data folder is unfit. */
export async function createBroker(options: BrokerOptions = {}): Promise<EmbeddedBroker> {
  const [{ startBroker }, { loadConfig }, { nodeWorld }, { silentLogger }] = await Promise.all([
    import('./broker/broker.ts'),
    import('./broker/config.ts'),
    import('./base/node/node-world.ts'),
    import('./base/logger.ts'),
  ])
  const world = nodeWorld()
  if (options.dataDir === undefined) {
    const { MemoryDisk } = await import('./base/memory-disk.ts')
    world.disk = new MemoryDisk({ folders: ['/data'], crashable: false })
  }
  const config = loadConfig({ overrides: settingsOf(options) })
  const { logLevel = 'silent' } = options
  const logger = logLevel === 'silent' ? silentLogger : await loggerOf(logLevel)
  const broker = await startBroker({ config, logger, ...world })
  const [first] = broker.listeners
  const { host, port } = first!
  return {
    address: `${host.includes(':') ? `[${host}]` : host}:${port}`,
    port,
    listeners: broker.listeners,
    clusterId: broker.clusterId,
    metrics: () => broker.metrics(),
    close: () => broker.close(),
    [Symbol.asyncDispose]: () => broker.close(),
  }
}

function settingsOf({
  dataDir,
  port = 0,
  host = 'localhost',
  dev = dataDir === undefined,
  config,
}: BrokerOptions) {
  const name = host.includes(':') ? `[${host}]` : host
  return {
    listeners: `PLAINTEXT://${name}:${port}`,
    'log.dirs': dataDir ?? '/data',
    'loggerhead.dev': dev,
    ...config,
  }
}

async function loggerOf(level: LogLevel): Promise<Logger> {
  const { createLogger } = await import('./base/pino-logger.ts')
  return createLogger({ level, pretty: false })
}
