import { expect, test } from 'vitest'
import { startLiveBroker } from '../../../test/support/live-broker.ts'
import { decodeFrom } from '../../protocol/codec.ts'
import { ErrorCode } from '../../protocol/errors.ts'
import { ApiVersions } from '../../protocol/messages/api-versions.ts'
import { apis } from '../../protocol/messages/index.ts'
import { Reader } from '../../protocol/reader.ts'
import { handlers } from './index.ts'

test('tells what is served, in every version', async () => {
  const { client } = await startLiveBroker()
  for (let version = 0; version <= 4; version++) {
    const body = { clientSoftwareName: 'test', clientSoftwareVersion: '1.0' }
    const answer = await client.request(ApiVersions, version, body)
    expect(answer.errorCode).toBe(0)
    expect(answer.apiKeys).toHaveLength(handlers.length)
    expect(answer.apiKeys.find(one => one.apiKey === 0)).toEqual({ apiKey: 0, minVersion: 0, maxVersion: 13 })
  }
})

test('serves every advertised API at every version that Kafka 4.3 accepts', () => {
  for (const { api, versions } of handlers) {
    const [first, last] = apis.find(one => one.key === api.key)!.versions
    const newest = api.name === 'InitProducerId' ? 5 : last // 6 is not stable in 4.3
    expect([api.name, versions[1]]).toEqual([api.name, newest])
    expect(versions[0]).toBe(api.name === 'Produce' ? 0 : first)
  }
})

test('answers a version from the future in version 0, with error 35 and what is served', async () => {
  const { client } = await startLiveBroker()
  // Header version 2 as a newer client sends it: key 18, version 127, correlation id 5, client id "c", no tags, a body nobody knows.
  const frame = Buffer.from('00000000' + '0012' + '007f' + '00000005' + '000163' + '00' + 'cafe', 'hex')
  frame.writeInt32BE(frame.length - 4, 0)
  const bytes = client.answerBytes(5)
  client.send(frame)
  const answer = decodeFrom(new Reader(await bytes), ApiVersions.response, 0)
  expect(answer.errorCode).toBe(ErrorCode.UNSUPPORTED_VERSION)
  expect(answer.apiKeys).toHaveLength(handlers.length)
})

test('never has tagged fields in the header of its answer', async () => {
  const { client } = await startLiveBroker()
  const body = Buffer.from(`05${Buffer.from('test').toString('hex')}023100`, 'hex')
  const header = Buffer.from('0012' + '0003' + '00000009' + '0000' + '00', 'hex')
  const size = Buffer.alloc(4)
  size.writeInt32BE(header.length + body.length)
  const answer = client.answerBytes(9)
  client.send(Buffer.concat([size, header, body]))
  // The error code follows the correlation id at once.
  expect((await answer).readInt16BE(0)).toBe(ErrorCode.NONE)
})

test('refuses a client without a proper name', async () => {
  const { client } = await startLiveBroker()
  const answer = await client.request(ApiVersions, 3, {
    clientSoftwareName: 'a\r\nb',
    clientSoftwareVersion: '1',
  })
  expect(answer.errorCode).toBe(ErrorCode.INVALID_REQUEST)
})
