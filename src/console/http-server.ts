import { hasCode } from '../base/disk.ts'
import type { Http } from '../base/http.ts'
import type { Logger } from '../base/logger.ts'
import type { Address, Listener } from '../base/network.ts'
import type { Config } from '../broker/config.ts'
import { bindHosts, isLoopback } from '../broker/config-listeners.ts'
import { route, type Sources } from './routes.ts'

/**
 * The HTTP side of a broker, where `loggerhead.http.host` and `loggerhead.http.port` say. Everybody who can reach it may read it, so it is
 * on the loopback addresses unless told otherwise.
 */
/** It cannot listen where it should; the message says what to do. */
export class HttpServerError extends Error {
  override name = 'HttpServerError'
}

export interface HttpServer {
  /** Empty when `loggerhead.http.port` is −1, or is not set and taken. */
  readonly addresses: readonly Address[]
  close(): Promise<void>
}

export async function openHttpServer(
  { config, http, logger }: { config: Config; http: Http; logger: Logger },
  sources: Sources,
): Promise<HttpServer> {
  const host = config.value('loggerhead.http.host')
  const listeners: Listener[] = []
  const close = async () => {
    await Promise.all(listeners.map(listener => listener.close()))
  }
  let port = config.value('loggerhead.http.port')
  if (port < 0) return { addresses: [], close }
  let failure: unknown
  for (const address of bindHosts(host)) {
    try {
      const listener = await http.serve({ host: address, port }, request => route(request, sources))
      listeners.push(listener)
      port = listener.address.port
    } catch (error) {
      failure = error
      // `localhost` means both loopbacks, and a machine may lack one; anything else in the way is an error.
      if (hasCode(error, 'EADDRINUSE')) break
    }
  }
  if (listeners.length === 0 || hasCode(failure, 'EADDRINUSE')) {
    await close()
    const problem = problemOf(failure, host, port)
    // Nobody asked for this port: a second broker on the machine starts all the same.
    if (!hasCode(failure, 'EADDRINUSE') || config.isGiven('loggerhead.http.port'))
      throw new HttpServerError(problem)
    logger.warn({ event: 'http-port-taken', port }, `no health and metrics over HTTP: ${problem}`)
    return { addresses: [], close: async () => {} }
  }
  if (!isLoopback(host)) {
    const text = `health and metrics on port ${port} are open to everyone who can reach it: there is no login`
    logger.info({ event: 'http-open', host, port }, text)
  }
  return { addresses: listeners.map(({ address }) => address), close }
}

function problemOf(error: unknown, host: string, port: number): string {
  if (hasCode(error, 'EADDRINUSE')) {
    return `loggerhead.http.port=${port} is taken: stop what listens there, or choose another port, 0 for any, or -1 for none`
  }
  const reason = error instanceof Error ? error.message : String(error)
  return `loggerhead.http.host=${host} with loggerhead.http.port=${port} cannot be listened on (${reason}): choose others, or port -1 for none`
}
