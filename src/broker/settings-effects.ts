import type { Cluster } from '../cluster/cluster.ts'
import { ConfigResource } from '../cluster/metadata.ts'
import type { Cleaner } from '../storage/log/cleaner.ts'
import type { ProducerStateOptions } from '../storage/log/producer-state.ts'
import type { BrokerSettings } from './broker-settings.ts'
import type { PartitionSettings } from './partition-settings.ts'

/**
 * Brings changes of the broker's settings to those who took over what they need: the topics, whose defaults they are, compaction and
 * the memory of producers. Everybody else reads a setting when it is needed.
 */
export interface SettingsFollowers {
  cluster: Cluster
  topics: PartitionSettings
  cleaner: Cleaner
  producers: ProducerStateOptions
}

export function followSettings(settings: BrokerSettings, followers: SettingsFollowers): void {
  const { cluster, topics, cleaner, producers } = followers
  const follow = () => {
    cleaner.backoffMs = settings.value('log.cleaner.backoff.ms')
    cleaner.keyBytesMax = settings.value('log.cleaner.dedupe.buffer.size')
    producers.expirationMs = settings.value('producer.id.expiration.ms')
  }
  follow()
  cluster.onConfigsChanged = resourceType => {
    if (resourceType !== ConfigResource.BROKER) return
    follow()
    topics.forgetDefaults()
    cluster.partitions.reconfigureAll()
  }
}
