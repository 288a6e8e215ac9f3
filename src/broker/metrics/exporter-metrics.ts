import type { Metrics, Sample } from '../../base/metrics.ts'
import type { Cluster } from '../../cluster/cluster.ts'
import type { Partition } from '../../cluster/partition.ts'
import type { GroupCoordinator } from '../../coordinator/group-coordinator.ts'

/**
 * Brokers, partitions and consumer groups under the names and labels of kafka_exporter, so that its dashboards and alerts work without it.
 *
 * A group has a line for each partition of which it committed an offset. The offsets are gathered once for a scrape, and no more of them
 * than can be told; a sum is that of the gathered ones.
 */
export interface ExporterParts {
  cluster: Cluster
  groups: GroupCoordinator
  /** Where clients are told to connect. */
  address: () => string
  isOffline: (partition: Partition) => boolean
  seriesMax: number
}

export function registerExporterMetrics(metrics: Metrics, parts: ExporterParts): void {
  const { cluster, address } = parts
  metrics.gauge('kafka_brokers', 'Brokers in the cluster.', () => 1)
  metrics.gauge('kafka_broker_info', 'Brokers by id and address.', () => [
    { labels: { id: String(cluster.nodeId), address: address() }, value: 1 },
  ])
  registerTopics(metrics, parts)
  registerGroups(metrics, parts)
}

function registerTopics(metrics: Metrics, { cluster, isOffline }: ExporterParts): void {
  const { metadata, partitions, nodeId } = cluster
  metrics.gauge('kafka_topic_partitions', 'Partitions of a topic.', () =>
    Array.from(metadata.topics, ({ name, partitions }) => ({
      labels: { topic: name },
      value: partitions.length,
    })),
  )
  const gauge = (name: string, help: string, read: (partition: Partition) => number) =>
    metrics.gauge(`kafka_topic_partition_${name}`, help, () => partitionSamples(partitions, read))
  gauge('current_offset', 'The offset that the next record gets.', one => one.highWatermark)
  gauge('oldest_offset', 'The first offset that is there.', one => one.logStartOffset)
  gauge('replicas', 'Replicas of a partition.', replicasOf)
  gauge('in_sync_replica', 'Replicas that are in sync.', one => (isOffline(one) ? 0 : 1))
  gauge('leader', 'The id of the leader; -1 when there is none.', one => (isOffline(one) ? -1 : nodeId))
  gauge('leader_is_preferred', '1 when the first replica leads.', one => Number(!isOffline(one)))
  gauge('under_replicated_partition', '1 when not all replicas are in sync.', one => Number(isOffline(one)))
}

/** A cluster of one node: that one. */
function replicasOf(): number {
  return 1
}

export function partitionSamples(
  partitions: Iterable<Partition>,
  read: (partition: Partition) => number,
): Sample[] {
  return Array.from(partitions, partition => ({
    labels: { topic: partition.topic, partition: String(partition.index) },
    value: read(partition),
  }))
}

interface GroupSamples {
  members: Sample[]
  offsets: Sample[]
  lags: Sample[]
  offsetSums: Sample[]
  lagSums: Sample[]
}

function registerGroups(metrics: Metrics, parts: ExporterParts): void {
  let samples = noSamples()
  metrics.beforeReading(async () => {
    samples = await gatherGroups(parts)
  })
  metrics.gauge('kafka_consumergroup_members', 'Members of a group.', () => samples.members)
  metrics.gauge(
    'kafka_consumergroup_current_offset',
    'The offset that a group has committed.',
    () => samples.offsets,
  )
  metrics.gauge(
    'kafka_consumergroup_current_offset_sum',
    'The same for all partitions of a topic.',
    () => samples.offsetSums,
  )
  metrics.gauge(
    'kafka_consumergroup_lag',
    'How many offsets are between what a group has committed and the end.',
    () => samples.lags,
  )
  metrics.gauge(
    'kafka_consumergroup_lag_sum',
    'The same for all partitions of a topic.',
    () => samples.lagSums,
  )
}

function noSamples(): GroupSamples {
  return { members: [], offsets: [], lags: [], offsetSums: [], lagSums: [] }
}

async function gatherGroups({ cluster, groups, seriesMax }: ExporterParts): Promise<GroupSamples> {
  const samples = noSamples()
  const { partitions } = cluster
  for (const { store, loaded } of loadedPartitions(groups)) {
    for (const { consumergroup, size } of loaded) {
      samples.members.push({ labels: { consumergroup }, value: size })
      const sums = new Map<string, { offset: number; lag: number }>()
      for await (const { topic, partitionIndex, committed } of store.offsets(consumergroup)) {
        // One more than is told, so that the telling knows that there are more.
        if (samples.offsets.length > seriesMax) break
        const partition = partitions.find(topic, partitionIndex)
        if (!partition) continue
        const labels = { consumergroup, topic, partition: String(partitionIndex) }
        const lag = Math.max(0, partition.highWatermark - committed.offset)
        samples.offsets.push({ labels, value: committed.offset })
        samples.lags.push({ labels, value: lag })
        const sum = sums.get(topic) ?? { offset: 0, lag: 0 }
        sums.set(topic, { offset: sum.offset + committed.offset, lag: sum.lag + lag })
      }
      for (const [topic, { offset, lag }] of sums) {
        const labels = { consumergroup, topic }
        samples.offsetSums.push({ labels, value: offset })
        samples.lagSums.push({ labels, value: lag })
      }
    }
  }
  return samples
}

/** Of one moment: groups may come and go while their offsets are read. */
function loadedPartitions(groups: GroupCoordinator) {
  return Array.from(groups.runtime.coordinators(), partition => ({
    store: partition.store,
    loaded: Array.from(partition.groups(), ({ group }) => ({ consumergroup: group.id, size: group.size })),
  }))
}
