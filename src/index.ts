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
  /** Port of health and metrics over HTTP; 0 is any free one. Not served when left out. */
  httpPort?: number
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
  /** Where health and metrics are over HTTP, such as `http://127.0.0.1:9644`; undefined when they are not served. */
  readonly httpAddress: string | undefined
  /** All metrics in the text format of Prometheus. */
  metrics(): Promise<string>
  /** Ends every connection, syncs, and leaves nothing running. */
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/** Starts a broker. Resolves when it can be used; several may run in one process. Throws when a setting or the data folder is unfit. */
export async function createBroker(options: BrokerOptions = {}): Promise<EmbeddedBroker> {
  const [{ startServedBroker }, { loadConfig }, { nodeWorld }, { silentLogger }] = await Promise.all([
    import('./console/served-broker.ts'),
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
  const served = await startServedBroker({ config, logger, ...world })
  const { broker, http } = served
  const [first] = broker.listeners
  return {
    address: placeOf(first!),
    port: first!.port,
    listeners: broker.listeners,
    clusterId: broker.clusterId,
    httpAddress: http[0] && `http://${placeOf(http[0])}`,
    metrics: () => broker.metrics(),
    close: () => served.close(),
    [Symbol.asyncDispose]: () => served.close(),
  }
}

function settingsOf({
  dataDir,
  port = 0,
  host = 'localhost',
  httpPort = -1,
  dev = dataDir === undefined,
  config,
}: BrokerOptions) {
  const name = host.includes(':') ? `[${host}]` : host
  return {
    listeners: `PLAINTEXT://${name}:${port}`,
    'log.dirs': dataDir ?? '/data',
    'loggerhead.dev': dev,
    'loggerhead.http.port': httpPort,
    ...config,
  }
}

function placeOf({ host, port }: Address): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`
}

async function loggerOf(level: LogLevel): Promise<Logger> {
  const { createLogger } = await import('./base/pino-logger.ts')
  return createLogger({ level, pretty: false })
}
