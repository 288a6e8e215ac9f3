import type { Clock } from '../../base/clock.ts'
import type { Labels, Metrics, Sample } from '../../base/metrics.ts'
import type { Cluster } from '../../cluster/cluster.ts'
import type { Partition } from '../../cluster/partition.ts'
import { TopicTraffic } from '../../cluster/topic-traffic.ts'
import type { LogDirectory } from '../../storage/log-directory.ts'
import type { Dispatcher } from '../dispatch.ts'
import type { Server } from '../server.ts'
import { partitionSamples } from './exporter-metrics.ts'
import { ScrapeRate } from './scrape-rate.ts'

/**
 * What Kafka tells by JMX, under the names that the JMX exporter makes of it with Strimzi's rules, as far as dashboards and alerts ask.
 * What cannot happen to a single node stands there as the number it has, which is mostly 0.
 */
export interface KafkaParts {
  clock: Clock
  cluster: Cluster
  server: Server
  dispatcher: Dispatcher
  directories: readonly LogDirectory[]
  isOffline: (partition: Partition) => boolean
}

export function registerKafkaMetrics(metrics: Metrics, parts: KafkaParts): void {
  registerTraffic(metrics, parts)
  registerReplicas(metrics, parts)
  registerPartitions(metrics, parts)
  registerController(metrics, parts)
  registerRaft(metrics, parts)
  registerRequests(metrics, parts)
}

function registerTraffic(metrics: Metrics, { cluster }: KafkaParts): void {
  const { metadata, partitions } = cluster
  const counter = (name: string, help: string, read: (traffic: TopicTraffic) => number) =>
    metrics.counter(`kafka_server_brokertopicmetrics_${name}_total`, `${help} In all, and by topic.`, () => {
      const all = new TopicTraffic()
      all.add(partitions.strayTraffic)
      const samples: Sample[] = []
      for (const { name: topic } of metadata.topics) {
        const traffic = partitions.trafficOf(topic)
        all.add(traffic)
        samples.push({ labels: { topic }, value: read(traffic) })
      }
      return [{ labels: {}, value: read(all) }, ...samples]
    })
  counter('messagesin', 'Records appended by clients.', one => one.messagesIn)
  counter('bytesin', 'Bytes of record batches appended by clients.', one => one.bytesIn)
  counter('bytesout', 'Bytes of record batches sent to clients.', one => one.bytesOut)
  counter('totalproducerequests', 'Partitions in Produce requests.', one => one.produceRequests)
  counter('failedproducerequests', 'Those that were refused.', one => one.failedProduceRequests)
  counter('totalfetchrequests', 'Partitions in answers to Fetch.', one => one.fetchRequests)
  counter('failedfetchrequests', 'Those that were refused.', one => one.failedFetchRequests)
}

function registerReplicas(metrics: Metrics, { cluster, directories, isOffline }: KafkaParts): void {
  const { partitions } = cluster
  const count = (isCounted: (partition: Partition) => boolean) => () => {
    let sum = 0
    for (const partition of partitions) if (isCounted(partition)) sum++
    return sum
  }
  const gauge = (name: string, help: string, read: () => number) =>
    metrics.gauge(`kafka_server_replicamanager_${name}`, help, read)
  const none = () => 0
  gauge(
    'leadercount',
    'Partitions that this broker leads.',
    count(one => !isOffline(one)),
  )
  gauge(
    'partitioncount',
    'Partitions that this broker holds.',
    count(() => true),
  )
  gauge('offlinereplicacount', 'Partitions that cannot be served.', count(isOffline))
  gauge('underreplicatedpartitions', 'Partitions with replicas that are not in sync.', count(isOffline))
  gauge(
    'underminisrpartitioncount',
    'Partitions with fewer replicas in sync than min.insync.replicas.',
    count(one => inSyncOf(one, isOffline) < one.rules.minInsyncReplicas),
  )
  gauge(
    'atminisrpartitioncount',
    'Partitions with as many replicas in sync as min.insync.replicas.',
    count(one => inSyncOf(one, isOffline) === one.rules.minInsyncReplicas),
  )
  gauge('reassigningpartitions', 'Partitions that are being moved.', none)
  metrics.counter('kafka_server_replicamanager_isrshrinks_total', 'Replicas that fell behind.', none)
  metrics.counter('kafka_server_replicamanager_isrexpands_total', 'Replicas that caught up.', none)
  metrics.gauge(
    'kafka_log_logmanager_offlinelogdirectorycount',
    'Log directories that cannot be written any more.',
    () => directories.filter(({ isOffline }) => isOffline).length,
  )
  metrics.gauge('kafka_log_logmanager_logdirectoryoffline', '1 when a log directory is offline.', () =>
    directories.map(({ root, isOffline }) => ({ labels: { logDirectory: root }, value: Number(isOffline) })),
  )
}

function inSyncOf(partition: Partition, isOffline: KafkaParts['isOffline']): number {
  return isOffline(partition) ? 0 : 1
}

function registerPartitions(metrics: Metrics, { cluster, isOffline }: KafkaParts): void {
  const { partitions } = cluster
  const gauge = (name: string, help: string, read: (partition: Partition) => number) =>
    metrics.gauge(name, help, () => partitionSamples(partitions, read))
  const inSync = (one: Partition) => inSyncOf(one, isOffline)
  gauge('kafka_cluster_partition_replicascount', 'Replicas.', () => 1)
  gauge('kafka_cluster_partition_insyncreplicascount', 'Replicas in sync.', inSync)
  gauge(
    'kafka_cluster_partition_underreplicated',
    '1 when not all replicas are in sync.',
    one => 1 - inSync(one),
  )
  gauge('kafka_cluster_partition_underminisr', '1 when fewer are in sync than min.insync.replicas.', one =>
    Number(inSync(one) < one.rules.minInsyncReplicas),
  )
  gauge('kafka_cluster_partition_atminisr', '1 when as many are in sync as min.insync.replicas.', one =>
    Number(inSync(one) === one.rules.minInsyncReplicas),
  )
  gauge(
    'kafka_cluster_partition_laststableoffsetlag',
    'Offsets between the last stable one and the high watermark.',
    one => Math.max(0, one.highWatermark - one.lastStableOffset),
  )
  gauge('kafka_log_log_size', 'Bytes of a log.', one => one.log.sizeBytes)
  gauge('kafka_log_log_logstartoffset', 'The first offset of a log.', one => one.logStartOffset)
  gauge('kafka_log_log_logendoffset', 'The offset that the next record gets.', one => one.log.endOffset)
  gauge('kafka_log_log_numlogsegments', 'Segments of a log.', one => one.log.segments.length)
}

function registerController(metrics: Metrics, { cluster, isOffline }: KafkaParts): void {
  const { metadata, partitions } = cluster
  const gauge = (name: string, help: string, read: () => number) =>
    metrics.gauge(`kafka_controller_kafkacontroller_${name}`, help, read)
  gauge('activecontrollercount', '1 where the controller is.', () => 1)
  gauge('activebrokercount', 'Brokers that serve.', () => 1)
  gauge('fencedbrokercount', 'Brokers that are fenced.', () => 0)
  gauge('globaltopiccount', 'Topics of the cluster.', () => metadata.topicCount)
  gauge('globalpartitioncount', 'Partitions of the cluster.', () => metadata.partitionCount)
  gauge('offlinepartitionscount', 'Partitions without a leader.', () => {
    let count = 0
    for (const partition of partitions) if (isOffline(partition)) count++
    return count
  })
  gauge('preferredreplicaimbalancecount', 'Partitions that another than the first replica leads.', () => 0)
  metrics.counter(
    'kafka_controller_controllerstats_uncleanleaderelections_total',
    'Leaders that may lack acknowledged records: there is no such election.',
    () => 0,
  )
}

function registerRaft(metrics: Metrics, { cluster, clock }: KafkaParts): void {
  const { metadataLog, nodeId } = cluster
  const { counters } = metadataLog
  const gauge = (name: string, help: string, read: () => number) =>
    metrics.gauge(`kafka_server_raftmetrics_${name}`, help, read)
  metrics.gauge('kafka_server_raftmetrics_current_state', 'What this node is in the metadata quorum.', () => [
    { labels: { current_state: 'leader' }, value: 1 },
  ])
  gauge('current_leader', 'The id of the leader.', () => nodeId)
  gauge('current_vote', 'Whom this node voted for; -1 for nobody, since it is alone.', () => -1)
  gauge('current_epoch', 'The term of the metadata log.', () => metadataLog.term)
  gauge(
    'high_watermark',
    'The first offset of the metadata log that is not committed.',
    () => metadataLog.highWatermark,
  )
  gauge('log_end_offset', 'The offset that the next metadata record gets.', () => metadataLog.endOffset)
  const appended = new ScrapeRate(clock, () => counters.records)
  gauge('append_records_rate', 'Metadata records a second, since the last scrape.', () =>
    appended.perSecond(),
  )
  gauge('fetch_records_rate', 'Metadata records fetched a second: there is nobody to fetch from.', () => 0)
  gauge('commit_latency_avg', 'Milliseconds until metadata was durable, on average.', () =>
    counters.commits === 0 ? 0 : counters.commitMs / counters.commits,
  )
  for (const what of ['incoming_byte', 'outgoing_byte', 'request', 'response']) {
    const help = 'What goes between the nodes of the metadata quorum: there is one.'
    metrics.counter(`kafka_server_raftchannelmetrics_${what}_total`, help, () => 0)
  }
  gauge('commit_latency_max', 'Milliseconds until metadata was durable, at most.', () => counters.commitMsMax)
}

const QUANTILES = [0.5, 0.75, 0.95, 0.98, 0.99, 0.999]

function registerRequests(metrics: Metrics, { dispatcher, server }: KafkaParts): void {
  metrics.counter('kafka_network_requestmetrics_requests_total', 'Requests served.', () =>
    requestSamples(dispatcher, ({ requests }, labels) => [{ labels, value: requests }]),
  )
  metrics.counter('kafka_network_requestmetrics_totaltimems_count', 'Requests whose time was taken.', () =>
    requestSamples(dispatcher, ({ seconds }, labels) => [{ labels, value: seconds.count }]),
  )
  metrics.gauge(
    'kafka_network_requestmetrics_totaltimems',
    'Milliseconds from the arrival of a request to its answer, since the start; estimated from loggerhead_request_seconds.',
    () =>
      requestSamples(dispatcher, ({ seconds }, labels) =>
        QUANTILES.map(quantile => ({
          labels: { ...labels, quantile: quantileLabel(quantile) },
          value: seconds.quantile(quantile) * 1_000,
        })),
      ),
  )
  metrics.gauge(
    'kafka_server_socket_server_metrics_connection_count',
    'Open connections of a listener.',
    () =>
      Array.from(server.connectionCounts(), ([listener, value]) => ({
        labels: { listener, networkProcessor: '0' },
        value,
      })),
  )
}

/** As the exporter writes it: 0.50, 0.999. */
function quantileLabel(quantile: number): string {
  return quantile.toFixed(quantile === 0.999 ? 3 : 2)
}

/** As in Kafka, what consumers fetch is there as FetchConsumer too. */
function requestSamples(
  dispatcher: Dispatcher,
  read: (traffic: Dispatcher['traffic'][number], labels: Labels) => Sample[],
): Sample[] {
  return dispatcher.traffic
    .filter(({ requests }) => requests > 0)
    .flatMap(traffic => {
      const names = traffic.api === 'Fetch' ? ['Fetch', 'FetchConsumer'] : [traffic.api]
      return names.flatMap(request => read(traffic, { request }))
    })
}
