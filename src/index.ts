import type { Logger, LogLevel } from './base/logger.ts'
import type { BrokerOptions } from './embedded/broker-options.ts'
import type { EmbeddedBroker } from './embedded/embedded-broker.ts'

/**
 * The package's face: a broker inside this process.
 *
 *     await using broker = await createBroker()
 *     const kafka = new Kafka({ brokers: [broker.address] })
 */
export type { LogLevel } from './base/logger.ts'
export type { Address } from './base/network.ts'
export type { BrokerOptions, NewTopic } from './embedded/broker-options.ts'
export type { EmbeddedBroker } from './embedded/embedded-broker.ts'
export type { ApiName, Fault, FaultOptions } from './embedded/faults/fault.ts'
export type { Faults } from './embedded/faults/fault-injector.ts'
export type { GroupMemberView, GroupOffset, GroupView } from './embedded/groups.ts'
export type { NewRecord, ReadOptions, RecordPlace, TopicRecord } from './embedded/records.ts'
export type { BrokerSettings, TopicSettings } from './embedded/settings.ts'
export type { NewTopicOptions, PartitionView, TopicView } from './embedded/topics.ts'
export type { ErrorName, KafkaError } from './protocol/errors.ts'

/** Starts a broker. Resolves when it can be used; several may run in one process. Throws when a setting or the data folder is unfit. */
export async function createBroker(options: BrokerOptions = {}): Promise<EmbeddedBroker> {
  const [{ startEmbeddedBroker }, { nodeWorld }, logger] = await Promise.all([
    import('./embedded/embedded-broker.ts'),
    import('./base/node/node-world.ts'),
    openLogger(options.logLevel ?? 'silent'),
  ])
  const world = nodeWorld()
  if (options.dataDir === undefined) {
    const { MemoryDisk } = await import('./base/memory-disk.ts')
    world.disk = new MemoryDisk({ folders: ['/data'], crashable: false })
  }
  return startEmbeddedBroker(options, { ...world, logger })
}

async function openLogger(level: LogLevel): Promise<Logger> {
  if (level === 'silent') return (await import('./base/logger.ts')).silentLogger
  const { createLogger } = await import('./base/pino-logger.ts')
  return createLogger({ level, pretty: false })
}
