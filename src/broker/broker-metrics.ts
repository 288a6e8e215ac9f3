import type { BufferPool } from '../base/buffer-pool.ts'
import type { Clock } from '../base/clock.ts'
import type { HostProcess } from '../base/host-process.ts'
import type { MetricRegistry, Metrics, Sample } from '../base/metrics.ts'
import type { Cluster } from '../cluster/cluster.ts'
import type { Partition } from '../cluster/partition.ts'
import type { GroupCoordinator } from '../coordinator/group-coordinator.ts'
import { GROUP_SETTINGS } from '../coordinator/groups/group-settings.ts'
import type { ProducerLimit } from '../storage/log/producer-limit.ts'
import type { TailCache } from '../storage/log/tail-cache.ts'
import type { LogDirectory } from '../storage/log-directory.ts'
import type { Config, SettingsReader } from './config.ts'
import type { Dispatcher } from './dispatch.ts'
import type { FetchSessions } from './fetch-sessions.ts'
import { registerExporterMetrics } from './metrics/exporter-metrics.ts'
import { registerKafkaMetrics } from './metrics/kafka-metrics.ts'
import { registerProcessMetrics } from './metrics/process-metrics.ts'
import { TRACKED_CLIENTS_MAX } from './quota-accounts.ts'
import type { Server } from './server.ts'
import type { ClientTelemetry } from './telemetry/client-telemetry.ts'
import type { Throttle } from './throttle.ts'

/**
 * What a broker tells of itself. Every bound has its metric: how much of it is used, and what was turned away over it; where the bound is
 * a setting or a constant it is told too (`_max`), so that an alarm needs no copy of it.
 */
export interface MeasuredParts {
  config: Config
  settings: SettingsReader
  clock: Clock
  host: HostProcess
  server: Server
  dispatcher: Dispatcher
  pool: BufferPool
  cache: TailCache
  producers: ProducerLimit
  directories: readonly LogDirectory[]
  cluster: Cluster
  groups: GroupCoordinator
  fetchSessions: FetchSessions
  throttle: Throttle
  telemetry: ClientTelemetry
}

export function registerBrokerMetrics(metrics: MetricRegistry, parts: MeasuredParts): void {
  const { config, host, directories, server } = parts
  const isOffline = ({ log }: Partition) =>
    log.damage !== undefined || directories.some(({ root, isOffline }) => isOffline && root === log.root)
  registerKafkaMetrics(metrics, { ...parts, isOffline })
  registerExporterMetrics(metrics, {
    ...parts,
    isOffline,
    address: () => addressOf(config, server),
    seriesMax: config.value('loggerhead.metrics.series.max'),
  })
  registerConnections(metrics, parts)
  registerRequests(metrics, parts)
  registerThrottling(metrics, parts)
  registerMemory(metrics, parts)
  registerLogs(metrics, parts)
  registerDirectories(metrics, parts)
  registerProcessMetrics(metrics, host)
  parts.telemetry.registerMetrics(metrics)
  metrics.gauge(
    'loggerhead_metrics_left_out',
    'Series of a metric that were too many for the last scrape.',
    () => Array.from(metrics.leftOut, ([metric, value]) => ({ labels: { metric }, value })),
  )
}

/** Where clients are told to connect, as far as all are told the same. */
function addressOf(config: Config, server: Server): string {
  const { host, port } = config.listeners[0]?.advertised ?? server.addresses[0]!
  return `${host}:${port || (server.addresses[0]?.port ?? port)}`
}

function registerConnections(metrics: Metrics, { settings, server }: MeasuredParts): void {
  const { counters } = server
  metrics.gauge('loggerhead_connections', 'Open connections.', () => server.connectionCount)
  metrics.gauge('loggerhead_connections_max', 'max.connections.', () => settings.value('max.connections'))
  metrics.counter('loggerhead_connections_accepted_total', 'Connections served.', () => counters.accepted)
  metrics.counter(
    'loggerhead_connections_refused_total',
    'Connections closed at once: over a limit.',
    () => counters.refused,
  )
  metrics.counter(
    'loggerhead_connections_closed_total',
    'Connections closed by the broker, by reason.',
    () => [
      { labels: { reason: 'refused-request' }, value: counters.refusedRequests },
      { labels: { reason: 'idle' }, value: counters.idle },
      { labels: { reason: 'slow-request' }, value: counters.slowRequests },
      { labels: { reason: 'takes-no-answers' }, value: counters.stalled },
    ],
  )
}

function registerRequests(
  metrics: Metrics,
  { config, server, dispatcher, fetchSessions }: MeasuredParts,
): void {
  metrics.counter('loggerhead_requests_total', 'Requests served, by API.', () => {
    const samples: Sample[] = []
    for (const { api, requests } of dispatcher.traffic)
      if (requests > 0) samples.push({ labels: { api }, value: requests })
    return samples
  })
  metrics.histogram(
    'loggerhead_request_seconds',
    'From the arrival of a request to its answer, by API; long polls wait in it.',
    () =>
      [...dispatcher.traffic]
        .filter(({ requests }) => requests > 0)
        .map(({ api, seconds }) => ({ labels: { api }, histogram: seconds })),
  )
  const { memory } = server
  metrics.gauge('loggerhead_request_bytes_held', 'Bytes of requests in memory.', () => memory.bytes)
  metrics.gauge(
    'loggerhead_request_bytes_held_max',
    'loggerhead.request.memory.bytes.',
    () => memory.bytesMax,
  )
  metrics.counter(
    'loggerhead_request_memory_exhausted_total',
    'How often connections were not read because requests filled the memory.',
    () => memory.timesExhausted,
  )
  metrics.gauge(
    'loggerhead_response_bytes_waiting',
    'Bytes of answers that clients have not taken.',
    () => server.pendingBytes,
  )
  metrics.gauge(
    'loggerhead_connections_paused',
    'Connections that are not read because a bound is reached.',
    () => server.pausedCount,
  )
  metrics.gauge('loggerhead_fetch_sessions', 'Incremental fetch sessions.', () => fetchSessions.count)
  metrics.gauge('loggerhead_fetch_sessions_max', 'max.incremental.fetch.session.cache.slots.', () =>
    config.value('max.incremental.fetch.session.cache.slots'),
  )
}

function registerThrottling(metrics: Metrics, { server, throttle }: MeasuredParts): void {
  const ofEach = (read: (one: { times: number; ms: number }) => number) => () =>
    Object.entries(throttle.counters).map(([kind, one]) => ({ labels: { kind }, value: read(one) }))
  metrics.counter(
    'loggerhead_throttled_total',
    'How often clients were slowed down, by what they used too much of.',
    ofEach(({ times }) => times),
  )
  metrics.counter(
    'loggerhead_throttled_seconds_total',
    'For how long clients were told to wait, by what they used too much of.',
    ofEach(({ ms }) => ms / 1_000),
  )
  metrics.gauge(
    'loggerhead_connections_muted',
    'Connections that are not read because their client is throttled.',
    () => server.mutedCount,
  )
  metrics.gauge(
    'loggerhead_quota_accounts',
    'Clients whose use is counted, in all kinds of quotas.',
    () => throttle.accountCount,
  )
  metrics.gauge(
    'loggerhead_quota_accounts_max',
    'The most clients whose use is counted in one kind of quota.',
    () => TRACKED_CLIENTS_MAX,
  )
}

function registerMemory(metrics: Metrics, { config, pool, cache }: MeasuredParts): void {
  metrics.gauge('loggerhead_tail_cache_bytes', 'Bytes of the newest records in memory.', () => cache.bytes)
  metrics.gauge('loggerhead_tail_cache_bytes_max', 'loggerhead.tail.cache.bytes.', () =>
    config.value('loggerhead.tail.cache.bytes'),
  )
  metrics.gauge(
    'loggerhead_buffer_pool_free_bytes',
    'Buffers that wait to be used again.',
    () => pool.freeBytes,
  )
  metrics.counter('loggerhead_buffers_total', 'Buffers taken from the pool, by where they came from.', () => [
    { labels: { from: 'new' }, value: pool.counters.made },
    { labels: { from: 'pool' }, value: pool.counters.reused },
  ])
}

function registerLogs(metrics: Metrics, { cluster, groups, producers }: MeasuredParts): void {
  const { metadata, partitions } = cluster
  metrics.gauge('loggerhead_topics', 'Topics.', () => metadata.topicCount)
  metrics.gauge('loggerhead_partitions', 'Partitions.', () => metadata.partitionCount)
  metrics.gauge(
    'loggerhead_replica_moves',
    'Partitions on their way to another log directory.',
    () => cluster.moves.count,
  )
  metrics.gauge('loggerhead_log_bytes', 'Size of the logs, by topic.', () => {
    const samples: Sample[] = []
    for (const { name } of metadata.topics) {
      const value = partitions.ofTopic(name).reduce((sum, { log }) => sum + log.sizeBytes, 0)
      samples.push({ labels: { topic: name }, value })
    }
    return samples
  })
  metrics.gauge(
    'loggerhead_logs_damaged',
    'Partitions that are offline because their log is damaged.',
    () => {
      let damaged = 0
      for (const { log } of partitions) if (log.damage) damaged++
      return damaged
    },
  )
  metrics.gauge('loggerhead_groups', 'Consumer groups.', () => {
    let count = 0
    for (const { size } of groups.runtime.coordinators()) count += size
    return count
  })
  metrics.gauge('loggerhead_groups_max', 'The most groups.', () => GROUP_SETTINGS.groupsMax)
  metrics.gauge(
    'loggerhead_producer_ids',
    'Producers remembered for the detection of duplicates, in all partitions.',
    () => producers.count,
  )
  metrics.gauge('loggerhead_producer_ids_max', 'The most producers remembered.', () => producers.max)
  metrics.counter(
    'loggerhead_producer_ids_forgotten_total',
    'Producers forgotten before their time.',
    () => producers.forgottenCount,
  )
}

function registerDirectories(metrics: Metrics, { directories }: MeasuredParts): void {
  const ofEach = (read: (directory: LogDirectory) => number) => () =>
    directories.map(directory => ({ labels: { directory: directory.root }, value: read(directory) }))
  metrics.gauge(
    'loggerhead_log_directory_offline',
    '1 when the directory cannot be written any more.',
    ofEach(({ isOffline }) => Number(isOffline)),
  )
  metrics.gauge(
    'loggerhead_open_files',
    'Open segment files.',
    ofEach(({ environment }) => environment.handles.open),
  )
  metrics.gauge(
    'loggerhead_open_files_max',
    'The most segment files kept open.',
    ofEach(({ environment }) => environment.handles.max),
  )
  metrics.gauge(
    'loggerhead_journal_file_bytes',
    'Size of the journal on disk.',
    ofEach(({ journal }) => journal.bytes),
  )
  metrics.counter(
    'loggerhead_journal_rounds_total',
    'Writes of the journal.',
    ofEach(({ journal }) => journal.counters.rounds),
  )
  metrics.counter(
    'loggerhead_journal_synced_rounds_total',
    'Writes of the journal that were synced.',
    ofEach(({ journal }) => journal.counters.syncedRounds),
  )
  metrics.counter(
    'loggerhead_journal_bytes_total',
    'Bytes written to the journal.',
    ofEach(({ journal }) => journal.counters.bytes),
  )
  metrics.counter(
    'loggerhead_journal_appends_total',
    'Appends of partitions, by where they were written first.',
    () =>
      directories.flatMap(({ root: directory, journal: { counters } }) => [
        { labels: { directory, to: 'journal' }, value: counters.flights },
        { labels: { directory, to: 'segment' }, value: counters.directFlights },
      ]),
  )
}
