/**
 * HTTP, handed in: questions without a body, answered with a text. `base/node/node-http` is the real one.
 */
import type { Address, Listener } from './network.ts'

export interface HttpRequest {
  readonly method: string
  /** Without the query. */
  readonly path: string
}

export interface HttpAnswer {
  readonly status: number
  /** The content type. */
  readonly type: string
  readonly body: string
  readonly headers?: Readonly<Record<string, string>>
}

/** What answers; it may reject, which is answered with 500. */
export type Respond = (request: HttpRequest) => HttpAnswer | Promise<HttpAnswer>

export interface Http {
  /** Rejects when the address cannot be bound. Closing it ends open connections too. */
  serve(address: Address, respond: Respond): Promise<Listener>
}
