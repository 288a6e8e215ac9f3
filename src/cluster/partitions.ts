import type { Clock } from '../base/clock.ts'
import { inLanes } from '../base/lanes.ts'
import { KafkaError } from '../protocol/errors.ts'
import type { LogIdentity } from '../storage/journal-frame.ts'
import type { LogSettings } from '../storage/log/log-settings.ts'
import type { LogDirectory } from '../storage/log-directory.ts'
import type { Metadata, TopicImage } from './metadata.ts'
import { Partition, type PartitionRules } from './partition.ts'
import { TopicTraffic } from './topic-traffic.ts'

/**
 * The partitions that this node holds, by topic name and by topic id.
 *
 * It follows the metadata: `open` and `remove` are called with what was agreed on, never to decide. Where a new replica is stored is chosen
 * here: the directory with the fewest logs.
 *
 * A topic is in the metadata before its partitions are open, and opening takes a while. So what is done with the topics of one name has
 * turns: nothing is opened twice, and what is deleted while it opens is never served. By name and not by id, since a topic and its
 * successor share their folders.
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
  readonly #metadata: Metadata
  readonly #nodeId: number
  readonly #clock: Clock
  /** Replicas that were given a directory and are not open yet, so that those of one topic are spread too. */
  readonly #placed = new Map<LogDirectory, number>()
  readonly #byName = new Map<string, Partition[]>()
  readonly #byId = new Map<string, Partition[]>()
  readonly #traffic = new Map<string, TopicTraffic>()
  /** By topic name, the last of those that opens or removes. */
  readonly #turns = new Map<string, Promise<void>>()
  /** Called with the partitions of a topic that were opened; nobody finds them before it has resolved. */
  onOpen: (topic: TopicImage, partitions: readonly Partition[]) => Promise<void> = async () => {}
  /** Of requests that named no topic of ours, and of topics that are gone. */
  readonly strayTraffic = new TopicTraffic()

  constructor(
    directories: readonly LogDirectory[],
    settingsOf: (topic: string) => TopicSettings,
    metadata: Metadata,
    nodeId: number,
    clock: Clock,
  ) {
    this.#directories = directories
    this.#settingsOf = settingsOf
    this.#metadata = metadata
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

  /** Opens all that the metadata lists: at the start, when there is nobody to take turns with. */
  async openAll(): Promise<void> {
    const topics = [...this.#metadata.topics]
    const missing = topics.flatMap(topic => topic.partitions.map((_, index) => ({ topic, index })))
    const opened = new Map<TopicImage, Partition[]>(topics.map(topic => [topic, []]))
    await inLanes(OPEN_LANES, missing, async ({ topic, index }) => {
      opened.get(topic)![index] = await this.#openPartition(topic, index)
    })
    for (const [topic, partitions] of opened) this.#adopt(topic, partitions)
  }

  /** Opens what is not open yet of a topic. Resolves when all of it can be used, or the topic is gone. */
  open({ name, topicId }: TopicImage): Promise<void> {
    return this.#inTurn(name, async () => {
      const topic = this.#metadata.findTopicById(topicId)
      if (topic) await this.#openMissing(topic)
    })
  }

  /**
   * Undefined when the whole topic is open; else resolves when it is, or is gone. What could not be opened before is tried again, and this
   * rejects when it still cannot be.
   */
  whenOpen(topic: TopicImage): Promise<void> | undefined {
    const open = this.#byId.get(topic.topicId)?.length ?? 0
    return open >= topic.partitions.length ? undefined : this.open(topic)
  }

  /** Forgets a topic at once; its folders go after that. */
  async remove(topic: TopicImage): Promise<void> {
    const partitions = this.#byId.get(topic.topicId) ?? []
    this.#byId.delete(topic.topicId)
    if (partitions.length > 0) this.#byName.delete(topic.name)
    for (const partition of partitions) partition.log.onAdvance() // wakes who waits for records that will not come
    await this.#inTurn(topic.name, async () => {
      this.strayTraffic.add(this.trafficOf(topic.name))
      this.#traffic.delete(topic.name)
      await Promise.all(topic.partitions.map((_, index) => this.#removeLog(topic, index, partitions[index])))
    })
  }

  /** Applies the present configuration of a topic. */
  reconfigure(topic: string): void {
    const { log, rules } = this.#settingsOf(topic)
    for (const partition of this.ofTopic(topic)) {
      partition.log.settings = log
      partition.rules = rules
    }
  }

  /** The same for all topics: a default of theirs has changed. */
  reconfigureAll(): void {
    for (const topic of this.#byName.keys()) this.reconfigure(topic)
  }

  /** The id of the directory where the next replica belongs, of those that take new ones. */
  place(isCordoned: (directory: LogDirectory) => boolean): string {
    let chosen: LogDirectory | undefined
    let fewest = Number.POSITIVE_INFINITY
    for (const directory of this.#directories) {
      const logs = directory.logCount + (this.#placed.get(directory) ?? 0)
      if (directory.isOffline || isCordoned(directory) || logs >= fewest) continue
      chosen = directory
      fewest = logs
    }
    if (!chosen && this.#directories.some(isCordoned)) {
      throw new KafkaError(
        'INVALID_REPLICATION_FACTOR',
        'Unable to replicate the partition: all log directories that are online are cordoned (cordoned.log.dirs).',
      )
    }
    if (!chosen) throw new KafkaError('KAFKA_STORAGE_ERROR', 'every log directory is offline')
    this.#placed.set(chosen, (this.#placed.get(chosen) ?? 0) + 1)
    return chosen.directoryId.toString('base64url')
  }

  /** Runs when everything before it that has to do with topics of this name is done, or has failed. */
  #inTurn(name: string, run: () => Promise<void>): Promise<void> {
    const turn = (this.#turns.get(name) ?? Promise.resolve()).then(run)
    const settled = turn
      .catch(() => {})
      .then(() => {
        if (this.#turns.get(name) === settled) this.#turns.delete(name)
      })
    this.#turns.set(name, settled)
    return turn
  }

  async #openMissing(topic: TopicImage): Promise<void> {
    const open = this.#byId.get(topic.topicId)?.length ?? 0
    const missing = topic.partitions.slice(open).map((_, i) => open + i)
    if (missing.length === 0) return
    const opened: Partition[] = []
    const failures: unknown[] = []
    await inLanes(OPEN_LANES, missing, async index => {
      try {
        opened[index - open] = await this.#openPartition(topic, index)
      } catch (error) {
        failures.push(error)
      }
    })
    // Some of a topic would be of no use: the others stay closed until this is tried again.
    if (failures.length > 0) throw failures[0]
    if (!this.#isPresent(topic)) return // its removal has the next turn
    await this.onOpen(topic, opened)
    if (!this.#isPresent(topic)) return
    this.#adopt(topic, opened)
    this.reconfigure(topic.name) // it may have been changed meanwhile
  }

  #isPresent({ topicId }: TopicImage): boolean {
    return this.#metadata.findTopicById(topicId) !== undefined
  }

  async #openPartition(topic: TopicImage, index: number): Promise<Partition> {
    const identity = identityOf(topic, index)
    const wanted = topic.partitions[index]!.replicas.find(
      replica => replica.nodeId === this.#nodeId,
    )?.directoryId
    const home =
      this.#directories.find(one => one.directoryId.toString('base64url') === wanted) ??
      this.#directories.find(one => one.holds(identity))
    const directory = home ?? this.#directories[0]!
    this.#placed.delete(directory)
    const { log: settings, rules } = this.#settingsOf(topic.name)
    // It is open when others of its topic could not be opened with it.
    const log = directory.findLog(identity) ?? (await directory.openLog(identity, topic.name, settings))
    if (!home) directory.reportAbsent(log, wanted ?? 'unknown')
    const names = { topic: topic.name, topicId: topic.topicId, index, leaderId: this.#nodeId }
    return new Partition(names, log, rules, this.#clock, this.trafficOf(topic.name))
  }

  /** The log of a partition, or of one that was opened and never served. */
  async #removeLog(topic: TopicImage, index: number, partition: Partition | undefined): Promise<void> {
    const identity = identityOf(topic, index)
    const holder = this.#directories.find(directory => {
      const log = directory.findLog(identity)
      return log !== undefined && (partition === undefined || partition.log === log)
    })
    await holder?.removeLog(identity)
  }

  #adopt(topic: TopicImage, added: readonly Partition[]): void {
    const partitions = [...(this.#byId.get(topic.topicId) ?? []), ...added]
    this.#byName.set(topic.name, partitions)
    this.#byId.set(topic.topicId, partitions)
  }
}

function identityOf({ topicId, partitions }: TopicImage, index: number): LogIdentity {
  const { incarnation } = partitions[index]!
  return { topicId: Buffer.from(topicId, 'base64url'), partition: index, incarnation }
}
