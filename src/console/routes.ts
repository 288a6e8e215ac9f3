import type { HttpAnswer, HttpRequest } from '../base/http.ts'
import type { HealthCheck } from '../broker/health.ts'

/**
 * What is answered over HTTP:
 *
 *   /health/live    200 while the process can go on; 503 when only a restart helps
 *   /health/ready   200 when clients are served as they should be; 503 with the reasons when not
 *   /metrics        all metrics, in the text format of Prometheus
 */
export interface HealthReport {
  /** In one word, for people: starting, ready, not ready, stopping, failed. */
  readonly status: string
  readonly isLive: boolean
  readonly isReady: boolean
  readonly checks: readonly HealthCheck[]
}

export interface Sources {
  health(): HealthReport
  /** Undefined while there is nothing to measure. */
  metrics(): Promise<string> | undefined
}

const PATHS = ['/health/live', '/health/ready', '/metrics'] as const
const PROMETHEUS_TEXT = 'text/plain; version=0.0.4; charset=utf-8'

export async function route({ method, path }: HttpRequest, sources: Sources): Promise<HttpAnswer> {
  if (!(PATHS as readonly string[]).includes(path)) return json(404, { error: 'not found', paths: PATHS })
  if (method !== 'GET' && method !== 'HEAD') {
    return { ...json(405, { error: `${path} is read with GET` }), headers: { allow: 'GET, HEAD' } }
  }
  if (path === '/metrics') {
    const text = await sources.metrics()
    return text === undefined
      ? json(503, { error: 'the broker is starting' })
      : { status: 200, type: PROMETHEUS_TEXT, body: text }
  }
  const { status, isLive, isReady, checks } = sources.health()
  const ok = path === '/health/live' ? isLive : isReady
  return json(ok ? 200 : 503, path === '/health/live' ? { status } : { status, checks })
}

function json(status: number, body: object): HttpAnswer {
  return { status, type: 'application/json; charset=utf-8', body: `${JSON.stringify(body)}\n` }
}
