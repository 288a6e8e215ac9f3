import type { Lease } from '../base/buffer-pool.ts'
import { Histogram } from '../base/metrics.ts'
import { ErrorCode } from '../protocol/errors.ts'
import { encodeResponse, readRequestHeader } from '../protocol/header.ts'
import { type ApiVersion, ApiVersions } from '../protocol/messages/api-versions.ts'
import { Reader } from '../protocol/reader.ts'
import type { BrokerContext, Held, Session } from './context.ts'
import type { Handler } from './handler.ts'

/**
 * From a frame to the handler and back to bytes.
 *
 * A request that cannot be understood ends the connection, as in Kafka: unknown API, unserved version, malformed body. The one exception
 * is ApiVersions, whose unknown versions are answered in version 0 with UNSUPPORTED_VERSION, so that a newer client learns what we
 * speak.
 */
class RefusedRequest extends Error {
  override name = 'RefusedRequest'
}

export type Answer = Buffer[] | null

const API_KEYS_MAX = 100
const SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]

/** What was served of one API. */
export interface Traffic {
  readonly api: string
  requests: number
  readonly seconds: Histogram
}

export class Dispatcher {
  readonly #broker: BrokerContext
  readonly #handlers: (Handler | undefined)[] = new Array(API_KEYS_MAX).fill(undefined)
  readonly #traffic: (Traffic | undefined)[] = new Array(API_KEYS_MAX).fill(undefined)
  readonly #flexibleSince: (number | undefined)[] = new Array(API_KEYS_MAX).fill(undefined)

  constructor(broker: BrokerContext, handlers: readonly Handler[]) {
    this.#broker = broker
    for (const handler of handlers) {
      this.#handlers[handler.api.key] = handler
      this.#traffic[handler.api.key] = { api: handler.api.name, requests: 0, seconds: new Histogram(SECONDS) }
      this.#flexibleSince[handler.api.key] = handler.api.flexibleSince
    }
  }

  get traffic(): Traffic[] {
    return this.#traffic.filter(one => one !== undefined)
  }

  /** A request was answered so long after it arrived. */
  note(handler: Handler | undefined, ms: number): void {
    const traffic = handler && this.#traffic[handler.api.key]
    if (!traffic) return
    traffic.requests++
    traffic.seconds.observe(ms / 1_000)
  }

  /** The handler of a frame's API key, before anything else of it is read. */
  handlerOf(frame: Buffer): Handler | undefined {
    return this.#handlers[frame.readUInt16BE(0)]
  }

  /** Serves one request. Throws, or rejects, when the connection must end. */
  dispatch(frame: Buffer, session: Session, lease: Lease | null, holder: Held): Answer | Promise<Answer> {
    const reader = new Reader(frame)
    const header = readRequestHeader(reader, this.#flexibleSince)
    const { apiKey, apiVersion, correlationId, clientId } = header
    const handler = this.#handlers[apiKey]
    if (!handler) throw new RefusedRequest(`API key ${apiKey} is not served`)
    if (apiVersion < handler.refusedBelow || apiVersion > handler.versions[1]) {
      if (handler.api.key === ApiVersions.key) return this.#refuseApiVersions(correlationId)
      throw new RefusedRequest(`${handler.api.name} version ${apiVersion} is not served`)
    }
    return handler.serve(reader, {
      broker: this.#broker,
      session,
      version: apiVersion,
      correlationId,
      clientId,
      bytes: frame.length,
      lease,
      holder,
    })
  }

  #refuseApiVersions(correlationId: number): Answer {
    const response = { errorCode: ErrorCode.UNSUPPORTED_VERSION, apiKeys: this.#broker.apis }
    return encodeResponse(ApiVersions, 0, correlationId, response)
  }
}

/** What ApiVersions tells, in the order of the keys. */
export function advertisedApis(handlers: readonly Handler[]): ApiVersion[] {
  return handlers
    .map(({ api, versions }) => ({ apiKey: api.key, minVersion: versions[0], maxVersion: versions[1] }))
    .sort((a, b) => a.apiKey - b.apiKey)
}
