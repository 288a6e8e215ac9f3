/** What a broker does with frames that no well-behaved client sends, and with what clients probe it by. */
import { expect } from 'vitest'
import type { Endpoint } from '../support/broker.ts'
import { sleep } from '../support/process.ts'
import { apiKey, createTopic, produce } from '../support/requests.ts'
import { suite } from '../support/scenario.ts'
import { Connection, Reader, recordBatch, Writer } from '../support/wire.ts'

async function withConnection<T>(
  { host, port }: Endpoint,
  use: (connection: Connection) => Promise<T>,
): Promise<T> {
  const connection = await Connection.open(host, port)
  return use(connection).finally(() => connection.close())
}

/** `closed`, or the answer in hex; a broker that does neither within the time is `silent`. */
async function outcome(endpoint: Endpoint, bytes: Buffer): Promise<string> {
  return withConnection(endpoint, async connection => {
    connection.send(bytes)
    const answer = connection.nextFrame().then(
      frame => frame.toString('hex'),
      () => 'closed',
    )
    return Promise.race([answer, sleep(3_000).then(() => 'silent')])
  })
}

const header = (key: number, version: number, correlationId = 7) =>
  new Writer().int16(key).int16(version).int32(correlationId).string('raw')

const framed = (writer: Writer) => {
  const body = writer.done()
  return new Writer().int32(body.length).raw(body).done()
}

/** The APIs that a producer, a consumer, a group and an administrator need; the others come later. */
const servedApis = [0, 1, 2, 3, 8, 9, 10, 11, 12, 13, 14, 15, 16, 18, 19, 20, 21, 22, 23, 32, 37, 42, 60]

interface Range {
  key: number
  min: number
  max: number
}

function readRanges(answer: Reader, isFlexible: boolean): Range[] {
  const readRange = () => {
    const range = { key: answer.int16(), min: answer.int16(), max: answer.int16() }
    if (isFlexible) answer.uvarint()
    return range
  }
  return isFlexible ? Array.from({ length: answer.uvarint() - 1 }, readRange) : answer.array(readRange)
}

async function apiVersions(
  endpoint: Endpoint,
  version: number,
): Promise<{ errorCode: number; ranges: Range[] }> {
  return withConnection(endpoint, async connection => {
    const isFlexible = version >= 3
    const request = header(apiKey.apiVersions, version)
    if (isFlexible) request.uvarint(0).compactString('raw').compactString('1.0').uvarint(0)
    connection.sendFrame(request.done())
    // The header of this answer has no tagged fields in any version, so that any client can read it.
    const answer = new Reader(await connection.nextFrame())
    expect(answer.int32()).toBe(7)
    return { errorCode: answer.int16(), ranges: readRanges(answer, isFlexible && version <= 4) }
  })
}

suite('raw frames', scenario => {
  scenario('offers the same versions of each API', async scene => {
    const answers: Record<string, unknown> = {}
    for (const version of [0, 1, 2, 3, 4]) {
      const { errorCode, ranges } = await apiVersions(scene, version)
      const served = ranges.filter(({ key }) => servedApis.includes(key)).sort((a, b) => a.key - b.key)
      answers[`v${version}`] = { errorCode, served }
    }
    return answers
  })

  scenario('answers an ApiVersions request from the future in version 0 with an error', async scene => {
    const { errorCode, ranges } = await apiVersions({ ...scene }, 127)
    return { errorCode, itself: ranges.find(({ key }) => key === apiKey.apiVersions) }
  })

  scenario('refuses old versions of Produce that it offers', async scene => {
    const answers: Record<string, string> = {}
    for (const version of [0, 1, 2]) {
      const body = header(apiKey.produce, version).int16(-1).int32(1_000).int32(0)
      answers[`v${version}`] = await outcome(scene, framed(body))
    }
    return answers
  })

  scenario('closes on what it cannot understand', async scene => ({
    unknownApi: await outcome(scene, framed(header(9_999, 0))),
    unknownVersion: await outcome(scene, framed(header(apiKey.metadata, 99))),
    negativeVersion: await outcome(scene, framed(header(apiKey.metadata, -1))),
    negativeLength: await outcome(scene, new Writer().int32(-1).done()),
    hugeLength: await outcome(scene, new Writer().int32(0x7fffffff).raw(Buffer.alloc(100)).done()),
    http: await outcome(scene, Buffer.from('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')),
    tls: await outcome(scene, Buffer.from('160301020001000200030301000102030405060708090a0b0c0d0e0f', 'hex')),
    shortHeader: await outcome(scene, framed(new Writer().int16(3))),
    countBeyondFrame: await outcome(scene, framed(header(apiKey.metadata, 1).int32(1_000_000))),
    negativeString: await outcome(scene, framed(header(apiKey.findCoordinator, 0).int16(-2))),
    interBrokerApi: await outcome(scene, framed(header(4, 7))),
  }))

  scenario('answers a request that comes byte by byte', async scene =>
    withConnection(scene, async connection => {
      for (const byte of framed(header(apiKey.apiVersions, 0))) {
        connection.send(Buffer.from([byte]))
        await sleep(1)
      }
      const answer = new Reader(await connection.nextFrame())
      return { correlationId: answer.int32(), errorCode: answer.int16() }
    }),
  )

  scenario('answers requests that come together, in their order', async scene =>
    withConnection(scene, async connection => {
      const topic = scene.name()
      await createTopic(connection, topic, 1)
      const target = { topic, partition: 0 }
      // The connection itself holds each answer against the request whose turn it is.
      const asked: Promise<unknown>[] = []
      for (let index = 0; index < 20; index++) {
        asked.push(produce(connection, target, recordBatch([{ value: Buffer.from(`${index}`) }])))
        const versions = connection.request(apiKey.apiVersions, 0, Buffer.alloc(0))
        asked.push(versions.then(answer => answer.int16()))
      }
      return Promise.all(asked)
    }),
  )

  scenario('takes a request without a client id', async scene =>
    withConnection(scene, async connection => {
      connection.sendFrame(new Writer().int16(apiKey.apiVersions).int16(0).int32(1).string(null).done())
      const answer = new Reader(await connection.nextFrame())
      return { correlationId: answer.int32(), errorCode: answer.int16() }
    }),
  )

  scenario('names topics that do not exist and cannot exist', async scene =>
    withConnection(scene, async connection => {
      const ask = async (topic: string, mayCreate: boolean) => {
        const body = new Writer()
          .int32(1)
          .string(topic)
          .int8(mayCreate ? 1 : 0)
        const answer = await connection.request(apiKey.metadata, 4, body.done())
        answer.int32()
        answer.array(() => [answer.int32(), answer.string(), answer.int32(), answer.string()])
        answer.string()
        answer.int32()
        answer.int32()
        return answer.int16()
      }
      return {
        unknown: await ask(scene.name('unknown'), false),
        slash: await ask('a/b', true),
        slashLookedUp: await ask('a/b', false),
        dots: await ask('..', true),
        empty: await ask('', true),
        long: await ask('x'.repeat(250), true),
        zero: await ask('a\0b', true),
      }
    }),
  )
})
