import type { Logger } from '../base/logger.ts'
import type { Address } from '../base/network.ts'
import type { World } from '../base/world.ts'
import type { Broker } from '../broker/broker.ts'
import { handlers } from '../broker/handlers/index.ts'
import { type ServedBroker, startServedBroker } from '../console/served-broker.ts'
import { type BrokerOptions, configOf, type NewTopic, newTopicsOf } from './broker-options.ts'
import { FaultInjector, type Faults } from './faults/fault-injector.ts'
import { findGroup, type GroupView, viewGroups } from './groups.ts'
import {
  appendRecords,
  asBuffers,
  asJson,
  asText,
  type NewRecord,
  type ReadOptions,
  type RecordPlace,
  readRecords,
  type TopicRecord,
} from './records.ts'
import { emptyBroker } from './reset.ts'
import {
  createTopics,
  deleteTopic,
  findTopic,
  type NewTopicOptions,
  type TopicView,
  viewTopics,
} from './topics.ts'

/**
 * A broker inside a program, mostly a test: what it holds can be looked at without a client, it can be emptied without a restart, and it
 * can be told to fail. None of that is reachable over the network.
 */
export interface EmbeddedBroker {
  /** `host:port` of the first listener, for a client's list of brokers. */
  readonly address: string
  readonly port: number
  readonly listeners: readonly Address[]
  readonly clusterId: string
  /** Where health and metrics are over HTTP, such as `http://127.0.0.1:9644`; undefined when they are not served. */
  readonly httpAddress: string | undefined
  /** Errors, delays and dropped connections, for the requests that you choose. */
  readonly faults: Faults

  /** All topics, in the order of their names; with `internal` also those that the broker itself writes. */
  topics(options?: { internal?: boolean }): TopicView[]
  /** One topic, also an internal one; undefined when there is none of the name. */
  topic(name: string): TopicView | undefined
  /** Resolves when the topic can be used. Throws a `KafkaError` when it cannot be made. */
  createTopic(name: string, options?: NewTopicOptions): Promise<TopicView>
  /** Its records, and what groups have committed for it, go too. */
  deleteTopic(name: string): Promise<void>

  /** What consumers could read now: key, value and headers as text, as buffers, or with values parsed as JSON. */
  records(topic: string, options?: ReadOptions & { as?: 'text' }): Promise<TopicRecord[]>
  records(
    topic: string,
    options: ReadOptions & { as: 'buffer' },
  ): Promise<TopicRecord<Buffer | null, Buffer>[]>
  records<Value = unknown>(
    topic: string,
    options: ReadOptions & { as: 'json' },
  ): Promise<TopicRecord<Value>[]>
  /** Appends records, and says where each was put. */
  produce(topic: string, records: readonly NewRecord[]): Promise<RecordPlace[]>

  /** All groups, in the order of their ids. */
  groups(): Promise<GroupView[]>
  /** State, members, assignments, committed offsets and lag; undefined when there is no such group. */
  group(id: string): Promise<GroupView | undefined>

  /**
   * Makes the broker what it was when `createBroker` resolved: topics, records, groups, offsets, producers, quotas, changed
   * settings and faults are gone, the topics of the options are there anew. Port and connections stay; clients see their topics vanish.
   */
  reset(): Promise<void>
  /** All metrics in the text format of Prometheus. */
  metrics(): Promise<string>
  /** Ends every connection, syncs, and leaves nothing running. */
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

export async function startEmbeddedBroker(
  options: BrokerOptions,
  world: World & { logger: Logger },
): Promise<EmbeddedBroker> {
  const served = await startServedBroker({ config: configOf(options), ...world })
  const topics = newTopicsOf(options)
  const embedded = new Embedded(served, topics)
  try {
    await createTopics(
      served.broker.context,
      topics.filter(({ name }) => !embedded.topic(name)),
    )
  } catch (error) {
    await served.close()
    throw error
  }
  return embedded
}

class Embedded implements EmbeddedBroker {
  readonly address: string
  readonly port: number
  readonly listeners: readonly Address[]
  readonly clusterId: string
  readonly httpAddress: string | undefined
  readonly faults: FaultInjector
  readonly #served: ServedBroker
  readonly #broker: Broker
  readonly #topics: readonly NewTopic[]
  #resetting: Promise<void> = Promise.resolve()

  constructor(served: ServedBroker, topics: readonly NewTopic[]) {
    const { broker, http } = served
    const [first] = broker.listeners
    this.address = placeOf(first!)
    this.port = first!.port
    this.httpAddress = http[0] && `http://${placeOf(http[0])}`
    this.listeners = broker.listeners
    this.clusterId = broker.clusterId
    this.faults = new FaultInjector(broker.context, handlers)
    this.#served = served
    this.#broker = broker
    this.#topics = topics
  }

  topics({ internal = false }: { internal?: boolean } = {}): TopicView[] {
    return viewTopics(this.#broker.context, internal)
  }

  topic(name: string): TopicView | undefined {
    return findTopic(this.#broker.context, name)
  }

  async createTopic(name: string, options: NewTopicOptions = {}): Promise<TopicView> {
    await createTopics(this.#broker.context, [{ name, ...options }])
    return this.topic(name)!
  }

  deleteTopic(name: string): Promise<void> {
    return deleteTopic(this.#broker.context, name)
  }

  records(topic: string, options?: ReadOptions & { as?: 'text' }): Promise<TopicRecord[]>
  records(
    topic: string,
    options: ReadOptions & { as: 'buffer' },
  ): Promise<TopicRecord<Buffer | null, Buffer>[]>
  records<Value>(topic: string, options: ReadOptions & { as: 'json' }): Promise<TopicRecord<Value>[]>
  records(topic: string, options: ReadOptions & { as?: 'text' | 'buffer' | 'json' } = {}): Promise<unknown> {
    const { context } = this.#broker
    if (options.as === 'buffer') return readRecords(context, topic, options, asBuffers)
    if (options.as === 'json') return readRecords(context, topic, options, asJson)
    return readRecords(context, topic, options, asText)
  }

  produce(topic: string, records: readonly NewRecord[]): Promise<RecordPlace[]> {
    return appendRecords(this.#broker.context, topic, records)
  }

  groups(): Promise<GroupView[]> {
    return viewGroups(this.#broker.context)
  }

  group(id: string): Promise<GroupView | undefined> {
    return findGroup(this.#broker.context, id)
  }

  reset(): Promise<void> {
    this.#resetting = this.#resetting.catch(() => {}).then(() => this.#reset())
    return this.#resetting
  }

  metrics(): Promise<string> {
    return this.#broker.metrics()
  }

  close(): Promise<void> {
    this.faults.clear()
    return this.#served.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #reset(): Promise<void> {
    const { context } = this.#broker
    this.faults.clear()
    // Asked for in one turn, so that no client can create a topic of these names in between.
    await Promise.all([emptyBroker(context), createTopics(context, this.#topics)])
  }
}

function placeOf({ host, port }: Address): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`
}
