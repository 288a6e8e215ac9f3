import { decodeFrom } from '../protocol/codec.ts'
import { encodeResponse } from '../protocol/header.ts'
import type { Reader } from '../protocol/reader.ts'
import type { AnyApi, Api, Decoded, Encodable, Fields } from '../protocol/schema.ts'
import type { RequestContext } from './context.ts'

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
      const { version, correlationId } = context
      const request = decodeFrom(reader, api.request, version)
      const answer = parts.handle(request, context)
      if (answer instanceof Promise) {
        return answer.then(response => response && encodeResponse(api, version, correlationId, response))
      }
      return answer && encodeResponse(api, version, correlationId, answer)
    },
  }
}
