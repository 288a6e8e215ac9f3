import { BufferPool } from '../base/buffer-pool.ts'
import type { Logger } from '../base/logger.ts'
import { MetricRegistry } from '../base/metrics.ts'
import type { Address } from '../base/network.ts'
import type { World } from '../base/world.ts'
import { Cluster } from '../cluster/cluster.ts'
import { Metadata } from '../cluster/metadata.ts'
import { GroupCoordinator } from '../coordinator/group-coordinator.ts'
import { type DataFolder, openDataFolder } from '../storage/data-folder.ts'
import { DEFAULT_LOG_SETTINGS } from '../storage/log/log-settings.ts'
import { ProducerLimit } from '../storage/log/producer-limit.ts'
import type { ProducerStateOptions } from '../storage/log/producer-state.ts'
import { TailCache } from '../storage/log/tail-cache.ts'
import { LogDirectory } from '../storage/log-directory.ts'
import { openMemoryEngine } from '../storage/memory-engine.ts'
import { registerBrokerMetrics } from './broker-metrics.ts'
import { BrokerSettings } from './broker-settings.ts'
import type { Config } from './config.ts'
import { ConfigAlterations } from './config-alterations.ts'
import type { BrokerContext } from './context.ts'
import { advertisedApis, Dispatcher } from './dispatch.ts'
import { FetchSessions } from './fetch-sessions.ts'
import { groupSettingsOf } from './group-settings.ts'
import { handlers } from './handlers/index.ts'
import { type HealthCheck, healthOf } from './health.ts'
import { startHousekeeping } from './housekeeping.ts'
import { IdleSettings } from './idle-settings.ts'
import { GROUP_TOPIC, InternalTopics } from './internal-topics.ts'
import { LogLevels } from './log-levels.ts'
import { PartitionSettings } from './partition-settings.ts'
import { Server } from './server.ts'
import { followSettings } from './settings-effects.ts'
import { ClientTelemetry } from './telemetry/client-telemetry.ts'
import { Throttle } from './throttle.ts'
import { TopicCreation } from './topic-creation.ts'

/**
 * A broker: its parts, put together, started and stopped in order.
 *
 * Start: data folders (lock, identity) → journals and checkpoints → metadata → partitions → groups → listeners. What fails stops what
 * was started before it. Stop: no new connections, requests in flight answered, everything synced, locks released.
 */
export interface StartOptions extends World {
  config: Config
  logger: Logger
  /** The data folders are ours: what else a start claims is claimed before the long work begins. What it throws ends the start. */
  onLocked?: () => Promise<void>
}

export interface Broker {
  /** Where clients connect, with the ports that were bound. */
  readonly listeners: readonly Address[]
  readonly clusterId: string
  /** Resolves with the reason when the broker cannot go on: no log directory is left, or an assertion failed. */
  readonly failed: Promise<Error>
  /** What handlers work with, for who embeds the broker. */
  readonly context: BrokerContext
  /** All metrics in the text format of Prometheus. */
  metrics(): Promise<string>
  /** What must hold for clients to be served as they should be. */
  health(): readonly HealthCheck[]
  close(): Promise<void>
}

const PRODUCERS_MAX = 100_000
/** Requests in flight get so long at a stop; syncing comes behind it, all within 5 s. */
const DRAIN_MS = 2_000
/** What still waits for others after this, as the members of a group do, is sent away. */
const PARKED_MS = 100

export async function startBroker(options: StartOptions): Promise<Broker> {
  const stops: (() => Promise<void> | void)[] = []
  try {
    return await start(options, stops)
  } catch (error) {
    for (const stop of stops.reverse()) await stop()
    throw error
  }
}

async function start(options: StartOptions, stops: (() => Promise<void> | void)[]): Promise<Broker> {
  const { config, logger, clock, random, network } = options
  const pool = new BufferPool()
  let reportFailure: (error: Error) => void = () => {}
  const failed = new Promise<Error>(resolve => {
    reportFailure = resolve
  })
  const cache = new TailCache(config.value('loggerhead.tail.cache.bytes'))
  const limit = new ProducerLimit(PRODUCERS_MAX)
  const producers = { expirationMs: config.value('producer.id.expiration.ms'), limit }
  const folders = await openFolders(options, stops)
  await options.onLocked?.()
  const directories = await openDirectories(options, folders, { pool, cache, producers }, reportFailure)
  stops.push(() => Promise.all(directories.map(directory => directory.close())).then(() => {}))

  const metadata = new Metadata()
  const settings = new BrokerSettings(config, metadata)
  const topics = new PartitionSettings(settings, logger)
  const cluster = await Cluster.open({
    directories,
    metadata,
    clusterId: folders[0]!.identity.clusterId,
    clock,
    random,
    logger,
    controller: {
      nodeId: config.nodeId,
      defaultPartitions: config.value('num.partitions'),
      defaultReplicationFactor: config.value('default.replication.factor'),
    },
    metadataLog: { ...DEFAULT_LOG_SETTINGS, isCompacted: true, isDeleted: false, segmentBytes: 16 << 20 },
    isCordoned: ({ root }) => isCordoned(settings.value('cordoned.log.dirs'), root, options.disk),
    settingsOf: (topic, overrides) => topics.of(topic, overrides),
  })
  stops.push(() => cluster.moves.close())
  const housekeeping = await startHousekeeping({ ...options, directories })
  stops.push(() => housekeeping.close())
  followSettings(settings, { cluster, topics, cleaner: housekeeping.cleaner, producers })
  const logLevels = new LogLevels(logger)
  const idle = new IdleSettings(logger)
  for (const written of [settings.shared, settings.own]) idle.tellBroker(written)
  const groups = openGroups(options, cluster)
  stops.push(() => groups.close())
  const internalTopics = new InternalTopics({ config, cluster, groups, random })
  cluster.onTopicDeleted = topic => {
    internalTopics.resign(topic)
    void groups.onTopicDeleted(topic)
  }
  const context: BrokerContext = {
    config,
    settings,
    alterations: new ConfigAlterations({ settings, cluster, logLevels, idle }),
    logLevels,
    apis: advertisedApis(handlers),
    cluster,
    directories,
    space: housekeeping.space,
    groups,
    fetchSessions: new FetchSessions(
      config.value('max.incremental.fetch.session.cache.slots'),
      clock,
      random,
    ),
    internalTopics,
    topicCreation: new TopicCreation(cluster, settings, idle),
    telemetry: openTelemetry(options, cluster),
    clock,
    logger,
    refusesAppends: partition => housekeeping.space.refusalOf(partition.log.root),
    throttle: openThrottle(options, cluster, () => housekeeping.space.throttleMs),
    interceptor: undefined,
  }
  const dispatcher = new Dispatcher(context, handlers)
  const { fetchSessions, throttle } = context
  const server = new Server({
    config,
    settings,
    network,
    dispatcher,
    pool,
    clock,
    logger,
    throttle,
    onBroken(error) {
      logger.error(
        { event: 'broken', stack: error.stack },
        `stopping, this must not happen: ${error.message}`,
      )
      reportFailure(error)
    },
  })
  await server.listen()
  stops.push(async () => {
    const parked = clock.after(PARKED_MS, () => groups.close(), 'close-parked')
    await server.close(DRAIN_MS)
    parked.cancel()
  })
  await internalTopics.start()
  const { telemetry } = context
  const metrics = new MetricRegistry({
    samplesMax: config.value('loggerhead.metrics.series.max'),
    pause: () => new Promise(resolve => clock.soon(resolve)),
  })
  registerBrokerMetrics(metrics, {
    config,
    settings,
    clock,
    host: options.host,
    server,
    dispatcher,
    pool,
    cache,
    producers: limit,
    directories,
    cluster,
    groups,
    fetchSessions,
    throttle,
    telemetry,
  })
  housekeeping.registerMetrics(metrics)
  return {
    listeners: server.addresses,
    clusterId: cluster.clusterId,
    failed,
    context,
    metrics: () => metrics.text(),
    health: () => healthOf({ server, directories, groups }),
    close: onceInOrder(stops),
  }
}

function openThrottle({ config, clock }: StartOptions, cluster: Cluster, diskMs: () => number): Throttle {
  return new Throttle({
    quotas: cluster.metadata.clientQuotas,
    windows: {
      count: config.value('quota.window.num'),
      ms: config.value('quota.window.size.seconds') * 1_000,
    },
    mutationWindows: {
      count: config.value('controller.quota.window.num'),
      ms: config.value('controller.quota.window.size.seconds') * 1_000,
    },
    clock,
    diskMs,
  })
}

function openTelemetry({ config, clock, random }: StartOptions, { metadata }: Cluster): ClientTelemetry {
  return new ClientTelemetry({
    clock,
    random,
    metadata,
    telemetryBytesMax: () => config.value('telemetry.max.bytes'),
    seriesMax: config.value('loggerhead.telemetry.series.max'),
  })
}

function openGroups({ config, clock, random, logger }: StartOptions, cluster: Cluster): GroupCoordinator {
  const { metadata } = cluster
  const groups = new GroupCoordinator({
    // The topic keeps the number that it was created with, whatever is configured later.
    partitions: () =>
      metadata.findTopic(GROUP_TOPIC)?.partitions.length ?? config.value('offsets.topic.num.partitions'),
    clock,
    random,
    engine: openMemoryEngine(),
    logger: {
      info: (fields, text) => logger.info({ event: 'groups', ...fields }, text),
      warn: (fields, text) => logger.warn({ event: 'groups', ...fields }, text),
    },
    topics: {
      findTopic(name) {
        const topic = metadata.findTopic(name)
        return topic && { topicId: topic.topicId, partitions: topic.partitions.length }
      },
      findTopicName: topicId => metadata.findTopicById(topicId)?.name,
    },
    settings: groupSettingsOf(config),
  })
  return groups
}

/** Directories are named as in `log.dirs`; a star is all of them. */
function isCordoned(names: readonly string[], root: string, disk: World['disk']): boolean {
  return names.some(name => name === '*' || disk.absolute(name) === root)
}

/** Locks and identifies every log directory; all of them belong to one cluster. */
async function openFolders(
  { config, disk, random }: StartOptions,
  stops: (() => Promise<void> | void)[],
): Promise<DataFolder[]> {
  const folders: DataFolder[] = []
  let clusterId = config.value('loggerhead.cluster.id') ?? undefined
  for (const name of config.logDirs) {
    const folder = await openDataFolder(disk, disk.absolute(name), {
      nodeId: config.nodeId,
      clusterId,
      holder: `loggerhead, node ${config.nodeId}`,
      random,
    })
    stops.push(() => folder.lock.release())
    clusterId = folder.identity.clusterId
    folders.push(folder)
  }
  return folders
}

async function openDirectories(
  { config, disk, clock, logger }: StartOptions,
  folders: readonly DataFolder[],
  shared: { pool: BufferPool; cache: TailCache; producers: ProducerStateOptions },
  reportFailure: (error: Error) => void,
): Promise<LogDirectory[]> {
  const { pool, cache, producers } = shared
  const journalBytes = config.value('loggerhead.journal.bytes')
  const directories: LogDirectory[] = []
  for (const { root, identity } of folders) {
    const directoryId = Buffer.from(identity.directoryId, 'base64url')
    const onOffline = (error: Error) => {
      logger.error(
        { event: 'log-dir-offline', directory: root, error: error.message },
        `${root} is offline: ${error.message}`,
      )
      if (directories.every(directory => directory.isOffline)) {
        reportFailure(new Error(`no log directory is left (${error.message}); the next start recovers`))
      }
    }
    directories.push(
      await LogDirectory.open({
        disk,
        clock,
        logger,
        pool,
        cache,
        producers,
        root,
        directoryId,
        journalBytes,
        onOffline,
      }),
    )
  }
  return directories
}

function onceInOrder(stops: (() => Promise<void> | void)[]): () => Promise<void> {
  let closing: Promise<void> | undefined
  const run = async () => {
    for (const stop of [...stops].reverse()) await stop()
  }
  return () => {
    closing ??= run()
    return closing
  }
}
