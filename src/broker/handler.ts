import { decodeFrom } from '../protocol/codec.ts'
import { encodeResponse } from '../protocol/header.ts'
import type { Reader } from '../protocol/reader.ts'
import type { AnyApi, Api, Decoded, Encodable, Fields } from '../protocol/schema.ts'
import type { Answering, AnyBody, RequestContext } from './context.ts'

/**
 * What serves one API. The list in `handlers/index.ts` is the only one: ApiVersions, the docs and the tests are read from it.
 */
export interface Handler {
  readonly api: AnyApi
  /** Versions that are advertised. */
  readonly versions: readonly [number, number]
  /** Versions below this one are advertised, because clients take their lack for a sign of something else, but refused. */
  readonly refusedBelow: number
  /** For docs/apis.md: what is special or missing. */
  readonly notes: string
  /** May begin while an earlier request of this kind on the same connection still waits for the disk. */
  readonly overlaps: boolean
  /** Decodes, serves and encodes; null is no answer. */
  serve(reader: Reader, context: RequestContext): Buffer[] | null | Promise<Buffer[] | null>
}

type Served<Response extends Fields> = Encodable<Response> | null | Promise<Encodable<Response> | null>

interface HandlerParts<Request extends Fields, Response extends Fields> {
  versions: readonly [number, number]
  refusedBelow?: number
  notes?: string
  overlaps?: boolean
  handle(request: Decoded<Request>, context: RequestContext): Served<Response>
}

export function handler<Request extends Fields, Response extends Fields>(
  api: Api<Request, Response>,
  parts: HandlerParts<Request, Response>,
): Handler {
  return {
    api,
    versions: parts.versions,
    refusedBelow: parts.refusedBelow ?? parts.versions[0],
    notes: parts.notes ?? '',
    overlaps: parts.overlaps ?? false,
    serve(reader, context) {
      if (context.broker.throttle.countsTime) return serveTimed(api, parts, reader, context)
      const { version, correlationId } = context
      const answer = answerTo(api, parts, decodeFrom(reader, api.request, version), context)
      if (answer instanceof Promise) {
        return answer.then(response => response && encodeResponse(api, version, correlationId, response))
      }
      return answer && encodeResponse(api, version, correlationId, answer)
    },
  }
}

function answerTo<Request extends Fields, Response extends Fields>(
  api: Api<Request, Response>,
  parts: HandlerParts<Request, Response>,
  request: Decoded<Request>,
  context: RequestContext,
): Served<Response> {
  const { interceptor } = context.broker
  if (interceptor === undefined) return parts.handle(request, context)
  const handle = (body: AnyBody) => parts.handle(body as Decoded<Request>, context) as Answering
  return interceptor.serve({ api, request, context, handle }) as Served<Response>
}

/** The same, while the time of requests is limited for somebody: counted is what comes before the handler first waits. */
function serveTimed<Request extends Fields, Response extends Fields>(
  api: Api<Request, Response>,
  parts: HandlerParts<Request, Response>,
  reader: Reader,
  context: RequestContext,
): Buffer[] | null | Promise<Buffer[] | null> {
  const { version, correlationId, broker } = context
  const begun = broker.clock.mono()
  const answer = answerTo(api, parts, decodeFrom(reader, api.request, version), context)
  const busyMs = broker.clock.mono() - begun
  const finish = (response: Encodable<Response> | null) => {
    const throttleTimeMs = broker.throttle.worked(context, busyMs)
    return response && encodeResponse(api, version, correlationId, withThrottleTime(response, throttleTimeMs))
  }
  return answer instanceof Promise ? answer.then(finish) : finish(answer)
}

/** Of several times to wait the longest is told. */
function withThrottleTime<R extends { throttleTimeMs?: unknown }>(response: R, throttleTimeMs: number): R {
  const told = typeof response.throttleTimeMs === 'number' ? response.throttleTimeMs : 0
  return throttleTimeMs > told ? { ...response, throttleTimeMs } : response
}
