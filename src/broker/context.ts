import type { Lease } from '../base/buffer-pool.ts'
import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/logger.ts'
import type { Address } from '../base/network.ts'
import type { Cluster } from '../cluster/cluster.ts'
import type { Partition } from '../cluster/partition.ts'
import type { GroupCoordinator } from '../coordinator/group-coordinator.ts'
import type { ApiVersion } from '../protocol/messages/api-versions.ts'
import type { AnyApi } from '../protocol/schema.ts'
import type { LogDirectory } from '../storage/log-directory.ts'
import type { BrokerSettings } from './broker-settings.ts'
import type { Config } from './config.ts'
import type { ConfigAlterations } from './config-alterations.ts'
import type { DiskSpace } from './disk-space.ts'
import type { FetchSessions } from './fetch-sessions.ts'
import type { InternalTopics } from './internal-topics.ts'
import type { LogLevels } from './log-levels.ts'
import type { ClientTelemetry } from './telemetry/client-telemetry.ts'
import type { Throttle } from './throttle.ts'
import type { TopicCreation } from './topic-creation.ts'

/** What handlers work with: the broker's parts, the same for all requests. */
export interface BrokerContext {
  /** What the broker was started with. */
  readonly config: Config
  /** What is in force: what was set since, over that. */
  readonly settings: BrokerSettings
  readonly alterations: ConfigAlterations
  readonly logLevels: LogLevels
  /** What is advertised. */
  readonly apis: readonly ApiVersion[]
  readonly cluster: Cluster
  readonly directories: readonly LogDirectory[]
  readonly space: DiskSpace
  readonly groups: GroupCoordinator
  readonly fetchSessions: FetchSessions
  readonly internalTopics: InternalTopics
  readonly topicCreation: TopicCreation
  readonly telemetry: ClientTelemetry
  readonly clock: Clock
  readonly logger: Logger
  /** Why clients may not append to the partition at the moment; undefined when they may. */
  readonly refusesAppends: (partition: Partition) => string | undefined
  readonly throttle: Throttle
  /** Stands between all requests and their handlers, when somebody has put it there. */
  interceptor: Interceptor | undefined
}

/** Whoever connects without a login. */
export const ANONYMOUS = 'ANONYMOUS'
export interface ClientSoftware {
  readonly name: string
  readonly version: string
}

/** A client's connection, as handlers see it. */
export interface Session {
  readonly listenerName: string
  /** As Kafka prints it: `/127.0.0.1`. */
  readonly clientHost: string
  /** Who is connected, as quotas know it. */
  readonly user: string
  readonly clientPort: number
  /** What the client calls itself in ApiVersions (KIP-511); `unknown` where it does not. */
  software: ClientSoftware
  /** Where this client is told to find this broker. */
  readonly advertised: Address
  /** Set when the connection has closed: nobody waits for an answer any more. */
  readonly isClosed: boolean
  /** Runs when the connection has closed, or is about to be: whoever waits on its behalf comes to an end. Gives what takes it back. */
  onClose(run: () => void): () => void
  /** For so long nothing more of this client is read or begun; what has begun is answered. */
  mute(ms: number): void
}

/** Memory that an answer is made of, given back when it is sent. */
export interface Held {
  held: Lease[] | null
}

/** One request on its way. */
export interface RequestContext {
  readonly broker: BrokerContext
  readonly session: Session
  readonly version: number
  readonly correlationId: number
  readonly clientId: string | null
  /** Size of the request. */
  readonly bytes: number
  /** Who owns the request's bytes when they may be used again; null when they are garbage collected. */
  readonly lease: Lease | null
  /** What the answer holds until it is sent. */
  readonly holder: Held
}

/** A decoded message whose API is known only at run time. */
export type AnyBody = Readonly<Record<string, unknown>>
export type Answering = AnyBody | null | Promise<AnyBody | null>

/** One request between its decoding and the encoding of its answer. */
export interface Call {
  readonly api: AnyApi
  readonly request: AnyBody
  readonly context: RequestContext
  /** Serves a request of this API as if nobody stood between. */
  handle(request: AnyBody): Answering
}

export interface Interceptor {
  /** The answer, null for none. Throws, or rejects, when the connection must end. */
  serve(call: Call): Answering
}
