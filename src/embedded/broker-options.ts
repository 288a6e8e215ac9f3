import type { LogLevel } from '../base/logger.ts'
import { type Config, loadConfig } from '../broker/config.ts'
import { type BrokerSettings, settingTextsOf } from './settings.ts'
import type { NewTopicOptions } from './topics.ts'

/** How `createBroker` is asked for a broker, and the settings that follow from it. */
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
  /** Topics that are there when the broker is. A name alone is a topic with the broker's defaults. */
  topics?: readonly (string | NewTopic)[]
  /** Settings by Kafka's names, such as `{ 'num.partitions': 3 }`. */
  config?: BrokerSettings
  /** Settings that Loggerhead does not know: kept and reported without effect, as from a file. */
  extraConfig?: Readonly<Record<string, string | number | boolean>>
  /** `silent` when left out. */
  logLevel?: LogLevel
}

export interface NewTopic extends NewTopicOptions {
  name: string
}

export function configOf(options: BrokerOptions): Config {
  const { dataDir, port = 0, host = 'localhost', httpPort = -1, dev = dataDir === undefined } = options
  const name = host.includes(':') ? `[${host}]` : host
  const overrides = {
    listeners: `PLAINTEXT://${name}:${port}`,
    'log.dirs': dataDir ?? '/data',
    'loggerhead.dev': dev,
    'loggerhead.http.port': httpPort,
    ...options.extraConfig,
    ...settingTextsOf(options.config ?? {}),
  }
  return loadConfig({ overrides })
}

export function newTopicsOf({ topics = [] }: BrokerOptions): NewTopic[] {
  return topics.map(topic => (typeof topic === 'string' ? { name: topic } : topic))
}
