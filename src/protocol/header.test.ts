import { expect, test } from 'vitest'
import { decode, encode } from './codec.ts'
import {
  encodeRequest,
  encodeResponse,
  RequestHeader,
  ResponseHeader,
  readRequestHeader,
  readResponseHeader,
} from './header.ts'
import { ApiVersions, Metadata, Produce } from './messages/index.ts'
import { Reader } from './reader.ts'

const flexibleSince: number[] = []
for (const api of [ApiVersions, Metadata, Produce]) flexibleSince[api.key] = api.flexibleSince

const header = (key: number, version: number, clientId: string | null = 'me', form: 1 | 2 = 1) =>
  encode(RequestHeader, form, {
    requestApiKey: key,
    requestApiVersion: version,
    correlationId: 77,
    clientId,
  })

test('a request header has tagged fields where the body is flexible', () => {
  for (const [version, form] of [
    [8, 1],
    [9, 2],
  ] as const) {
    const reader = new Reader(header(Metadata.key, version, 'me', form))
    expect(readRequestHeader(reader, flexibleSince)).toEqual({
      apiKey: 3,
      apiVersion: version,
      correlationId: 77,
      clientId: 'me',
    })
    expect(reader.remaining).toBe(0)
  }
})

test('the header of an unknown API or version is read far enough to refuse it', () => {
  expect(readRequestHeader(new Reader(header(999, 3, null)), flexibleSince)).toMatchObject({
    apiKey: 999,
    clientId: null,
  })
  const newer = new Reader(header(ApiVersions.key, 99, 'me', 2))
  expect(readRequestHeader(newer, flexibleSince)).toMatchObject({ apiVersion: 99, clientId: 'me' })
})

test('a response header has tagged fields where the body is flexible, but never in ApiVersions', () => {
  const metadata = { brokers: [], topics: [] }
  for (const [version, form] of [
    [8, 0],
    [9, 1],
  ] as const) {
    const [frame] = encodeResponse(Metadata, version, 77, metadata)
    const body = encode(Metadata.response, version, metadata)
    expect(frame!.readUInt32BE()).toBe(frame!.length - 4)
    const front = frame!.subarray(4, frame!.length - body.length)
    expect(decode(ResponseHeader, form, front)).toEqual({ correlationId: 77 })
    const reader = new Reader(frame!, 4)
    expect(readResponseHeader(reader, Metadata, version)).toBe(77)
    expect(reader.remaining).toBe(body.length)
  }
  const [frame] = encodeResponse(ApiVersions, 4, 77, { errorCode: 0, apiKeys: [] })
  expect(frame!.subarray(4, 10).toString('hex')).toBe('0000004d0000')
  expect(readResponseHeader(new Reader(frame!, 4), ApiVersions, 4)).toBe(77)
})

test('a request that we encode is read back', () => {
  const request = { acks: -1, timeoutMs: 5, topicData: [] }
  for (const version of [3, 13]) {
    const frame = Buffer.concat(
      encodeRequest(Produce, version, { correlationId: 1, clientId: 'me' }, request),
    )
    const reader = new Reader(frame, 4)
    expect(readRequestHeader(reader, flexibleSince)).toEqual({
      apiKey: 0,
      apiVersion: version,
      correlationId: 1,
      clientId: 'me',
    })
    const body = frame.subarray(reader.position)
    expect(decode(Produce.request, version, body)).toEqual({ transactionalId: null, ...request })
  }
})
