/**
 * What stands in front of a body, and whole frames made of both.
 *
 * A request header is version 2 (tagged fields) where the body is flexible, else version 1; its client id is never compact,
 * so that it can be read before the version is judged. A response header is version 1 where the body is flexible, else 0,
 * with one exception: ApiVersions always answers with version 0, because the client does not know yet what we speak.
 */
import { encoderOf } from './codec.ts'
import type { Reader } from './reader.ts'
import {
  type AnyApi,
  type Api,
  type Encodable,
  type Fields,
  int16,
  int32,
  message,
  string,
} from './schema.ts'
import { Writer } from './writer.ts'

/** The schemas, for tools and tests; the functions below do the same by hand. */
export const RequestHeader = message('RequestHeader', {
  versions: [1, 2],
  flexibleSince: 2,
  fields: {
    requestApiKey: int16,
    requestApiVersion: int16,
    correlationId: int32,
    clientId: string.nullable().neverCompact(),
  },
})

export const ResponseHeader = message('ResponseHeader', {
  versions: [0, 1],
  flexibleSince: 1,
  fields: { correlationId: int32 },
})

export interface ReceivedHeader {
  apiKey: number
  apiVersion: number
  correlationId: number
  clientId: string | null
}

const API_VERSIONS = 18

/**
 * Reads a request's header and leaves the reader at the body. `flexibleSince` gives the first flexible version by API key;
 * of a key that it lacks the header is read up to the client id, which is enough to refuse it.
 */
export function readRequestHeader(
  reader: Reader,
  flexibleSince: readonly (number | undefined)[],
): ReceivedHeader {
  const apiKey = reader.int16('header requestApiKey')
  const apiVersion = reader.int16('header requestApiVersion')
  const correlationId = reader.int32('header correlationId')
  const clientId = reader.nullableString('header clientId')
  if (apiVersion >= (flexibleSince[apiKey] ?? Infinity)) reader.skipTags('header')
  return { apiKey, apiVersion, correlationId, clientId }
}

/** Reads the header of a response to this API and gives its correlation id. */
export function readResponseHeader(reader: Reader, api: AnyApi, version: number): number {
  const correlationId = reader.int32('header correlationId')
  if (hasTags(api, version)) reader.skipTags('header')
  return correlationId
}

/** A whole response with its size in front, ready to be sent. */
export function encodeResponse<Request extends Fields, Response extends Fields>(
  api: Api<Request, Response>,
  version: number,
  correlationId: number,
  response: Encodable<Response>,
): Buffer[] {
  const encode = encoderOf(api.response, version)
  const writer = new Writer(true)
  writer.int32(correlationId)
  if (hasTags(api, version)) writer.unsignedVarint(0)
  encode(writer, response)
  return writer.finish()
}

/** A whole request with its size in front, ready to be sent. */
export function encodeRequest<Request extends Fields, Response extends Fields>(
  api: Api<Request, Response>,
  version: number,
  header: { correlationId: number; clientId: string | null },
  request: Encodable<Request>,
): Buffer[] {
  const encode = encoderOf(api.request, version)
  const writer = new Writer(true)
  writer.int16(api.key)
  writer.int16(version)
  writer.int32(header.correlationId)
  writer.nullableString(header.clientId)
  if (version >= api.flexibleSince) writer.unsignedVarint(0)
  encode(writer, request)
  return writer.finish()
}

function hasTags(api: { key: number; flexibleSince: number }, version: number): boolean {
  return version >= api.flexibleSince && api.key !== API_VERSIONS
}
