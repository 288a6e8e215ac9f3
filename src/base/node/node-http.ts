import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Http, HttpAnswer, Respond } from '../http.ts'
import type { Address, Listener } from '../network.ts'

/**
 * Node's HTTP server, with a bound on everything: connections, header bytes, and the time that a request, an answer or an idle connection
 * may take. Bodies are not read; who sends one is answered and closed. The module is loaded with the first server, because most embedded
 * brokers have none.
 */
export interface NodeHttpLimits {
  readonly connectionsMax: number
  /** For a whole request to arrive. */
  readonly requestMs: number
  /** For a client that takes nothing of its answer, or asks nothing. */
  readonly stalledMs: number
}

const HEADER_BYTES_MAX = 16 << 10
/** Idle connections stay longer than the usual pause between two scrapes. */
const LIMITS: NodeHttpLimits = { connectionsMax: 100, requestMs: 10_000, stalledMs: 75_000 }

export class NodeHttp implements Http {
  readonly #limits: NodeHttpLimits

  constructor(limits: Partial<NodeHttpLimits> = {}) {
    this.#limits = { ...LIMITS, ...limits }
  }

  async serve({ host, port }: Address, respond: Respond): Promise<Listener> {
    const { createServer } = await import('node:http')
    const { connectionsMax, requestMs, stalledMs } = this.#limits
    const server = createServer(
      {
        maxHeaderSize: HEADER_BYTES_MAX,
        headersTimeout: requestMs,
        requestTimeout: requestMs,
        keepAliveTimeout: stalledMs,
        connectionsCheckingInterval: requestMs,
      },
      (request, response) => void answer(request, response, respond),
    )
    server.maxConnections = connectionsMax
    server.setTimeout(stalledMs)
    await listen(server, host, port)
    const bound = server.address()
    if (bound === null || typeof bound === 'string') throw new Error('no address was bound')
    return {
      address: { host: bound.address, port: bound.port },
      close: async () => {
        server.close()
        server.closeAllConnections()
      },
    }
  }
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host: host || undefined, port }, () => {
      // From here on an error is one connection's: it must not end the process.
      server.off('error', reject)
      server.on('error', () => {})
      resolve()
    })
  })
}

async function answer(request: IncomingMessage, response: ServerResponse, respond: Respond): Promise<void> {
  const { method = '', url = '' } = request
  const path = url.split('?', 1)[0]!
  const { status, type, body, headers } = await respondOr500(respond, method, path)
  if (response.destroyed) return
  const bytes = Buffer.from(body)
  const hasBody = 'transfer-encoding' in request.headers || Number(request.headers['content-length'] ?? 0) > 0
  response.writeHead(status, {
    'content-type': type,
    'content-length': bytes.length,
    'cache-control': 'no-store',
    ...(hasBody && { connection: 'close' }),
    ...headers,
  })
  response.end(method === 'HEAD' ? undefined : bytes)
}

async function respondOr500(respond: Respond, method: string, path: string): Promise<HttpAnswer> {
  try {
    return await respond({ method, path })
  } catch {
    return { status: 500, type: 'text/plain; charset=utf-8', body: 'the broker could not answer\n' }
  }
}
