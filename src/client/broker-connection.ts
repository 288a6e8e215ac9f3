/**
 * One connection to a broker: requests leave at once, answers are matched by their correlation id.
 *
 * The versions are agreed on first (ApiVersions); every request then takes the highest that both sides know. A request that is not
 * answered in time ends the connection, because nobody knows what the broker made of it. When the connection ends, everything that
 * waits on it fails with a `ConnectionError`.
 */
import type { Timer } from '../base/clock.ts'
import type { Address, Connection } from '../base/network.ts'
import { decode, decodeFrom } from '../protocol/codec.ts'
import { ErrorCode, KafkaError } from '../protocol/errors.ts'
import { FrameAssembler } from '../protocol/frame.ts'
import { encodeRequest, readResponseHeader } from '../protocol/header.ts'
import { ApiVersions } from '../protocol/messages/api-versions.ts'
import { Reader } from '../protocol/reader.ts'
import type { AnyApi, Api, Decoded, Encodable, Fields } from '../protocol/schema.ts'
import { formatAddress } from './address.ts'
import { ApiRanges } from './api-ranges.ts'
import type { ClientWorld } from './client-world.ts'
import { ConnectionError } from './connection-error.ts'

export interface ConnectionOptions {
  clientId: string
  /** For dialling, and for each answer that does not say otherwise. */
  timeoutMs: number
  world: ClientWorld
}

export interface RequestOptions {
  timeoutMs?: number
  version?: number
}

/** The software's name that brokers count in their metrics (KIP-511). */
const SOFTWARE = { clientSoftwareName: 'loggerhead', clientSoftwareVersion: '1' }
const ANSWER_BYTES_MAX = 512 << 20
/** Correlation id and, in ApiVersions, the error: the shortest answer that we read by hand. */
const ANSWER_BYTES_MIN = 4
const CORRELATION_ID_BYTES = 4

interface Waiting {
  resolve(frame: Buffer): void
  reject(error: Error): void
  timer: Timer
}

export class BrokerConnection {
  readonly address: Address
  readonly #options: ConnectionOptions
  readonly #waiting = new Map<number, Waiting>()
  #connection: Connection | undefined
  #ranges = new ApiRanges([])
  #correlationId = 0
  #failure: Error | undefined

  private constructor(address: Address, options: ConnectionOptions) {
    this.address = address
    this.#options = options
  }

  static async open(address: Address, options: ConnectionOptions): Promise<BrokerConnection> {
    const connection = new BrokerConnection(address, options)
    await connection.#dial()
    try {
      connection.#ranges = new ApiRanges(await connection.#askVersions())
    } catch (error) {
      connection.close()
      throw error
    }
    return connection
  }

  get isOpen(): boolean {
    return this.#failure === undefined
  }

  supports(api: AnyApi): boolean {
    return this.#ranges.versionFor(api) !== undefined
  }

  versionFor(api: AnyApi): number {
    const version = this.#ranges.versionFor(api)
    if (version !== undefined) return version
    const broker = formatAddress(this.address)
    throw new KafkaError('UNSUPPORTED_VERSION', `the broker at ${broker} does not serve ${api.name}`)
  }

  /** Sends a request and gives its answer. */
  async request<Request extends Fields, Response extends Fields>(
    api: Api<Request, Response>,
    body: Encodable<Request>,
    { version = this.versionFor(api), timeoutMs }: RequestOptions = {},
  ): Promise<Decoded<Response>> {
    const reader = new Reader(await this.#exchange(api, version, body, timeoutMs))
    readResponseHeader(reader, api as AnyApi, version)
    return decodeFrom(reader, api.response, version)
  }

  /** Sends a request that the broker does not answer, as Produce with acks 0. Resolves when the system has taken its bytes. */
  tell<Request extends Fields, Response extends Fields>(
    api: Api<Request, Response>,
    body: Encodable<Request>,
  ): Promise<void> {
    if (this.#failure) return Promise.reject(this.#failure)
    const header = { correlationId: this.#nextId(), clientId: this.#options.clientId }
    const parts = encodeRequest(api, this.versionFor(api), header, body)
    return new Promise(resolve => this.#connection!.send(parts, resolve))
  }

  /** What waits for an answer fails. */
  close(): void {
    this.#fail(new ConnectionError(this.address, 'the connection was closed'))
  }

  async #dial(): Promise<void> {
    const { world, timeoutMs } = this.#options
    const controller = new AbortController()
    const late = () => controller.abort(Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' }))
    const timer = world.clock.after(timeoutMs, late, 'client-dial')
    try {
      this.#connection = await world.network.connect(this.address, () => this.#events(), controller.signal)
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException
      throw new ConnectionError(this.address, code ?? message, code === undefined ? {} : { code })
    } finally {
      timer.cancel()
    }
  }

  #events() {
    const assembler = new FrameAssembler({
      frameBytesMax: ANSWER_BYTES_MAX,
      frameBytesMin: ANSWER_BYTES_MIN,
      deliver: frame => this.#deliver(frame),
      keep: (chunk, start) => Buffer.from(chunk.subarray(start)),
    })
    return {
      data: (bytes: Buffer) => {
        try {
          assembler.push(bytes)
        } catch (error) {
          this.#fail(new ConnectionError(this.address, (error as Error).message))
        }
      },
      drain() {},
      close: () =>
        this.#fail(
          new ConnectionError(this.address, 'the broker closed the connection', { isTemporary: true }),
        ),
    }
  }

  #deliver(frame: Buffer): void {
    const correlationId = frame.readInt32BE(0)
    const waiting = this.#waiting.get(correlationId)
    if (!waiting) return
    this.#waiting.delete(correlationId)
    waiting.timer.cancel()
    waiting.resolve(frame)
  }

  /** A broker that does not know our version answers in version 0, whatever was asked. */
  async #askVersions() {
    const [, latest] = ApiVersions.versions
    const frame = await this.#exchange(ApiVersions, latest, SOFTWARE)
    const isRefused =
      frame.length >= CORRELATION_ID_BYTES + 2 &&
      frame.readInt16BE(CORRELATION_ID_BYTES) === ErrorCode.UNSUPPORTED_VERSION
    const answer = isRefused
      ? await this.request(ApiVersions, {}, { version: 0 })
      : decode(ApiVersions.response, latest, frame.subarray(CORRELATION_ID_BYTES))
    return answer.apiKeys
  }

  #exchange<Request extends Fields, Response extends Fields>(
    api: Api<Request, Response>,
    version: number,
    body: Encodable<Request>,
    timeoutMs = this.#options.timeoutMs,
  ): Promise<Buffer> {
    if (this.#failure) return Promise.reject(this.#failure)
    const correlationId = this.#nextId()
    const parts = encodeRequest(api, version, { correlationId, clientId: this.#options.clientId }, body)
    return new Promise((resolve, reject) => {
      const late = () => this.#fail(this.#lateness(api.name, timeoutMs))
      const timer = this.#options.world.clock.after(timeoutMs, late, 'client-request')
      this.#waiting.set(correlationId, { resolve, reject, timer })
      this.#connection!.send(parts)
    })
  }

  #lateness(name: string, timeoutMs: number): ConnectionError {
    const reason = `no answer to ${name} in ${timeoutMs / 1000} s`
    return new ConnectionError(this.address, reason, { code: 'ETIMEDOUT' })
  }

  #nextId(): number {
    this.#correlationId = (this.#correlationId + 1) & 0x7fffffff
    return this.#correlationId
  }

  #fail(error: Error): void {
    if (this.#failure) return
    this.#failure = error
    this.#connection?.destroy()
    for (const { reject, timer } of this.#waiting.values()) {
      timer.cancel()
      reject(error)
    }
    this.#waiting.clear()
  }
}
