import type { HostProcess, ProcessUsage } from '../../base/host-process.ts'
import type { Metrics } from '../../base/metrics.ts'

/**
 * The process, under the names that Prometheus' clients for Node use, and what dashboards for Kafka ask of a machine. All are read once for
 * a scrape. The share of time in which the event loop waits is that since the scrape before.
 */
export function registerProcessMetrics(metrics: Metrics, host: HostProcess): void {
  let usage: ProcessUsage | undefined
  let idleShare = 1
  metrics.beforeReading(() => {
    const before = usage
    usage = host.usage()
    idleShare = idleShareBetween(before, usage)
  })
  const read = (field: (usage: ProcessUsage) => number) => () => (usage ? field(usage) : 0)
  /** Nothing is told of what the system does not tell. */
  const readKnown = (field: (usage: ProcessUsage) => number | undefined) => () => {
    const value = usage && field(usage)
    return value === undefined ? [] : [{ labels: {}, value }]
  }

  metrics.counter(
    'process_cpu_user_seconds_total',
    'Processor time outside the system.',
    read(one => one.userSeconds),
  )
  metrics.counter(
    'process_cpu_system_seconds_total',
    'Processor time in the system.',
    read(one => one.systemSeconds),
  )
  metrics.counter(
    'process_cpu_seconds_total',
    'Processor time.',
    read(one => one.userSeconds + one.systemSeconds),
  )
  metrics.gauge(
    'process_start_time_seconds',
    'When the process began.',
    read(one => one.startedAtSeconds),
  )
  metrics.gauge(
    'process_resident_memory_bytes',
    'Memory of the process.',
    read(one => one.residentBytes),
  )
  metrics.gauge(
    'process_open_fds',
    'Open file descriptors.',
    readKnown(one => one.openFiles),
  )
  metrics.gauge(
    'process_max_fds',
    'The most file descriptors.',
    readKnown(one => one.openFilesMax),
  )
  metrics.gauge(
    'nodejs_heap_size_used_bytes',
    "V8's heap in use.",
    read(one => one.heapUsedBytes),
  )
  metrics.gauge(
    'nodejs_heap_size_total_bytes',
    "V8's heap.",
    read(one => one.heapTotalBytes),
  )
  metrics.gauge(
    'nodejs_external_memory_bytes',
    'Memory of buffers outside the heap.',
    read(one => one.externalBytes),
  )
  metrics.gauge(
    'nodejs_eventloop_utilization',
    'Share of time in which the event loop works.',
    () => 1 - idleShare,
  )
  metrics.gauge(
    'nodejs_eventloop_lag_mean_seconds',
    'How late the event loop is, on average.',
    read(one => one.loopDelay.meanSeconds),
  )
  metrics.gauge(
    'nodejs_eventloop_lag_p99_seconds',
    'How late the event loop is at most 99 % of the time.',
    read(one => one.loopDelay.p99Seconds),
  )
  metrics.gauge(
    'nodejs_eventloop_lag_max_seconds',
    'How late the event loop was at most.',
    read(one => one.loopDelay.maxSeconds),
  )
  metrics.gauge('nodejs_version_info', 'The version of Node.', () =>
    usage ? [{ labels: { version: usage.nodeVersion }, value: 1 }] : [],
  )
  metrics.gauge(
    'kafka_server_kafkaserver_linux_disk_read_bytes',
    'Bytes that the process made the disks read.',
    readKnown(one => one.diskReadBytes),
  )
  metrics.gauge(
    'kafka_server_kafkaserver_linux_disk_write_bytes',
    'Bytes that the process made the disks write.',
    readKnown(one => one.diskWrittenBytes),
  )
  const idleHelp =
    'Share of time in which the event loop waits: it is the network and the request handler at once.'
  metrics.gauge('kafka_network_socketserver_networkprocessoravgidle_percent', idleHelp, () => idleShare)
  metrics.gauge(
    'kafka_server_kafkarequesthandlerpool_requesthandleravgidle_percent',
    idleHelp,
    () => idleShare,
  )
}

function idleShareBetween(before: ProcessUsage | undefined, now: ProcessUsage): number {
  const idleMs = now.loopIdleMs - (before?.loopIdleMs ?? 0)
  const activeMs = now.loopActiveMs - (before?.loopActiveMs ?? 0)
  return idleMs + activeMs > 0 ? idleMs / (idleMs + activeMs) : 1
}
