import type { Clock } from '../base/clock.ts'
import { inLanes } from '../base/lanes.ts'
import { KafkaError } from '../protocol/errors.ts'
import type { LogIdentity } from '../storage/journal-frame.ts'
import type { LogSettings } from '../storage/log/log-settings.ts'
import type { LogDirectory } from '../storage/log-directory.ts'
import type { TopicImage } from './metadata.ts'
import { Partition, type PartitionRules } from './partition.ts'
import { TopicTraffic } from './topic-traffic.ts'

/**
 * The partitions that this node holds, by topic name and by topic id.
 *
 * It follows the metadata: `open` and `remove` are called with what was agreed on, never to decide. Where a new replica is stored is chosen
 * here: the directory with the fewest logs.
 */
export interface TopicSettings {
  log: LogSettings
  rules: PartitionRules
}

/** Logs that are recovered at the same time. */
const OPEN_LANES = 16

export class Partitions {
  readonly #directories: readonly LogDirectory[]
  readonly #settingsOf: (topic: string) => TopicSettings
  readonly #nodeId: number
  readonly #clock: Clock
  /** Replicas that were given a directory and are not open yet, so that those of one topic are spread too. */
  readonly #placed = new Map<LogDirectory, number>()
  readonly #byName = new Map<string, Partition[]>()
  readonly #byId = new Map<string, Partition[]>()
  readonly #traffic = new Map<string, TopicTraffic>()
  /** Of requests that named no topic of ours, and of topics that are gone. */
  readonly strayTraffic = new TopicTraffic()
  /** Counts reconfigurations, so that a partition that opens meanwhile does not miss one. */
  #reconfigured = 0

  constructor(
    directories: readonly LogDirectory[],
    settingsOf: (topic: string) => TopicSettings,
    nodeId: number,
    clock: Clock,
  ) {
    this.#directories = directories
    this.#settingsOf = settingsOf
    this.#nodeId = nodeId
    this.#clock = clock
  }

  *[Symbol.iterator](): Iterator<Partition> {
    for (const partitions of this.#byName.values()) yield* partitions
  }

  find(topic: string, index: number): Partition | undefined {
    return this.#byName.get(topic)?.[index]
  }

  findById(topicId: string, index: number): Partition | undefined {
    return this.#byId.get(topicId)?.[index]
  }

  /** Of one topic, whose partitions all add to it. */
  trafficOf(topic: string): TopicTraffic {
    const known = this.#traffic.get(topic)
    if (known) return known
    const traffic = new TopicTraffic()
    this.#traffic.set(topic, traffic)
    return traffic
  }

  ofTopic(topic: string): readonly Partition[] {
    return this.#byName.get(topic) ?? []
  }

  require(topic: string, index: number): Partition {
    const partition = this.#byName.get(topic)?.[index]
    if (!partition) throw new KafkaError('UNKNOWN_TOPIC_OR_PARTITION')
    return partition
  }

  requireById(topicId: string, index: number): Partition {
    const partitions = this.#byId.get(topicId)
    if (!partitions) throw new KafkaError('UNKNOWN_TOPIC_ID')
    const partition = partitions[index]
    if (!partition) throw new KafkaError('UNKNOWN_TOPIC_OR_PARTITION')
    return partition
  }

  /** Opens what is not open yet of these topics. */
  async open(topics: Iterable<TopicImage>): Promise<void> {
    const missing: { topic: TopicImage; index: number }[] = []
    for (const topic of topics) {
      const open = this.#byName.get(topic.name)?.length ?? 0
      for (let index = open; index < topic.partitions.length; index++) missing.push({ topic, index })
    }
    const opened = new Map<TopicImage, Partition[]>()
    const before = this.#reconfigured
    await inLanes(OPEN_LANES, missing, async ({ topic, index }) => {
      const partitions = opened.get(topic) ?? []
      opened.set(topic, partitions)
      partitions[index] = await this.#openPartition(topic, index)
    })
    for (const [topic, partitions] of opened) this.#adopt(topic, partitions)
    if (this.#reconfigured === before) return
    for (const { name } of opened.keys()) this.reconfigure(name)
  }

  /** Forgets a topic at once; its folders go after that. */
  async remove(topic: TopicImage): Promise<void> {
    const partitions = this.#byName.get(topic.name) ?? []
    this.#byName.delete(topic.name)
    this.#byId.delete(topic.topicId)
    this.strayTraffic.add(this.trafficOf(topic.name))
    this.#traffic.delete(topic.name)
    for (const partition of partitions) partition.log.onAdvance() // wakes who waits for records that will not come
    await Promise.all(
      partitions.map(({ log }) =>
        this.#directories.find(one => one.findLog(log.identity) === log)?.removeLog(log.identity),
      ),
    )
  }

  /** Applies the present configuration of a topic. */
  reconfigure(topic: string): void {
    this.#reconfigured++
    const { log, rules } = this.#settingsOf(topic)
    for (const partition of this.ofTopic(topic)) {
      partition.log.settings = log
      partition.rules = rules
    }
  }

  /** The same for all topics: a default of theirs has changed. */
  reconfigureAll(): void {
    for (const topic of this.#byName.keys()) this.reconfigure(topic)
    this.#reconfigured++
  }

  /** The id of the directory where the next replica belongs. */
  place(): string {
    let chosen: LogDirectory | undefined
    let fewest = Number.POSITIVE_INFINITY
    for (const directory of this.#directories) {
      const logs = directory.logCount + (this.#placed.get(directory) ?? 0)
      if (directory.isOffline || logs >= fewest) continue
      chosen = directory
      fewest = logs
    }
    if (!chosen) throw new KafkaError('KAFKA_STORAGE_ERROR', 'every log directory is offline')
    this.#placed.set(chosen, (this.#placed.get(chosen) ?? 0) + 1)
    return chosen.directoryId.toString('base64url')
  }

  async #openPartition(topic: TopicImage, index: number): Promise<Partition> {
    const image = topic.partitions[index]!
    const topicId = Buffer.from(topic.topicId, 'base64url')
    const identity: LogIdentity = { topicId, partition: index, incarnation: image.incarnation }
    const wanted = image.replicas.find(replica => replica.nodeId === this.#nodeId)?.directoryId
    const directory =
      this.#directories.find(one => one.directoryId.toString('base64url') === wanted) ?? this.#directories[0]!
    this.#placed.delete(directory)
    const { log: settings, rules } = this.#settingsOf(topic.name)
    const log = await directory.openLog(identity, topic.name, settings)
    const names = { topic: topic.name, topicId: topic.topicId, index, leaderId: this.#nodeId }
    return new Partition(names, log, rules, this.#clock, this.trafficOf(topic.name))
  }

  #adopt(topic: TopicImage, added: readonly Partition[]): void {
    const partitions = [...(this.#byName.get(topic.name) ?? [])]
    for (const partition of added) if (partition) partitions[partition.index] = partition
    this.#byName.set(topic.name, partitions)
    this.#byId.set(topic.topicId, partitions)
  }
}
