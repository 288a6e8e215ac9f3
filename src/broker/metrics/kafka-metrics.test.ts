import { expect, test } from 'vitest'
import {
  createTopic,
  fetchOnce,
  type LiveBroker,
  produce,
  startLiveBroker,
} from '../../../test/support/live-broker.ts'
import { readPrometheusText } from '../../../test/support/prometheus-text.ts'
import { DeleteTopics } from '../../protocol/messages/delete-topics.ts'
import { FindCoordinator } from '../../protocol/messages/find-coordinator.ts'
import { OffsetCommit } from '../../protocol/messages/offset-commit.ts'

type Scrape = (name: string, labels?: Record<string, string>) => number | undefined

/** Gives the one sample of a name that has these labels and no others. */
async function scrape({ broker }: LiveBroker): Promise<Scrape> {
  const metrics = readPrometheusText(await broker.metrics())
  return (name, labels = {}) => {
    const wanted = JSON.stringify(Object.entries(labels).sort())
    const isIt = (of: Readonly<Record<string, string>>) =>
      JSON.stringify(Object.entries(of).sort()) === wanted
    return metrics.get(name)?.samples.find(sample => isIt(sample.labels))?.value
  }
}

test('counts what clients write and read, in all and by topic', async () => {
  const live = await startLiveBroker()
  const { client } = live
  await createTopic(client, 'a')
  await createTopic(client, 'b', { partitions: 2 })
  await produce(client, 'a', ['1', '2', '3'])
  await produce(client, 'b', ['4'], { partition: 1 })
  await produce(client, 'a', Buffer.alloc(0))
  await produce(client, 'nowhere', ['5'])
  const { records } = await fetchOnce(client, 'a', 0)
  await fetchOnce(client, 'a', 99)
  const read = await scrape(live)
  const traffic = (name: string, topic?: string) =>
    read(`kafka_server_brokertopicmetrics_${name}_total`, topic === undefined ? {} : { topic })
  expect([traffic('messagesin', 'a'), traffic('messagesin', 'b'), traffic('messagesin')]).toEqual([3, 1, 4])
  expect(traffic('bytesin', 'a')).toBe(records!.length)
  expect(traffic('bytesin')).toBe(traffic('bytesin', 'a')! + traffic('bytesin', 'b')!)
  expect([traffic('bytesout', 'a'), traffic('bytesout', 'b')]).toEqual([records!.length, 0])
  expect([traffic('totalproducerequests', 'a'), traffic('totalproducerequests')]).toEqual([2, 4])
  expect([traffic('failedproducerequests', 'a'), traffic('failedproducerequests')]).toEqual([1, 2])
  expect([traffic('totalfetchrequests', 'a'), traffic('totalfetchrequests', 'b')]).toEqual([2, 0])
  expect([traffic('failedfetchrequests', 'a'), traffic('failedfetchrequests')]).toEqual([1, 1])
  expect(traffic('messagesin', 'nowhere')).toBeUndefined()
})

test('a long poll counts once, and totals keep what a deleted topic had', async () => {
  const live = await startLiveBroker()
  const { client, connect } = live
  await createTopic(client, 'a')
  const poll = fetchOnce(await connect(), 'a', 0, { maxWaitMs: 10_000 })
  await produce(client, 'a', ['1'])
  await poll
  await client.request(DeleteTopics, 3, { topicNames: ['a'], timeoutMs: 1_000 })
  const read = await scrape(live)
  expect(read('kafka_server_brokertopicmetrics_totalfetchrequests_total')).toBe(1)
  expect(read('kafka_server_brokertopicmetrics_messagesin_total')).toBe(1)
  expect(read('kafka_server_brokertopicmetrics_messagesin_total', { topic: 'a' })).toBeUndefined()
})

test('tells of partitions, replicas, controller and metadata quorum', async () => {
  const live = await startLiveBroker({ config: { 'node.id': 7 } })
  await createTopic(live.client, 'a', { partitions: 3, configs: { 'min.insync.replicas': '2' } })
  await createTopic(live.client, 'b')
  await produce(live.client, 'b', ['1', '2'])
  const read = await scrape(live)
  const replicas = (name: string) => read(`kafka_server_replicamanager_${name}`)
  expect([replicas('partitioncount'), replicas('leadercount'), replicas('offlinereplicacount')]).toEqual([
    4, 4, 0,
  ])
  // As in Kafka, nobody asks for more replicas than a partition has.
  expect([replicas('underminisrpartitioncount'), replicas('atminisrpartitioncount')]).toEqual([0, 4])
  expect(read('kafka_cluster_partition_underminisr', { topic: 'a', partition: '2' })).toBe(0)
  expect(read('kafka_cluster_partition_atminisr', { topic: 'b', partition: '0' })).toBe(1)
  expect(read('kafka_log_log_logendoffset', { topic: 'b', partition: '0' })).toBe(2)
  expect(read('kafka_controller_kafkacontroller_activecontrollercount')).toBe(1)
  expect(read('kafka_controller_kafkacontroller_globaltopiccount')).toBe(2)
  expect(read('kafka_server_raftmetrics_current_state', { current_state: 'leader' })).toBe(1)
  expect(read('kafka_server_raftmetrics_current_leader')).toBe(7)
  expect(read('kafka_server_raftmetrics_high_watermark')).toBe(
    read('kafka_server_raftmetrics_log_end_offset'),
  )
  expect(read('kafka_server_raftmetrics_commit_latency_max')).toBeGreaterThan(0)
})

test('tells of requests and connections', async () => {
  const live = await startLiveBroker()
  await live.connect()
  await createTopic(live.client, 'a')
  await produce(live.client, 'a', ['1'])
  await fetchOnce(live.client, 'a', 0)
  const read = await scrape(live)
  const requests = (request: string) => read('kafka_network_requestmetrics_requests_total', { request })
  expect([requests('Produce'), requests('Fetch'), requests('FetchConsumer')]).toEqual([1, 1, 1])
  const p99 = read('kafka_network_requestmetrics_totaltimems', { request: 'Produce', quantile: '0.99' })
  expect(p99).toBeGreaterThan(0)
  const count = 'kafka_server_socket_server_metrics_connection_count'
  expect(read(count, { listener: 'PLAINTEXT', networkProcessor: '0' })).toBe(2)
})

test('tells of topics and groups as kafka_exporter does', async () => {
  const live = await startLiveBroker()
  const { broker, client } = live
  await createTopic(client, 'a', { partitions: 2 })
  await produce(client, 'a', ['1', '2', '3'])
  await client.request(FindCoordinator, 3, { key: 'g' })
  await client.request(OffsetCommit, 2, {
    groupId: 'g',
    generationIdOrMemberEpoch: -1,
    memberId: '',
    topics: [
      {
        name: 'a',
        partitions: [
          { partitionIndex: 0, committedOffset: 1, committedMetadata: '' },
          { partitionIndex: 1, committedOffset: 0, committedMetadata: '' },
        ],
      },
    ],
  })
  const read = await scrape(live)
  expect(read('kafka_brokers')).toBe(1)
  expect(read('kafka_broker_info', { id: '1', address: broker.address })).toBe(1)
  expect(read('kafka_topic_partitions', { topic: 'a' })).toBe(2)
  const first = { topic: 'a', partition: '0' }
  expect(read('kafka_topic_partition_current_offset', first)).toBe(3)
  expect(read('kafka_topic_partition_leader', first)).toBe(1)
  const group = { consumergroup: 'g' }
  expect(read('kafka_consumergroup_members', group)).toBe(0)
  expect(read('kafka_consumergroup_current_offset', { ...group, ...first })).toBe(1)
  expect(read('kafka_consumergroup_lag', { ...group, ...first })).toBe(2)
  expect(read('kafka_consumergroup_current_offset_sum', { ...group, topic: 'a' })).toBe(1)
  expect(read('kafka_consumergroup_lag_sum', { ...group, topic: 'a' })).toBe(2)
})
