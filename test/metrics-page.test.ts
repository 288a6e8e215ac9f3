import { expect, test } from 'vitest'
import { FindCoordinator } from '../src/protocol/messages/find-coordinator.ts'
import { JoinGroup } from '../src/protocol/messages/join-group.ts'
import { OffsetCommit } from '../src/protocol/messages/offset-commit.ts'
import { createTopic, fetchOnce, produce, startLiveBroker } from './support/live-broker.ts'
import { metricsPage } from './support/metrics-page.ts'
import { type ReadMetric, readPrometheusText } from './support/prometheus-text.ts'

/** What was promised to those who come with a dashboard. */
const PROMISED = {
  kafka_server_replicamanager_: [
    'leadercount',
    'partitioncount',
    'underreplicatedpartitions',
    'underminisrpartitioncount',
  ],
  kafka_cluster_partition_: ['atminisr', 'underminisr', 'replicascount'],
  kafka_controller_kafkacontroller_: ['activecontrollercount', 'offlinepartitionscount', 'globaltopiccount'],
  kafka_controller_controllerstats_: ['uncleanleaderelections_total'],
  kafka_server_brokertopicmetrics_: [
    'messagesin_total',
    'bytesin_total',
    'bytesout_total',
    'totalproducerequests_total',
    'failedproducerequests_total',
    'totalfetchrequests_total',
    'failedfetchrequests_total',
  ],
  kafka_server_raftmetrics_: [
    'current_state',
    'current_leader',
    'current_vote',
    'current_epoch',
    'high_watermark',
    'log_end_offset',
    'append_records_rate',
    'fetch_records_rate',
    'commit_latency_avg',
  ],
  kafka_network_requestmetrics_: ['requests_total', 'totaltimems', 'totaltimems_count'],
  kafka_network_: ['socketserver_networkprocessoravgidle_percent'],
  kafka_server_: [
    'kafkarequesthandlerpool_requesthandleravgidle_percent',
    'socket_server_metrics_connection_count',
    'kafkaserver_linux_disk_read_bytes',
    'kafkaserver_linux_disk_write_bytes',
  ],
  kafka_log_: ['log_size', 'logmanager_offlinelogdirectorycount'],
  kafka_: ['brokers', 'broker_info', 'topic_partitions'],
  kafka_topic_partition_: [
    'current_offset',
    'oldest_offset',
    'in_sync_replica',
    'leader',
    'leader_is_preferred',
    'replicas',
    'under_replicated_partition',
  ],
  kafka_consumergroup_: ['current_offset', 'current_offset_sum', 'lag', 'lag_sum', 'members'],
  process_: ['cpu_seconds_total', 'resident_memory_bytes', 'open_fds', 'start_time_seconds'],
  nodejs_: ['heap_size_used_bytes', 'eventloop_lag_p99_seconds', 'eventloop_utilization'],
} as const

/** A broker that has met all that it measures. */
async function scrapeBusyBroker(): Promise<Map<string, ReadMetric>> {
  const config = { 'loggerhead.metrics.series.max': 3 }
  const { broker, client } = await startLiveBroker({ config })
  await createTopic(client, 't', { partitions: 5 })
  await produce(client, 't', ['a'])
  await fetchOnce(client, 't', 0)
  await client.request(FindCoordinator, 3, { key: 'g' })
  await client.request(OffsetCommit, 2, {
    groupId: 'g',
    generationIdOrMemberEpoch: -1,
    memberId: '',
    topics: [{ name: 't', partitions: [{ partitionIndex: 0, committedOffset: 1, committedMetadata: '' }] }],
  })
  await client.request(JoinGroup, 3, {
    groupId: 'g',
    sessionTimeoutMs: 10_000,
    rebalanceTimeoutMs: 10_000,
    memberId: '',
    protocolType: 'consumer',
    protocols: [{ name: 'range', metadata: Buffer.alloc(0) }],
  })
  await broker.metrics()
  return readPrometheusText(await broker.metrics())
}

test('every metric that was promised is there', async () => {
  const metrics = await scrapeBusyBroker()
  const missing = Object.entries(PROMISED)
    .flatMap(([prefix, names]) => names.map(name => prefix + name))
    .filter(name => (metrics.get(name)?.samples.length ?? 0) === 0)
  expect(missing).toEqual([])
})

test('docs/metrics.md lists all metrics (else: npm run docs)', async () => {
  const metrics = [...(await scrapeBusyBroker()).values()]
  await expect(metricsPage(metrics)).toMatchFileSnapshot('../docs/metrics.md')
})
