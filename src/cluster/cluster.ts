import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/logger.ts'
import type { Random } from '../base/random.ts'
import { KafkaError } from '../protocol/errors.ts'
import { DataFolderError } from '../storage/data-folder.ts'
import type { LogSettings } from '../storage/log/log-settings.ts'
import type { LogDirectory } from '../storage/log-directory.ts'
import { type AlteredQuota, alterClientQuotas, type QuotaAlteration } from './client-quota-alteration.ts'
import {
  type Charge,
  Controller,
  type ControllerSettings,
  type NewTopic,
  PRODUCER_ID_BLOCK,
} from './controller.ts'
import { ConfigResource, type Metadata, type TopicImage } from './metadata.ts'
import { METADATA_TOPIC, METADATA_TOPIC_ID, MetadataLog } from './metadata-log.ts'
import type { Partition } from './partition.ts'
import { Partitions, type TopicSettings } from './partitions.ts'
import { ReplicaMoves, UnknownOutcomeError } from './replica-moves.ts'

/**
 * One node of a cluster, from the log directories up: it replays the metadata, opens the partitions that it holds, and turns the
 * controller's decisions into records and then into what the node does.
 */
export interface ClusterOptions {
  directories: readonly LogDirectory[]
  /** Filled by replaying the metadata log; empty when handed in. */
  metadata: Metadata
  clusterId: string
  clock: Clock
  random: Random
  logger: Logger
  controller: ControllerSettings
  metadataLog: LogSettings
  /** The log directory takes no replica that it does not hold yet. */
  isCordoned?: (directory: LogDirectory) => boolean
  /** Settings of a topic by what was set for it; called again when that changes. */
  settingsOf: (topic: string, overrides: ReadonlyMap<string, string>) => TopicSettings
}

const FREE: Charge = () => {}

export class Cluster {
  readonly clusterId: string
  readonly nodeId: number
  readonly metadata: Metadata
  readonly partitions: Partitions
  readonly moves: ReplicaMoves
  readonly isCordoned: (directory: LogDirectory) => boolean
  readonly #options: ClusterOptions
  readonly #controller: Controller
  #metadataLog: MetadataLog | undefined
  #metadataDirectory: LogDirectory | undefined
  #nextProducerId = 0
  #producerIdsEnd = 0
  #allocating: Promise<void> | undefined
  /** Called when a topic is gone, for what others know of it. */
  onTopicDeleted: (topic: TopicImage) => void = () => {}
  /** Called when what is set for a resource has changed, and is in force for the partitions. */
  onConfigsChanged: (resourceType: number, resourceName: string) => void = () => {}

  private constructor(options: ClusterOptions) {
    this.#options = options
    this.isCordoned = options.isCordoned ?? (() => false)
    this.metadata = options.metadata
    this.clusterId = options.clusterId
    this.nodeId = options.controller.nodeId
    this.#controller = new Controller(this.metadata, options.controller, options.random)
    this.partitions = new Partitions(
      options.directories,
      topic => options.settingsOf(topic, this.metadata.configsOf(ConfigResource.TOPIC, topic)),
      this.metadata,
      this.nodeId,
      options.clock,
    )
    this.moves = new ReplicaMoves({
      directories: options.directories,
      logger: options.logger,
      commit: (partition, directory) => this.#moveReplica(partition, directory),
      onMoved: ({ topic }) => this.partitions.reconfigure(topic),
    })
  }

  static async open(options: ClusterOptions): Promise<Cluster> {
    const cluster = new Cluster(options)
    await cluster.#start()
    return cluster
  }

  /** What the cluster has agreed on, as a log: for who measures it. */
  get metadataLog(): MetadataLog {
    return this.#log
  }

  /** Creates topics; each is answered on its own. With `validateOnly` nothing is created. */
  async createTopics(
    topics: readonly NewTopic[],
    validateOnly: boolean,
    charge: Charge = FREE,
  ): Promise<(TopicImage | KafkaError)[]> {
    return Promise.all(
      topics.map(topic =>
        this.#createTopic(topic, validateOnly, charge).catch(error => this.#refusal(topic.name, error)),
      ),
    )
  }

  /** The topic, as soon as its partitions are open: it is in the metadata a little earlier. Undefined when it is gone by then. */
  async whenUsable(topic: TopicImage | undefined): Promise<TopicImage | undefined> {
    const opening = topic && this.partitions.whenOpen(topic)
    if (!opening) return topic
    await opening.catch(() => {}) // its creator is told
    return this.metadata.findTopicById(topic.topicId) && topic
  }

  async deleteTopic({ topicId }: TopicImage): Promise<void> {
    const topic = await this.#log.change(() => {
      const present = this.metadata.findTopicById(topicId)
      if (present === undefined) throw new KafkaError('UNKNOWN_TOPIC_OR_PARTITION')
      return { changes: this.#controller.deleteTopic(present), result: present }
    })
    this.onTopicDeleted(topic)
    await this.partitions.remove(topic)
  }

  async createPartitions(
    name: string,
    count: number,
    assignments: readonly (readonly number[])[] | null,
    validateOnly: boolean,
    charge: Charge = FREE,
  ): Promise<void> {
    const topicId = await this.#log.change(() => {
      const topic = this.metadata.findTopic(name)
      if (!topic) throw new KafkaError('UNKNOWN_TOPIC_OR_PARTITION')
      const changes = this.#controller.createPartitions(topic, count, assignments, () =>
        this.partitions.place(this.isCordoned),
      )
      charge(count - topic.partitions.length)
      return { changes: validateOnly ? [] : changes, result: topic.topicId }
    })
    const topic = this.metadata.findTopicById(topicId)
    if (topic && !validateOnly) await this.partitions.open(topic)
  }

  /** Sets and removes quotas; each entity is answered on its own. With `validateOnly` nothing is changed. */
  alterClientQuotas(alterations: readonly QuotaAlteration[], validateOnly: boolean): Promise<AlteredQuota[]> {
    return this.#log.change(() => {
      const { changes, results } = alterClientQuotas(this.metadata.clientQuotas, alterations)
      return { changes: validateOnly ? [] : changes, result: results }
    })
  }

  /** The id of the log directory that holds the metadata. */
  get metadataDirectoryId(): string {
    return this.#metadataDirectory!.directoryId.toString('base64url')
  }

  /**
   * Gives a partition other replicas, or with null ends a move that is under way. Throws the error that the client gets; with one node there
   * is nothing to change.
   */
  reassign(topic: string, partitionIndex: number, nodes: readonly number[] | null): void {
    const image = this.metadata.findTopic(topic)
    if (!image) throw new KafkaError('UNKNOWN_TOPIC_OR_PARTITION', `Unable to find a topic named ${topic}.`)
    this.#controller.reassign(image, partitionIndex, nodes)
  }

  /**
   * Changes what is set for a resource: `decide` is given what is, and gives what shall be, or throws. Resolves when that is durable and
   * in force. With `validateOnly` nothing changes.
   */
  async alterConfigs(
    resourceType: number,
    resourceName: string,
    decide: (present: ReadonlyMap<string, string>) => ReadonlyMap<string, string>,
    validateOnly: boolean,
  ): Promise<void> {
    await this.#log.change(() => {
      const value = decide(this.metadata.configsOf(resourceType, resourceName))
      const changes = this.#controller.alterConfigs(resourceType, resourceName, value)
      return { changes: validateOnly ? [] : changes, result: undefined }
    })
    if (validateOnly) return
    if (resourceType === ConfigResource.TOPIC) this.partitions.reconfigure(resourceName)
    this.onConfigsChanged(resourceType, resourceName)
  }

  /** A producer id that no producer of this cluster ever had. */
  async takeProducerId(): Promise<number> {
    while (this.#nextProducerId >= this.#producerIdsEnd) {
      this.#allocating ??= this.#allocateProducerIds().finally(() => {
        this.#allocating = undefined
      })
      await this.#allocating
    }
    return this.#nextProducerId++
  }

  get #log(): MetadataLog {
    return this.#metadataLog!
  }

  async #start(): Promise<void> {
    const { directories, clock, metadataLog } = this.#options
    const identity = { topicId: METADATA_TOPIC_ID, partition: 0, incarnation: 0 }
    const holder = directories.find(directory => directory.holds(identity)) ?? requireUnused(directories)
    this.#metadataDirectory = holder
    const log = await holder.openLog(identity, METADATA_TOPIC, metadataLog)
    log.isEssential = true // topics are deleted by it
    this.#metadataLog = new MetadataLog(log, this.metadata, clock)
    await this.#metadataLog.load()
    await this.partitions.openAll()
    await Promise.all(directories.map(directory => directory.start()))
  }

  async #moveReplica({ topicId, index }: Partition, directory: LogDirectory): Promise<void> {
    let isDecided = false
    const decide = () => {
      if (this.#metadataDirectory!.isOffline) {
        throw new KafkaError('KAFKA_STORAGE_ERROR', 'the directory of the metadata is offline')
      }
      const directoryId = directory.directoryId.toString('base64url')
      const changes = this.#controller.moveReplica(topicId, index, directoryId)
      isDecided = true
      return { changes, result: undefined }
    }
    try {
      await this.#log.change(decide)
    } catch (error) {
      // A full disk takes the record back for certain; after any other failure only the next start can tell.
      if (!isDecided || !this.#metadataDirectory!.isOffline) throw error
      throw new UnknownOutcomeError(`it is unknown which directory holds it: ${String(error)}; start again`)
    }
  }

  async #createTopic(topic: NewTopic, validateOnly: boolean, charge: Charge): Promise<TopicImage> {
    const { topicId, image } = await this.#log.change(() => {
      const { topicId, changes } = this.#controller.createTopic(topic, () =>
        this.partitions.place(this.isCordoned),
      )
      const [created] = changes
      const partitions = created?.type === 'topic' ? (created.value?.partitions ?? []) : []
      charge(partitions.length)
      const image: TopicImage = { name: topic.name, topicId, partitions }
      return { changes: validateOnly ? [] : changes, result: { topicId, image } }
    })
    if (validateOnly) return image
    const created = this.metadata.findTopicById(topicId)
    if (created) await this.partitions.open(created)
    return created ?? image
  }

  /** That a topic exists is said when it can be used: whoever is told goes on with it. */
  async #refusal(name: string, error: unknown): Promise<KafkaError> {
    if (!(error instanceof KafkaError)) throw error
    await this.whenUsable(this.metadata.findTopic(name))
    return error
  }

  async #allocateProducerIds(): Promise<void> {
    const first = await this.#log.change(() => {
      const { first, changes } = this.#controller.allocateProducerIds()
      return { changes, result: first }
    })
    this.#nextProducerId = first
    this.#producerIdsEnd = first + PRODUCER_ID_BLOCK
  }
}

/** Without the metadata every partition would be taken for one of a deleted topic, and removed. */
function requireUnused(directories: readonly LogDirectory[]): LogDirectory {
  const used = directories.find(directory => [...directory.replicas].length > 0)
  if (!used) return directories[0]!
  throw new DataFolderError(
    `${used.root} holds partitions, but the cluster metadata that lists them is in none of log.dirs. Is a folder missing there?`,
  )
}
