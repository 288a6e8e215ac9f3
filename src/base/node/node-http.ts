import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Http, HttpAnswer, Respond } from '../http.ts'
import type { Address, Listener } from '../network.ts'

/**
 * Node's HTTP server, with a bound on everything: connections, header bytes, and the time that a request, an answer or an idle connection
 * may take. Bodies are not read; who sends one is answered and closed. The module is loaded with the first server, because most embedded
 * brokers have none.
 */
const CONNECTIONS_MAX = 100
const HEADER_BYTES_MAX = 16 << 10
/** For a whole request, and for a client that takes nothing of its answer. */
const REQUEST_MS = 10_000
const STALLED_MS = 30_000
/** Longer than the usual pause between two scrapes. */
const IDLE_MS = 75_000

export class NodeHttp implements Http {
  async serve({ host, port }: Address, respond: Respond): Promise<Listener> {
    const { createServer } = await import('node:http')
    const server = createServer(
      {
        maxHeaderSize: HEADER_BYTES_MAX,
        headersTimeout: REQUEST_MS,
        requestTimeout: REQUEST_MS,
        keepAliveTimeout: IDLE_MS,
        connectionsCheckingInterval: REQUEST_MS,
      },
      (request, response) => void answer(request, response, respond),
    )
    server.maxConnections = CONNECTIONS_MAX
    server.setTimeout(STALLED_MS)
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
