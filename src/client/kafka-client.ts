/**
 * A client of a Kafka cluster: finds its brokers and keeps a connection to each that is used.
 *
 * It begins at the bootstrap addresses and then goes to where the brokers say they are. A broker that cannot be reached at first is an
 * error at once; one that has answered before is asked again until `timeoutMs` is over.
 */
import type { Clock } from '../base/clock.ts'
import type { Address } from '../base/network.ts'
import { KafkaError } from '../protocol/errors.ts'
import { FindCoordinator } from '../protocol/messages/find-coordinator.ts'
import { Metadata } from '../protocol/messages/metadata.ts'
import type { Api, Decoded, Encodable, Fields } from '../protocol/schema.ts'
import { formatAddress } from './address.ts'
import { BrokerConnection, type RequestOptions } from './broker-connection.ts'
import type { ClientWorld } from './client-world.ts'
import { ClusterView, type TopicView } from './cluster-view.ts'
import { ConnectionError } from './connection-error.ts'
import { errorOf, requireSuccess } from './error-answer.ts'
import { isTemporary, Pauses, retrying } from './retry.ts'

export interface ClientOptions {
  bootstrap: readonly Address[]
  world: ClientWorld
  clientId?: string
  /** How long one answer, and how long trying again, may take. */
  timeoutMs?: number
}

const TIMEOUT_MS = 10_000
const GROUP_KEY = 0

export class KafkaClient {
  readonly clock: Clock
  readonly timeoutMs: number
  /** What the last answers said of the cluster. */
  readonly view = new ClusterView()
  readonly #options: ClientOptions
  readonly #connections = new Map<string, Promise<BrokerConnection>>()
  readonly #coordinators = new Map<string, Address>()
  #hasConnected = false
  #isClosed = false

  constructor(options: ClientOptions) {
    this.#options = options
    this.clock = options.world.clock
    this.timeoutMs = options.timeoutMs ?? TIMEOUT_MS
  }

  /** Any broker will do. */
  async toAny(): Promise<BrokerConnection> {
    for (const connecting of this.#connections.values()) {
      const connection = await connecting.catch(() => undefined)
      if (connection?.isOpen) return connection
    }
    const addresses = [...this.view.brokers.values(), ...this.#options.bootstrap]
    let failure: unknown
    for (const address of addresses) {
      try {
        return await this.#connect(address)
      } catch (error) {
        failure ??= error
      }
    }
    throw failure
  }

  async toBroker(nodeId: number): Promise<BrokerConnection> {
    if (!this.view.brokers.has(nodeId)) await this.refresh([])
    const broker = this.view.brokers.get(nodeId)
    if (!broker) {
      const known = [...this.view.brokers.keys()].join(', ')
      throw new KafkaError('BROKER_NOT_AVAILABLE', `there is no broker ${nodeId}, only ${known}`)
    }
    return this.#connect(broker)
  }

  /** The controller, or what stands in for it: brokers of our time pass on what is not for them. */
  async toController(): Promise<BrokerConnection> {
    if (this.view.brokers.size === 0) await this.refresh([])
    const controller = this.view.brokers.get(this.view.controllerId)
    return controller ? this.#connect(controller) : this.toAny()
  }

  ask<Request extends Fields, Response extends Fields>(
    api: Api<Request, Response>,
    body: Encodable<Request>,
    options?: RequestOptions,
  ): Promise<Decoded<Response>> {
    return this.retry(async () => (await this.toAny()).request(api, body, options))
  }

  /**
   * Asks a group's coordinator, and looks for it again when it has moved. `errorOfAnswer` finds the answer's error, which is thrown
   * when trying again does not help.
   */
  askCoordinator<Request extends Fields, Response extends Fields>(
    groupId: string,
    api: Api<Request, Response>,
    body: Encodable<Request>,
    errorOfAnswer: (answer: Decoded<Response>) => KafkaError | undefined,
    options?: RequestOptions,
  ): Promise<Decoded<Response>> {
    return this.retry(async () => {
      try {
        const coordinator = await this.#toCoordinator(groupId)
        const answer = await coordinator.request(api, body, options)
        const error = errorOfAnswer(answer)
        if (error) throw error
        return answer
      } catch (error) {
        if (isTemporary(error)) this.#coordinators.delete(groupId)
        throw error
      }
    })
  }

  /** The broker that coordinates a group. */
  async findCoordinator(groupId: string): Promise<number> {
    const { nodeId } = await this.retry(() => this.#askForCoordinator(groupId))
    return nodeId
  }

  retry<T>(attempt: () => Promise<T>): Promise<T> {
    return retrying(this.clock, this.timeoutMs, attempt)
  }

  /** Pauses for a loop of one's own that tries again. */
  pauses(): Pauses {
    return new Pauses(this.clock, this.timeoutMs)
  }

  /** Asks for brokers and topics: all of them for null, no topic for an empty list. A topic's error stands in its view. */
  async refresh(
    topics: readonly string[] | null,
    { allowCreate = false }: { allowCreate?: boolean } = {},
  ): Promise<TopicView[]> {
    const answer = await this.ask(Metadata, {
      topics: topics?.map(name => ({ name })) ?? null,
      allowAutoTopicCreation: allowCreate,
    })
    requireSuccess(answer.errorCode)
    return this.view.learn(answer)
  }

  /** A topic that exists, with all its leaders; where the broker may create it, once it has. */
  async requireTopic(name: string, options: { allowCreate?: boolean } = {}): Promise<TopicView> {
    const pauses = this.pauses()
    for (;;) {
      const [topic] = await this.refresh([name], options)
      const error = topic === undefined ? undefined : topicError(topic)
      if (topic && !error) return topic
      const isComing = options.allowCreate && error?.error === 'UNKNOWN_TOPIC_OR_PARTITION'
      const mayHelp = error === undefined || isComing || isTemporary(error)
      if (!mayHelp || !(await pauses.next())) throw error ?? new KafkaError('UNKNOWN_TOPIC_OR_PARTITION')
    }
  }

  /** What waits for an answer fails. */
  async close(): Promise<void> {
    this.#isClosed = true
    for (const connecting of this.#connections.values()) {
      const connection = await connecting.catch(() => undefined)
      connection?.close()
    }
    this.#connections.clear()
  }

  async #connect(address: Address): Promise<BrokerConnection> {
    if (this.#isClosed) throw new ConnectionError(address, 'the client was closed')
    const key = formatAddress(address)
    const known = this.#connections.get(key)
    if (known) {
      const connection = await known
      if (connection.isOpen) return connection
      if (this.#connections.get(key) === known) this.#connections.delete(key)
      return this.#connect(address)
    }
    const opening = this.#open({ host: address.host, port: address.port })
    this.#connections.set(key, opening)
    try {
      return await opening
    } catch (error) {
      if (this.#connections.get(key) === opening) this.#connections.delete(key)
      throw error
    }
  }

  async #open(address: Address): Promise<BrokerConnection> {
    const { world, clientId = 'loggerhead' } = this.#options
    try {
      const connection = await BrokerConnection.open(address, { world, clientId, timeoutMs: this.timeoutMs })
      this.#hasConnected = true
      return connection
    } catch (error) {
      if (!(error instanceof ConnectionError)) throw error
      const reason = error.message.slice(formatAddress(address).length + 2)
      const code = error.code === undefined ? {} : { code: error.code }
      throw new ConnectionError(address, reason, { ...code, isTemporary: this.#hasConnected })
    }
  }

  async #toCoordinator(groupId: string): Promise<BrokerConnection> {
    let address = this.#coordinators.get(groupId)
    if (!address) {
      const { host, port } = await this.#askForCoordinator(groupId)
      address = { host, port }
      this.#coordinators.set(groupId, address)
    }
    return this.#connect(address)
  }

  async #askForCoordinator(groupId: string): Promise<{ nodeId: number; host: string; port: number }> {
    const connection = await this.toAny()
    const answer = await connection.request(FindCoordinator, {
      key: groupId,
      keyType: GROUP_KEY,
      coordinatorKeys: [groupId],
    })
    const found = answer.coordinators[0] ?? answer
    requireSuccess(found.errorCode, found.errorMessage)
    return found
  }
}

function topicError(topic: TopicView): KafkaError | undefined {
  const error = errorOf(topic.errorCode)
  if (error) return error
  const code = topic.partitions.find(({ errorCode, leader }) => errorCode !== 0 && leader < 0)?.errorCode
  return errorOf(code ?? 0)
}
