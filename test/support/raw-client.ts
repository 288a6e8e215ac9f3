import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { decodeFrom } from '../../src/protocol/codec.ts'
import { FrameAssembler } from '../../src/protocol/frame.ts'
import { encodeRequest, readResponseHeader } from '../../src/protocol/header.ts'
import { Reader } from '../../src/protocol/reader.ts'
import type { AnyApi, Api, Decoded, Encodable, Fields } from '../../src/protocol/schema.ts'

/**
 * A client of one connection for tests: it speaks any API at any version, and can send what no client would.
 */
export class RawClient {
  readonly #socket: Socket
  readonly #waiting = new Map<number, (frame: Buffer) => void>()
  #correlationId = 0
  /** Resolves when the broker has closed the connection. */
  readonly closed: Promise<void>

  private constructor(socket: Socket) {
    this.#socket = socket
    const assembler = new FrameAssembler({
      frameBytesMax: 200 << 20,
      frameBytesMin: 4,
      deliver: frame => {
        const correlationId = frame.readInt32BE(0)
        this.#waiting.get(correlationId)?.(frame)
        this.#waiting.delete(correlationId)
      },
    })
    socket.on('data', (chunk: Buffer) => assembler.push(chunk))
    socket.on('error', () => {})
    this.closed = once(socket, 'close').then(() => {})
  }

  static async connect(port: number, host = '127.0.0.1'): Promise<RawClient> {
    const socket = connect({ host, port, noDelay: true })
    await once(socket, 'connect')
    return new RawClient(socket)
  }

  /** Sends a request and gives its decoded answer; rejects when the broker closes instead. */
  async request<Request extends Fields, Response extends Fields>(
    api: Api<Request, Response>,
    version: number,
    body: Encodable<Request>,
    clientId: string | null = 'test',
  ): Promise<Decoded<Response>> {
    const correlationId = ++this.#correlationId
    const frame = this.#answerTo(correlationId)
    this.send(Buffer.concat(encodeRequest(api, version, { correlationId, clientId }, body)))
    return decodeAnswer(api, version, await frame)
  }

  /** Sends a request that is not answered. */
  tell<Request extends Fields, Response extends Fields>(
    api: Api<Request, Response>,
    version: number,
    body: Encodable<Request>,
  ): void {
    const header = { correlationId: ++this.#correlationId, clientId: 'test' }
    this.send(Buffer.concat(encodeRequest(api, version, header, body)))
  }

  /** Takes nothing of what the broker sends from now on. */
  stopReading(): void {
    this.#socket.pause()
  }

  /** Sends bytes as they are. */
  send(bytes: Buffer): void {
    this.#socket.write(bytes)
  }

  /** The answer's bytes behind its correlation id, for a request sent by hand. */
  async answerBytes(correlationId: number): Promise<Buffer> {
    return (await this.#answerTo(correlationId)).subarray(4)
  }

  async close(): Promise<void> {
    this.#socket.destroy()
    await this.closed
  }

  #answerTo(correlationId: number): Promise<Buffer> {
    const frame = new Promise<Buffer>(resolve => this.#waiting.set(correlationId, resolve))
    const closed = this.closed.then(() => {
      throw new Error('the broker closed the connection')
    })
    return Promise.race([frame, closed])
  }
}

function decodeAnswer<Request extends Fields, Response extends Fields>(
  api: Api<Request, Response>,
  version: number,
  frame: Buffer,
): Decoded<Response> {
  const reader = new Reader(frame)
  readResponseHeader(reader, api as AnyApi, version)
  return decodeFrom(reader, api.response, version)
}
